"""Pipelines, stages and loss reasons."""

import pytest


@pytest.fixture
def service(box):
    return next(p for p in box.store.pipelines.values() if not p.is_main)


def made(api, **data):
    body = {"name": "Новая", "sort": 30, "is_main": False} | data
    return api.post("/leads/pipelines", [body])[1]["_embedded"]["pipelines"][0]


def test_list_has_a_count_and_the_system_stages_in_every_pipeline(api):
    body = api.get("/leads/pipelines")
    assert body["_total_items"] == 2
    for pipeline in body["_embedded"]["pipelines"]:
        stages = pipeline["_embedded"]["statuses"]
        assert (stages[0]["type"], stages[0]["is_editable"], stages[0]["sort"]) == (1, False, 10)
        assert [(s["id"], s["sort"], s["color"], s["is_editable"]) for s in stages[-2:]] == [
            (142, 10000, "#CCFF66", False),
            (143, 11000, "#D5D8DB", False),
        ]


def test_new_pipeline_gets_the_system_stages_and_tens_for_sort(api):
    own = [{"name": "Старт", "sort": 100, "color": "#fffeb2"}, {"name": "Ход", "sort": 700}]
    stages = [*own, {"id": 142, "name": "Купили"}]
    pipeline = made(api, request_id="п", _embedded={"statuses": stages})
    assert pipeline["request_id"] == "п"
    shown = [(s["name"], s["sort"]) for s in pipeline["_embedded"]["statuses"]]
    assert shown[1:4] == [("Старт", 20), ("Ход", 30), ("Купили", 10000)]


def test_main_flag_moves(box, api, service):
    assert api.patch(f"/leads/pipelines/{service.id}", {"is_main": True, "name": "Сервис"})[1]["is_main"] is True
    assert [p["is_main"] for p in api.items("/leads/pipelines", "pipelines")].count(True) == 1


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"name": None}, "name"),
        ({"sort": "1"}, "sort"),
        ({"_embedded": {"statuses": [{"name": "А", "color": "#123456"}]}}, "_embedded.statuses.0.color"),
    ],
)
def test_wrong_pipeline_is_refused(api, data, path):
    body = {"name": "Новая", "sort": 30, "is_main": False} | data
    status, answer = api.post("/leads/pipelines", [body])
    assert (status, answer["validation-errors"][0]["errors"][0]["path"]) == (400, path)


def test_pipeline_is_deleted_unless_it_has_leads_or_is_main(box, api, stage):
    empty = made(api)
    assert api("DELETE", f"/leads/pipelines/{empty['id']}") == (204, None)
    status, body = api("DELETE", f"/leads/pipelines/{stage[None]}")
    assert (status, body["detail"][:29]) == (422, "Only pipelines without leads ")
    for lead in list(box.store.entities["leads"].values()):
        del box.store.entities["leads"][lead.id]
    assert api("DELETE", f"/leads/pipelines/{stage[None]}")[0] == 422


def test_delete_of_an_unknown_pipeline_is_a_bad_choice(api):
    status, body = api("DELETE", "/leads/pipelines/7")
    [error] = body["validation-errors"][0]["errors"]
    assert (status, error["code"], error["path"]) == (400, "NotSupportedChoice", "id")


@pytest.mark.parametrize("path", ["/leads/pipelines/7", "/leads/pipelines/7/statuses", "/leads/loss_reasons/7"])
def test_unknown_dictionary_rows_are_404(api, path):
    assert api("GET", path)[0] == 404


def test_stage_is_added_changed_and_reordered(api, stage):
    path = f"/leads/pipelines/{stage[None]}/statuses"
    _, body = api.post(path, [{"name": "Тёплые", "sort": 35, "color": "#87f2c0"}])
    [added] = body["_embedded"]["statuses"]
    names = [s["name"] for s in api.items(path, "statuses")]
    assert names.index("Тёплые") == names.index("Первичный контакт") + 1
    _, changed = api.patch(f"{path}/{added['id']}", {"name": "Горячие", "color": "#ffdbdb"})
    assert (changed["name"], changed["color"]) == ("Горячие", "#ffdbdb")
    assert "descriptions" in api.get(f"{path}/{added['id']}?with=descriptions")


@pytest.mark.parametrize("data", [{"color": "#99ccff", "name": "А"}, {"sort": 5}, {"name": "А", "sort": "б"}])
def test_wrong_stage_is_refused(api, stage, data):
    assert api.post(f"/leads/pipelines/{stage[None]}/statuses", [data])[0] == 400


@pytest.mark.parametrize("name", ["Неразобранное", "Успешно реализовано", "Закрыто и не реализовано"])
def test_system_stages_are_neither_edited_nor_deleted(api, stage, name):
    path = f"/leads/pipelines/{stage[None]}/statuses/{stage[name]}"
    assert api.patch(path, {"name": "Моё"})[0] == 422
    assert api("DELETE", path)[0] == 422


def test_leads_of_a_deleted_stage_land_in_the_first(api, stage, hooked):
    lead_id = api.lead(status_id=stage["Заключение договора"])
    assert api("DELETE", f"/leads/pipelines/{stage[None]}/statuses/{stage['Заключение договора']}")[0] == 204
    assert api.get(f"/leads/{lead_id}")["status_id"] == stage["Расчёт с сайта"]
    assert str(lead_id) in [body["leads[status][0][id]"] for body in hooked("status_lead")]


def test_loss_reasons_are_kept_for_the_whole_account(api):
    _, body = api.post("/leads/loss_reasons", [{"name": "Передумал", "request_id": "р"}])
    [reason] = body["_embedded"]["loss_reasons"]
    assert reason["request_id"] == "р"
    assert api.patch(f"/leads/loss_reasons/{reason['id']}", {"name": "Отказался"})[1]["name"] == "Отказался"
    assert "Отказался" in [row["name"] for row in api.items("/leads/loss_reasons", "loss_reasons")]
    assert api("DELETE", f"/leads/loss_reasons/{reason['id']}") == (204, None)
    assert api("GET", f"/leads/loss_reasons/{reason['id']}")[0] == 404
