"""What only leads have: a stage that belongs to a pipeline, a closing date, a reason when lost."""

from typing import TYPE_CHECKING, Any

from integrations.amocrm.sandbox.rows import CLOSED, LOST, Lead
from integrations.amocrm.sandbox.validation import Item, is_int

if TYPE_CHECKING:
    from integrations.amocrm.sandbox.state import Store


def stage(store: "Store", item: Item, lead: Lead | None) -> dict[str, int]:
    """The (pipeline, status) an item leads to; defaults fill what it leaves out."""
    for name in ("pipeline_id", "status_id"):
        if name in item.data and not is_int(item.data[name]):
            item.wrong_type(name, "int")
            return {}
    pipeline_id, status_id = item.data.get("pipeline_id"), item.data.get("status_id")
    if pipeline_id is not None and pipeline_id not in store.pipelines:
        item.not_a_choice("pipeline_id")
        return {}
    if status_id is None:
        return _entry(store, pipeline_id, lead)
    if pipeline_id is None:
        pipeline_id = _pipeline_of(store, status_id, lead)
    if pipeline_id is None or not store.status(pipeline_id, status_id):
        item.not_a_choice("status_id")
        return {}
    return {"pipeline_id": pipeline_id, "status_id": status_id}


def _entry(store: "Store", pipeline_id: int | None, lead: Lead | None) -> dict[str, int]:
    """No stage named: a lead already in the pipeline stays, any other starts at its first stage."""
    if lead and pipeline_id in (None, lead.pipeline_id):
        return {}
    pipeline_id = pipeline_id or store.main_pipeline().id
    return {"pipeline_id": pipeline_id, "status_id": store.pipelines[pipeline_id].first_stage().id}


def _pipeline_of(store: "Store", status_id: int, lead: Lead | None) -> int | None:
    """142 and 143 are in every pipeline, so they mean the lead's own one."""
    if status_id in CLOSED:
        return lead.pipeline_id if lead else store.main_pipeline().id
    return store.pipeline_of(status_id)


def broken_rule(columns: dict[str, Any], lead: Lead | None) -> str | None:
    status_id = columns.get("status_id", lead.status_id if lead else None)
    if columns.get("loss_reason_id") and status_id != LOST:
        return "Loss reason can be specified only for lost lead"
    return None


def follow_stage(lead: Lead, columns: dict[str, Any], now: int) -> None:
    """Closing stamps the date, reopening clears the date and the reason."""
    status_id = columns.get("status_id", lead.status_id)
    if status_id == lead.status_id:
        return
    lead.closed_at = now if status_id in CLOSED else None
    if status_id != LOST:
        lead.loss_reason_id = None
