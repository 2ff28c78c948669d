"""Stage moves: all moves of a deal come to one PATCH that puts it where it stands now."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pipelines.models import Deal, Stage

from .. import mapping
from ..client import AmoClient
from ..links import links_of
from ..mapping import LOST, Json
from ..models import Entity, Link, Push
from .parcel import Parcel, show_written


class MoveWriter:
    def fold(self, pushes: Sequence[Push]) -> list[Parcel]:
        by_deal: dict[int, list[Push]] = defaultdict(list)
        for push in pushes:
            by_deal[push.local_id].append(push)
        links = links_of(Entity.DEAL, list(by_deal))
        deals = Deal.objects.filter(pk__in=by_deal).select_related("stage__pipeline", "loss_reason")
        return [_parcel(deal, by_deal[deal.pk], links.get(deal.pk)) for deal in deals.order_by("pk")]

    def send(self, client: AmoClient, parcels: Sequence[Parcel]) -> dict[str, Json]:
        answer = client.patch("leads", [parcel.item for parcel in parcels])
        by_id = {item["id"]: item for item in mapping.embedded(answer, "leads")}
        return {parcel.key: by_id.get(parcel.amo_id, {}) for parcel in parcels}

    def confirm(self, parcels: Sequence[Parcel], answers: dict[str, Json], now: datetime) -> None:
        links = links_of(Entity.DEAL, [parcel.local_id for parcel in parcels])
        for parcel in parcels:
            if link := links.get(parcel.local_id):
                stamp = mapping.moment(answers.get(parcel.key, {}).get("updated_at"))
                link.base = {**link.base, **parcel.sent}
                link.remote_updated_at = stamp or link.remote_updated_at
                if stamp:
                    _stamp(parcel.pushes, stamp)
                    Deal.objects.filter(pk=parcel.local_id).update(updated_at=stamp)
        Link.objects.bulk_update(links.values(), ["base", "remote_updated_at"])
        show_written(Deal, [parcel.local_id for parcel in parcels], Push.Kind.MOVE)

    def arrived(self, client: AmoClient, parcels: Sequence[Parcel]) -> dict[str, Json]:
        found = {}
        for parcel in parcels:
            lead = client.get(f"leads/{parcel.amo_id}")
            sent = parcel.pushes[-1].payload.get("sent")
            if sent and {"status": [lead.get("pipeline_id"), lead.get("status_id")]} == {"status": sent["status"]}:
                parcel.sent = sent
                found[parcel.key] = lead
        return found


def _stamp(pushes: Sequence[Push], stamp: datetime) -> None:
    """When it was written, by amoCRM's own clock: its log tells of it under that second."""
    for push in pushes:
        push.payload = push.payload | {"at": stamp.isoformat()}
    Push.objects.bulk_update(pushes, ["payload"])


def _parcel(deal: Deal, pushes: list[Push], link: Link | None) -> Parcel:
    stage = deal.stage
    lost = stage.kind == Stage.Kind.LOST
    sent: dict[str, Any] = {
        "status": [stage.pipeline.amo_id, stage.amo_id],
        "loss": deal.loss_reason.amo_id if lost and deal.loss_reason else None,
    }
    return Parcel(pushes, deal.amo_id or 0, _item(deal.amo_id, sent, link, pushes[-1]), sent)


def _item(amo_id: int | None, sent: dict[str, Any], link: Link | None, push: Push) -> Json | None:
    pipeline, status = sent["status"]
    if not amo_id or not pipeline or not status:
        return None
    if link and {key: link.base.get(key) for key in sent} == sent:
        return None
    item = {"id": amo_id, "pipeline_id": pipeline, "status_id": status, "request_id": str(push.pk)}
    # a reason anywhere but in 143 is refused (amocrm-api.md §9.16)
    return item | ({"loss_reason_id": sent["loss"]} if status == LOST and sent["loss"] else {})
