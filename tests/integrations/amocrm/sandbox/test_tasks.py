"""Tasks: written, completed, filtered; no way to delete them."""

import pytest

NOW = 1_790_000_000


@pytest.fixture
def task(api):
    def make(**data):
        return api.post("/tasks", [{"text": "Позвонить", "complete_till": NOW + 60} | data])[1]["_embedded"]["tasks"][
            0
        ]["id"]

    return make


def test_task_has_the_fields_of_amocrm(api, task):
    lead_id = api.lead()
    shown = api.get(f"/tasks/{task(entity_id=lead_id, entity_type='leads', duration=900)}")
    assert shown.keys() == {
        "id", "created_by", "updated_by", "created_at", "updated_at", "responsible_user_id", "group_id", "entity_id",
        "entity_type", "duration", "is_completed", "task_type_id", "text", "result", "complete_till", "account_id",
        "_links",
    }  # fmt: skip
    assert (shown["result"], shown["entity_id"], shown["duration"]) == ([], lead_id, 900)


def test_completed_task_shows_its_result(api, task):
    task_id = task()
    status, body = api.patch(f"/tasks/{task_id}", {"is_completed": True, "result": {"text": "Дозвонился"}})
    assert (status, body["id"]) == (200, task_id)
    assert api.get(f"/tasks/{task_id}")["result"] == {"text": "Дозвонился"}


def test_lead_knows_its_closest_task(api, task):
    lead_id = api.lead()
    first = task(entity_id=lead_id, entity_type="leads", complete_till=NOW + 10)
    task(entity_id=lead_id, entity_type="leads", complete_till=NOW + 20)
    assert api.get(f"/leads/{lead_id}")["closest_task_at"] == NOW + 10
    api.patch("/tasks", [{"id": first, "is_completed": True}])
    assert api.get(f"/leads/{lead_id}")["closest_task_at"] == NOW + 20


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"text": "А"}, "complete_till"),
        ({"complete_till": 1}, "text"),
        ({"text": "А", "complete_till": "завтра"}, "complete_till"),
        ({"text": "А", "complete_till": 1, "entity_id": 7, "entity_type": "leads"}, "entity_id"),
        ({"text": "А", "complete_till": 1, "entity_id": 7, "entity_type": "планеты"}, "entity_type"),
        ({"text": "А", "complete_till": 1, "task_type_id": 99}, "task_type_id"),
    ],
)
def test_wrong_task_is_refused(api, data, path):
    status, body = api.post("/tasks", [data])
    assert (status, body["validation-errors"][0]["errors"][0]["path"]) == (400, path)


def test_unknown_task_is_named_by_its_id(api):
    assert api.patch("/tasks", [{"id": 7, "text": "А"}])[1]["errors"] == {"7": "Task not found"}


def test_delete_is_out_of_scope(api, task):
    status, body = api("DELETE", f"/tasks/{task()}")
    assert (status, body["detail"]) == (403, "Invalid scope")


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("", [0, 1, 2]),
        ("filter[is_completed]=1", [2]),
        ("filter[is_completed]=0", [0, 1]),
        ("filter[task_type][]=2", [1]),
        ("filter[updated_at]=1790000060", [1, 2]),
        ("filter[updated_at][from]=1790000060&filter[updated_at][to]=1790000061", [1]),
        ("order[complete_till]=desc", [0, 1, 2]),
        ("order[updated_at]=desc", [0, 1, 2]),
        ("order[id]=desc", [2, 1, 0]),
    ],
)
def test_filters_and_orders_need_no_package(box, api, task, query, places):
    box.store.tasks.clear()
    box.flags.filters_enabled = False
    made = []
    for place in range(3):
        made.append(task(complete_till=NOW + 900 - place, task_type_id=place % 2 + 1, is_completed=place == 2))
        box.clock.now += 60
    assert [row["id"] for row in api.items(f"/tasks?{query}", "tasks")] == [made[place] for place in places]


def test_tasks_of_an_entity_and_of_a_stage(box, api, task, stage):
    lead_id = api.lead(status_id=stage["Отправлен расчёт"])
    task_id = task(entity_id=lead_id, entity_type="leads")
    found = api.items(f"/tasks?filter[entity_type]=leads&filter[entity_id][]={lead_id}", "tasks")
    assert [row["id"] for row in found] == [task_id]
    pair = f"[pipeline_id]={stage[None]}&filter[lead_statuses][0][status_id]={stage['Отправлен расчёт']}"
    staged = api.every(f"/tasks?limit=250&filter[lead_statuses][0]{pair}", "tasks")
    leads = box.store.entities["leads"]
    assert task_id in [row["id"] for row in staged]
    assert {leads[row["entity_id"]].status_id for row in staged} == {stage["Отправлен расчёт"]}
