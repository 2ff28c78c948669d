"""Refusals of a batch: by item and path before anything is written, by entity id for business rules."""

import pytest


@pytest.mark.parametrize(
    ("data", "code", "path"),
    [
        ({"responsible_user_id": 5}, "NotSupportedChoice", "responsible_user_id"),
        ({"created_by": 5}, "NotSupportedChoice", "created_by"),
        ({"status_id": 5}, "NotSupportedChoice", "status_id"),
        ({"pipeline_id": 5}, "NotSupportedChoice", "pipeline_id"),
        ({"loss_reason_id": 5, "status_id": 143}, "NotSupportedChoice", "loss_reason_id"),
        ({"price": "сто"}, "InvalidType", "price"),
        ({"name": 5}, "InvalidType", "name"),
        ({"status_id": "142"}, "InvalidType", "status_id"),
        ({"created_at": -1}, "InvalidType", "created_at"),
        ({"responsible_user_id": None}, "InvalidType", "responsible_user_id"),
        ({"custom_fields_values": {}}, "InvalidType", "custom_fields_values"),
        ({"_embedded": {"tags": [{"id": 5}]}}, "NotSupportedChoice", "_embedded.tags.0.id"),
        ({"tags_to_add": [{}]}, "FieldMissing", "tags_to_add.0.name"),
        ({"_embedded": {"contacts": [{"id": 5}]}}, "NotSupportedChoice", "_embedded.contacts.0.id"),
    ],
)
def test_wrong_item_is_named_by_code_and_path(api, data, code, path):
    status, body = api.post("/leads", [data])
    assert status == 400
    assert body["detail"] == "Request validation failed"
    assert (code, path) in [(error["code"], error["path"]) for error in body["validation-errors"][0]["errors"]]


def test_one_wrong_item_rejects_the_whole_batch(box, api):
    before = len(box.store.entities["leads"])
    _, body = api.post("/leads", [{"name": "А"}, {"price": "б", "request_id": "плохой"}, {"price": "в"}])
    assert [entry["request_id"] for entry in body["validation-errors"]] == ["плохой", "2"]
    assert len(box.store.entities["leads"]) == before


def test_stage_of_another_pipeline_is_not_a_choice(box, api, stage):
    other = next(p for p in box.store.pipelines.values() if not p.is_main)
    status, body = api.post("/leads", [{"pipeline_id": other.id, "status_id": stage["Отправлен расчёт"]}])
    assert (status, body["validation-errors"][0]["errors"][0]["path"]) == (400, "status_id")


def test_deactivated_user_is_not_a_choice(box, api):
    user = list(box.store.users)[3]
    api("POST", "/__sandbox__/edit", {"action": "user", "id": user, "is_active": False})
    assert api.post("/leads", [{"responsible_user_id": user}])[0] == 400


def test_loss_reason_needs_a_lost_lead(box, api):
    lead_id, reason = api.lead(), next(iter(box.store.loss_reasons))
    status, body = api.patch("/leads", [{"id": lead_id, "loss_reason_id": reason}])
    assert (status, body["detail"]) == (400, "Invalid request body")
    assert body["errors"] == {str(lead_id): "Loss reason can be specified only for lost lead"}


@pytest.mark.parametrize(
    ("kind", "words"),
    [("leads", "Lead not found"), ("contacts", "Contact not found"), ("companies", "Company not found")],
)
def test_change_of_a_missing_row_is_named_by_its_id(api, kind, words):
    assert api.patch(f"/{kind}", [{"id": 7, "name": "А"}])[1]["errors"] == {"7": words}
    assert api.patch(f"/{kind}/7", {"name": "А"})[1]["errors"] == {"7": words}


@pytest.mark.parametrize("applied", [True, False])
def test_siblings_of_a_broken_rule_are_applied_or_not(box, api, applied):
    box.flags.apply_siblings = applied
    lead_id = api.lead(name="было")
    assert api.patch("/leads", [{"id": lead_id, "name": "стало"}, {"id": 7}])[0] == 400
    assert api.get(f"/leads/{lead_id}")["name"] == ("стало" if applied else "было")


def test_batch_change_needs_ids(api):
    _, body = api.patch("/leads", [{"name": "А"}])
    assert body["validation-errors"][0]["errors"][0] == {
        "code": "FieldMissing", "path": "id", "detail": "This field is missing.",
    }  # fmt: skip
