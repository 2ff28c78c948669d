"""Leads, contacts and companies as they are read and written."""

import pytest

NOW = 1_790_000_000


def test_lead_has_the_fields_of_amocrm(api):
    lead = api.get("/leads?limit=1")["_embedded"]["leads"][0]
    assert lead.keys() == {
        "id", "name", "price", "price_with_minor_units", "responsible_user_id", "group_id", "status_id",
        "pipeline_id", "loss_reason_id", "created_by", "updated_by", "created_at", "updated_at", "closed_at",
        "closest_task_at", "is_deleted", "custom_fields_values", "score", "account_id", "labor_cost",
        "is_price_computed", "_links", "_embedded",
    }  # fmt: skip


def test_tags_and_companies_are_always_embedded_contacts_only_on_request(api):
    lead_id = api.lead(_embedded={"contacts": [{"id": api.contact()}]})
    assert api.get(f"/leads/{lead_id}")["_embedded"].keys() == {"tags", "companies"}
    assert "contacts" in api.get(f"/leads/{lead_id}?with=contacts")["_embedded"]
    assert "contacts" in api.items("/leads?with=loss_reason,contacts", "leads")[0]["_embedded"]


def test_loss_reason_is_a_list_of_one_or_none(box, api, stage):
    reason = next(iter(box.store.loss_reasons))
    lost = api.lead(status_id=143, loss_reason_id=reason)
    shown = api.get(f"/leads/{lost}?with=loss_reason")["_embedded"]["loss_reason"]
    assert [entry["id"] for entry in shown] == [reason]
    assert api.get(f"/leads/{api.lead()}?with=loss_reason")["_embedded"]["loss_reason"] == []


@pytest.mark.parametrize("extra", ["source_id", "is_price_modified_by_robot"])
def test_some_columns_come_only_on_request(api, extra):
    lead_id = api.lead()
    assert extra not in api.get(f"/leads/{lead_id}")
    assert extra in api.get(f"/leads/{lead_id}?with={extra}")


def test_contact_embeds_only_ids_of_its_leads(api):
    contact_id = api.contact()
    lead_id = api.lead(_embedded={"contacts": [{"id": contact_id}]})
    assert "leads" not in api.get(f"/contacts/{contact_id}")["_embedded"]
    [lead] = api.get(f"/contacts/{contact_id}?with=leads")["_embedded"]["leads"]
    assert (lead["id"], lead.keys()) == (lead_id, {"id", "_links"})


def test_created_rows_are_answered_by_id_and_request_id(api):
    status, body = api.post("/leads", [{"name": "А", "request_id": "мой"}, {"name": "Б"}])
    made = body["_embedded"]["leads"]
    assert status == 200
    assert [row["request_id"] for row in made] == ["мой", "1"]
    assert made[0].keys() == {"id", "request_id", "_links"}


def test_batch_change_answers_with_times_and_single_change_at_the_root(api):
    lead_id, contact_id = api.lead(), api.contact()
    _, batch = api.patch("/leads", [{"id": lead_id, "price": 5}])
    assert batch["_embedded"]["leads"][0].keys() == {"id", "updated_at", "request_id", "_links"}
    _, single = api.patch(f"/leads/{lead_id}", {"price": 6, "id": lead_id, "request_id": "x"})
    assert single.keys() == {"id", "updated_at", "_links"}
    assert api.patch(f"/contacts/{contact_id}", {"name": "Яна"})[1]["name"] == "Яна"


def test_single_change_can_be_told_to_answer_wrapped(box, api):
    box.flags.wrap_single_patch = True
    assert api.patch(f"/leads/{api.lead()}", {"price": 6})[1]["_embedded"]["leads"]


def test_missing_keys_stay_and_nulls_clear(api):
    lead_id = api.lead(price=100)
    api.patch(f"/leads/{lead_id}", {"name": "Баня"})
    assert api.get(f"/leads/{lead_id}")["price"] == 100
    api.patch(f"/leads/{lead_id}", {"price": None})
    assert api.get(f"/leads/{lead_id}")["price"] is None


def test_price_keeps_its_fraction_beside_the_whole_roubles(api):
    lead = api.get(f"/leads/{api.lead(price=10.5)}")
    assert (lead["price"], lead["price_with_minor_units"]) == (10, 10.5)


def test_write_stamps_the_second_and_the_token_user(box, api, manager):
    lead_id = api.lead()
    box.clock.now += 60.9
    manager.patch(f"/leads/{lead_id}", {"price": 1})
    lead, owner = api.get(f"/leads/{lead_id}"), manager.get("/account")["current_user_id"]
    assert (lead["updated_at"], lead["created_at"]) == (NOW + 60, NOW)
    assert (lead["updated_by"], lead["created_by"]) == (owner, api.get("/account")["current_user_id"])


def test_imports_may_set_their_own_times_and_authors(api):
    lead = api.get(f"/leads/{api.lead(created_at=1_600_000_000, created_by=0, status_id=142, closed_at=1_600_000_900)}")
    assert (lead["created_at"], lead["created_by"], lead["closed_at"]) == (1_600_000_000, 0, 1_600_000_900)


def test_lead_without_a_stage_starts_at_the_first_one_of_the_main_pipeline(api, stage):
    lead = api.get(f"/leads/{api.lead()}")
    assert (lead["pipeline_id"], lead["status_id"]) == (stage[None], stage["Расчёт с сайта"])


def test_other_pipeline_without_a_stage_starts_at_its_first(box, api):
    other = next(p for p in box.store.pipelines.values() if not p.is_main)
    lead_id = api.lead()
    api.patch(f"/leads/{lead_id}", {"pipeline_id": other.id})
    assert api.get(f"/leads/{lead_id}")["status_id"] == other.first_stage().id


def test_closing_sets_the_date_and_reopening_clears_date_and_reason(box, api, stage):
    lead_id = api.lead()
    api.patch(f"/leads/{lead_id}", {"status_id": 143, "loss_reason_id": next(iter(box.store.loss_reasons))})
    assert api.get(f"/leads/{lead_id}")["closed_at"] == NOW
    api.patch(f"/leads/{lead_id}", {"status_id": stage["Первичный контакт"]})
    lead = api.get(f"/leads/{lead_id}")
    assert (lead["closed_at"], lead["loss_reason_id"]) == (None, None)


def test_won_and_lost_mean_the_own_pipeline_of_the_lead(box, api):
    other = next(p for p in box.store.pipelines.values() if not p.is_main)
    lead_id = api.lead(pipeline_id=other.id)
    api.patch(f"/leads/{lead_id}", {"status_id": 142})
    assert api.get(f"/leads/{lead_id}")["pipeline_id"] == other.id


@pytest.mark.parametrize(
    ("sent", "name", "first", "last"),
    [
        ({"name": "Анна Белова"}, "Анна Белова", "", ""),
        ({"name": None, "first_name": "Анна", "last_name": "Белова"}, "Анна Белова", "Анна", "Белова"),
        ({"name": "Фирма", "first_name": "Анна"}, "Фирма", "Анна", ""),
    ],
)
def test_contact_name_is_composed_only_when_it_is_not_given(api, sent, name, first, last):
    contact = api.get(f"/contacts/{api.contact(**sent)}")
    assert (contact["name"], contact["first_name"], contact["last_name"]) == (name, first, last)


def test_new_contacts_are_never_merged(api):
    assert api.contact(name="Анна") != api.contact(name="Анна")


def test_new_lead_is_linked_to_contacts_and_company(api):
    one, two, company = api.contact(), api.contact(), api.company()
    lead_id = api.lead(
        _embedded={"contacts": [{"id": one}, {"id": two, "is_main": True}], "companies": [{"id": company}]}
    )
    embedded = api.get(f"/leads/{lead_id}?with=contacts")["_embedded"]
    assert {entry["id"]: entry["is_main"] for entry in embedded["contacts"]} == {one: False, two: True}
    assert [entry["id"] for entry in embedded["companies"]] == [company]


def test_change_does_not_touch_links(api):
    contact_id, other = api.contact(), api.contact()
    lead_id = api.lead(_embedded={"contacts": [{"id": contact_id}]})
    api.patch(f"/leads/{lead_id}", {"_embedded": {"contacts": [{"id": other}]}})
    assert [c["id"] for c in api.get(f"/leads/{lead_id}?with=contacts")["_embedded"]["contacts"]] == [contact_id]


def test_trash_shows_bare_rows_and_the_flag_only_for_leads(api):
    lead_id, contact_id = api.lead(), api.contact()
    for kind, entity_id in (("leads", lead_id), ("contacts", contact_id)):
        api("POST", "/__sandbox__/edit", {"action": "delete", "entity": kind, "id": entity_id})
        assert api.raw("GET", f"/{kind}/{entity_id}").status == 204
        assert api.raw("GET", f"/{kind}?filter[id][]={entity_id}").status == 204
        [row] = api.items(f"/{kind}?with=only_deleted&filter[id][]={entity_id}", kind)
        filled = {name for name, value in row.items() if value is not None and not name.startswith("_")}
        assert filled == {"id", "updated_at", "updated_by", "account_id", "is_deleted"}
        assert row["is_deleted"] is (kind == "leads")


def test_contacts_of_a_lead_do_not_name_a_trashed_one(api):
    main, other = api.contact(), api.contact()
    lead_id = api.lead(_embedded={"contacts": [{"id": main, "is_main": True}, {"id": other}]})
    api("POST", "/__sandbox__/edit", {"action": "delete", "entity": "contacts", "id": main})
    [left] = api.get(f"/leads/{lead_id}?with=contacts")["_embedded"]["contacts"]
    assert (left["id"], left["is_main"]) == (other, True)
