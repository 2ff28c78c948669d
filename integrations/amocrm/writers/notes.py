"""Notes: what people wrote here, and what our campaigns did (a service message signed crmseg)."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from pipelines.models import Note
from pipelines.models.mirrored import SyncState

from .. import mapping
from ..client import AmoClient
from ..mapping import PLURALS, Json
from ..models import Push
from .parcel import Parcel, amo_ids

SERVICE = "crmseg"


class NoteWriter:
    def fold(self, pushes: Sequence[Push]) -> list[Parcel]:
        """No two notes are one; a batch is of one entity, as their path is."""
        by_entity: dict[str, list[Push]] = defaultdict(list)
        for push in pushes:
            by_entity[push.entity].append(push)
        parcels = []
        for entity, some in sorted(by_entity.items()):
            known = amo_ids(entity, [push.local_id for push in some])
            parcels += [_parcel(push, known.get(push.local_id, 0)) for push in some]
        return parcels

    def send(self, client: AmoClient, parcels: Sequence[Parcel]) -> dict[str, Json]:
        path = f"{PLURALS[parcels[0].pushes[0].entity]}/notes"
        answer = client.post(path, [parcel.item for parcel in parcels])
        made = mapping.embedded(answer, "notes")
        answers = {str(item.get("request_id")): item for item in made}
        if len(made) == len(parcels):  # an answer without our marks keeps the order
            answers |= {p.key: item for p, item in zip(parcels, made, strict=True) if p.key not in answers}
        return answers

    def confirm(self, parcels: Sequence[Parcel], answers: dict[str, Json], now: datetime) -> None:
        """A note of ours carries its id there, so that its echo is the same row; a campaign's is remembered by id."""
        for parcel in parcels:
            push, amo_id = parcel.pushes[0], answers.get(parcel.key, {}).get("id")
            push.result_id = amo_id
            push.save(update_fields=["result_id"])
            local = push.payload.get("note")
            Note.objects.filter(amo_id=amo_id, amo_id__isnull=False).exclude(pk=local or 0).delete()
            if local:
                Note.objects.filter(pk=local).update(amo_id=amo_id, sync_state=SyncState.SYNCED, sync_reason="")

    def arrived(self, client: AmoClient, parcels: Sequence[Parcel]) -> dict[str, Json]:
        """By their text among the latest of the record (no clock of ours is compared with theirs, S19);
        one note there answers for one here."""
        taken = set(Push.objects.filter(result_id__isnull=False).values_list("result_id", flat=True))
        found: dict[str, Json] = {}
        for parcel in parcels:
            push = parcel.pushes[0]
            path = f"{PLURALS[push.entity]}/{parcel.amo_id}/notes"
            for item in client.page(path, "notes", {"limit": "100", "order[id]": "desc"}).items:
                if item["id"] not in taken and _is_it(item, parcel):
                    found[parcel.key] = item
                    taken.add(item["id"])
                    break
        return found


def _is_it(item: Json, parcel: Parcel) -> bool:
    sent, params = parcel.item or {}, item.get("params") or {}
    return item.get("note_type") == sent.get("note_type") and params.get("text") == sent["params"]["text"]


def _parcel(push: Push, amo_id: int) -> Parcel:
    text = push.payload.get("text", "")
    by_person = bool(push.payload.get("note"))
    item = {
        "entity_id": amo_id,
        "note_type": "common" if by_person else "extended_service_message",
        "params": {"text": text} if by_person else {"service": SERVICE, "text": text},
        "request_id": str(push.pk),
    }
    return Parcel([push], amo_id, item if amo_id and text else None)
