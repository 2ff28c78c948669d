"""Filters, search and order of leads, contacts and companies."""

import pytest

from integrations.amocrm.sandbox import Sandbox

NOW = 1_790_000_000


def ids(rows):
    return [row["id"] for row in rows]


@pytest.fixture
def four(box, api, stage):
    """Four leads with nothing else in the account, a minute between them."""
    for kind in box.store.entities:
        box.store.entities[kind].clear()
    manager = list(box.store.users)[3]
    columns = (
        {"name": "Дом", "price": 100, "responsible_user_id": manager},
        {"name": "Баня", "price": 200, "status_id": stage["Отправлен расчёт"]},
        {"name": "Терраса", "price": 300, "status_id": 142},
        {"name": "Баня", "price": 400, "status_id": 143},
    )
    made = []
    for column in columns:
        made.append(api.lead(**column))
        box.clock.now += 60
    return made


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("filter[name][]=Баня", [1, 3]),
        ("filter[name]=Дом", [0]),
        ("filter[price][from]=200&filter[price][to]=300", [1, 2]),
        ("filter[price]=400", [3]),
        ("filter[created_at][from]=1790000060&filter[created_at][to]=1790000120", [1, 2]),
        ("filter[updated_at][from]=1790000120", [2, 3]),
        ("filter[updated_at]=1790000060", [1]),
        ("filter[updated_at]=1790000061", []),
        ("filter[closed_at][from]=1", [2, 3]),
        ("filter[name][]=Баня&filter[price][from]=300", [3]),
        ("filter[tags_id][]=1", [0, 1, 2, 3]),
        ("filter[nonsense]=1", [0, 1, 2, 3]),
        ("filter[pipeline_id][]=1", []),
        ("query=терр", [2]),
    ],
)
def test_filter_selects(four, api, query, places):
    assert ids(api.items(f"/leads?{query}", "leads")) == [four[place] for place in places]


def test_filter_by_id_and_by_users(four, api):
    responsible = api.get(f"/leads/{four[0]}")["responsible_user_id"]
    assert ids(api.items(f"/leads?filter[responsible_user_id][]={responsible}", "leads")) == [four[0]]
    assert ids(api.items(f"/leads?filter[id][]={four[2]}&filter[id][]={four[1]}", "leads")) == [four[1], four[2]]
    assert ids(api.items(f"/leads?filter[id][0]={four[2]}", "leads")) == [four[2]]


def test_filter_by_stage_takes_pairs(four, api, stage):
    def pair(place, status):
        return f"filter[statuses][{place}][pipeline_id]={stage[None]}&filter[statuses][{place}][status_id]={status}"

    query = f"{pair(0, 142)}&{pair(1, stage['Отправлен расчёт'])}"
    assert ids(api.items(f"/leads?{query}", "leads")) == [four[1], four[2]]


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("", [0, 1, 2, 3]),
        ("order[updated_at]=desc", [3, 2, 1, 0]),
        ("order[id]=desc", [3, 2, 1, 0]),
        ("order[created_at]=asc", [0, 1, 2, 3]),
        ("order[price]=desc", [0, 1, 2, 3]),
        ("order[id]=nonsense", [0, 1, 2, 3]),
    ],
)
def test_order_of_leads(four, api, query, places):
    assert ids(api.items(f"/leads?{query}", "leads")) == [four[place] for place in places]


def test_default_order_is_the_time_of_change(box, four, api):
    api.patch(f"/leads/{four[0]}", {"price": 1})
    assert ids(api.items("/leads", "leads")) == [*four[1:], four[0]]


@pytest.mark.parametrize(("query", "names"), [("order[name]=asc", "АБВ"), ("order[created_at]=desc", "ВАБ")])
def test_contacts_order_by_name_but_not_by_creation(box, four, api, query, names):
    for name in "ВАБ":
        api.contact(name=name)
        box.clock.now += 1
    assert "".join(row["name"] for row in api.items(f"/contacts?{query}", "contacts")) == names


def test_without_the_package_filters_are_ignored_in_silence(box, four, api):
    box.flags.filters_enabled = False
    assert ids(api.items(f"/leads?filter[id][]={four[2]}", "leads")) == four
    assert api.get("/account?with=is_api_filter_enabled")["is_api_filter_enabled"] is False
    assert ids(api.items("/leads?query=терр", "leads")) == [four[2]]


def test_custom_fields_are_filtered_by_enum_text_and_range(box, four, api, field):
    house, area = field["leads", "Тип дома"], field["leads", "Площадь, м²"]
    enum_id = next(iter(house.enums))
    values = [
        {"field_id": house.id, "values": [{"enum_id": enum_id}]},
        {"field_id": area.id, "values": [{"value": 138}]},
    ]
    api.patch(f"/leads/{four[1]}", {"custom_fields_values": values})
    for query in (f"[{house.id}][]={enum_id}", f"[{area.id}][]=138", f"[{area.id}][from]=100", f"[{area.id}][to]=138"):
        assert ids(api.items(f"/leads?filter[custom_fields_values]{query}", "leads")) == [four[1]]


@pytest.mark.parametrize("search", ["анна", "9161234567", "916 123-45", "anna@mail", "каталог"])
def test_search_looks_in_names_phones_mail_and_tags(four, api, search):
    values = [
        {"field_code": "PHONE", "values": [{"value": "8 (916) 123-45-67", "enum_code": "MOB"}]},
        {"field_code": "EMAIL", "values": [{"value": "Anna@mail.example", "enum_code": "WORK"}]},
    ]
    wanted = api.contact(name="Анна", custom_fields_values=values, _embedded={"tags": [{"name": "Каталог"}]})
    api.contact(name="Пётр")
    found = ids(api.items(f"/contacts?query={search.replace(' ', '+')}", "contacts"))
    assert found == ([wanted] if search != "916 123-45" else [])


def test_new_rows_may_be_late_in_lists(box, four, api):
    box.flags.list_delay = 120
    fresh = api.lead()
    assert fresh not in ids(api.items("/leads", "leads"))
    assert api.get(f"/leads/{fresh}")["id"] == fresh
    box.clock.now += 120
    assert fresh in ids(api.items("/leads", "leads"))


def test_seeded_pages_come_in_order_of_change():
    from tests.integrations.amocrm.sandbox.conftest import Client

    rows = Client(Sandbox(contacts=80, deals=120, limits=False, now=NOW)).every("/leads?limit=50", "leads")
    assert [row["updated_at"] for row in rows] == sorted(row["updated_at"] for row in rows)
