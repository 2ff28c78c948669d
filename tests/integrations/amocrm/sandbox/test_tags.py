"""Tags: a dictionary per kind, and the four ways to put them on an entity."""

import pytest


def tags_of(api, lead_id):
    return [tag["name"] for tag in api.get(f"/leads/{lead_id}")["_embedded"]["tags"]]


def test_posting_a_known_name_gives_its_id_back(api):
    _, one = api.post("/leads/tags", [{"name": "vip"}, {"name": "новый", "request_id": "x"}])
    _, two = api.post("/leads/tags", [{"name": "vip"}])
    assert one["_total_items"] == 2
    assert one["_embedded"]["tags"][0]["id"] == two["_embedded"]["tags"][0]["id"]
    assert one["_embedded"]["tags"][1]["request_id"] == "x"


def test_dictionaries_are_apart(api):
    lead_tag = api.post("/leads/tags", [{"name": "vip"}])[1]["_embedded"]["tags"][0]["id"]
    contact_tag = api.post("/contacts/tags", [{"name": "vip"}])[1]["_embedded"]["tags"][0]["id"]
    assert lead_tag != contact_tag
    assert api.items("/contacts/tags?filter[name]=vip", "tags") == [{"id": contact_tag, "name": "vip", "color": None}]


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ({"_embedded": {"tags": [{"name": "в"}]}}, ["в"]),
        ({"_embedded": {"tags": []}}, []),
        ({"_embedded": {"tags": None}}, []),
        ({"tags_to_add": [{"name": "в"}]}, ["а", "б", "в"]),
        ({"tags_to_add": [{"name": "а"}]}, ["а", "б"]),
        ({"tags_to_delete": [{"name": "а"}]}, ["б"]),
        ({"tags_to_delete": [{"name": "нет"}]}, ["а", "б"]),
        ({"tags_to_add": [{"name": "в"}], "tags_to_delete": [{"name": "б"}]}, ["а", "в"]),
        ({"name": "Дом"}, ["а", "б"]),
    ],
)
def test_forms_of_tagging(api, change, left):
    lead_id = api.lead(_embedded={"tags": [{"name": "а"}]}, tags_to_add=[{"name": "б"}])
    assert api.patch(f"/leads/{lead_id}", change)[0] == 200
    assert tags_of(api, lead_id) == left


def test_tags_go_by_id_too(api):
    lead_id = api.lead(tags_to_add=[{"name": "а"}])
    tag_id = api.get(f"/leads/{lead_id}")["_embedded"]["tags"][0]["id"]
    api.patch(f"/leads/{lead_id}", {"tags_to_delete": [{"id": tag_id}]})
    assert tags_of(api, lead_id) == []


def test_search_in_the_dictionary(api):
    api.post("/leads/tags", [{"name": "Выставка осень"}])
    assert "Выставка осень" in [tag["name"] for tag in api.items("/leads/tags?query=осень", "tags")]


@pytest.mark.parametrize(
    ("kind", "color", "status"), [("leads", "EBEBEB", 200), ("leads", "000000", 400), ("contacts", "EBEBEB", 400)]
)
def test_colours_are_for_leads_and_from_the_palette(api, kind, color, status):
    assert api.post(f"/{kind}/tags", [{"name": "цвет", "color": color}])[0] == status


def test_recoloured_tag_shows_on_its_leads(api):
    lead_id = api.lead(tags_to_add=[{"name": "а"}])
    tag = api.get(f"/leads/{lead_id}")["_embedded"]["tags"][0]
    api.patch("/leads/tags", [{"id": tag["id"], "color": "D0D0D0"}])
    assert api.get(f"/leads/{lead_id}")["_embedded"]["tags"][0]["color"] == "D0D0D0"
