"""Links between leads, contacts and companies."""

import pytest


def seen(api, kind, entity_id):
    return [(link["to_entity_type"], link["to_entity_id"]) for link in api.items(f"/{kind}/{entity_id}/links", "links")]


def test_link_is_seen_from_both_sides_and_undone(api):
    lead_id, contact_id = api.lead(), api.contact()
    body = [{"to_entity_id": contact_id, "to_entity_type": "contacts", "metadata": {"is_main": True}}]
    status, echo = api.post(f"/leads/{lead_id}/link", body)
    assert status == 200
    assert echo["_embedded"]["links"] == [{
        "entity_id": lead_id, "entity_type": "leads", "to_entity_id": contact_id, "to_entity_type": "contacts",
        "metadata": {"main_contact": True},
    }]  # fmt: skip
    assert seen(api, "leads", lead_id) == [("contacts", contact_id)]
    assert seen(api, "contacts", contact_id) == [("leads", lead_id)]
    assert api.post(f"/leads/{lead_id}/unlink", body) == (204, None)
    assert seen(api, "contacts", contact_id) == []


def test_contact_can_be_linked_to_a_lead(api):
    lead_id, contact_id = api.lead(), api.contact()
    api.post(f"/contacts/{contact_id}/link", [{"to_entity_id": lead_id, "to_entity_type": "leads"}])
    assert seen(api, "leads", lead_id) == [("contacts", contact_id)]


def test_unlinking_the_main_contact_promotes_another(api):
    one, two = api.contact(), api.contact()
    lead_id = api.lead(_embedded={"contacts": [{"id": one, "is_main": True}, {"id": two}]})
    api.post(f"/leads/{lead_id}/unlink", [{"to_entity_id": one, "to_entity_type": "contacts"}])
    [link] = api.items(f"/leads/{lead_id}/links", "links")
    assert (link["to_entity_id"], link["metadata"]) == (two, {"main_contact": True})


def test_second_company_replaces_the_first(api):
    lead_id, one, two = api.lead(), api.company(), api.company()
    for company in (one, two):
        api.post(f"/leads/{lead_id}/link", [{"to_entity_id": company, "to_entity_type": "companies"}])
    assert seen(api, "leads", lead_id) == [("companies", two)]
    assert seen(api, "companies", one) == []


def test_links_of_many(api):
    contact_id = api.contact()
    leads = [api.lead() for _ in range(3)]
    body = [{"entity_id": lead, "to_entity_id": contact_id, "to_entity_type": "contacts"} for lead in leads[:2]]
    assert api.post("/leads/link", body)[0] == 200
    query = "&".join(f"filter[entity_id][]={lead}" for lead in leads)
    assert [link["entity_id"] for link in api.items(f"/leads/links?{query}", "links")] == leads[:2]
    assert api.post("/leads/unlink", body)[0] == 204
    assert api.items(f"/leads/links?{query}", "links") == []


@pytest.mark.parametrize(
    ("item", "path"),
    [
        ({"to_entity_id": 7, "to_entity_type": "contacts"}, "to_entity_id"),
        ({"to_entity_id": 7, "to_entity_type": "leads"}, "to_entity_type"),
        ({"to_entity_id": 7, "to_entity_type": "users"}, "to_entity_type"),
    ],
)
def test_impossible_link_is_refused(api, item, path):
    status, body = api.post(f"/leads/{api.lead()}/link", [item])
    assert (status, body["validation-errors"][0]["errors"][0]["path"]) == (400, path)
