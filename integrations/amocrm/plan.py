"""The log → what has to be written to amoCRM (contracts §7).

What flows in: changes, without those that came from there. What flows out: ``Push`` rows in the same transaction as the
reader's position (S18), each made once however often the log is read.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _

from pipelines import changes
from pipelines.models import Change, Contact, Deal, Note, Origin
from pipelines.models.mirrored import SyncState
from segments.campaigns.models import Message
from segments.models import Membership, Segment

from .models import Entity, Link, Push, SegmentTag

READER = "amocrm.push"
BY_PEOPLE = frozenset({Origin.UI, Origin.API})
SUBJECTS = (Entity.DEAL, Entity.CONTACT, Entity.COMPANY)
Kind = Push.Kind


def plan_pushes(now: datetime) -> int:
    """Read the log to its end; → how many things are to be written."""
    planned = 0
    while True:
        with changes.reading(READER) as batch:
            if not batch:
                return planned
            fresh = [change for change in batch if change.origin not in (Origin.AMOCRM, Origin.IMPORT)]
            pushes = [*_moves(fresh), *_notes(fresh), *_letters(fresh), *_tags(fresh)]
            planned += put(pushes, now)


def put(pushes: Sequence[Push], now: datetime) -> int:
    """Keep pushes that are new and show their rows as waiting."""
    for push in pushes:
        push.created_at = now
    known = set(Push.objects.filter(cause__in={push.cause for push in pushes}).values_list("kind", "cause", "local_id"))
    fresh = [push for push in pushes if (push.kind, push.cause, push.local_id) not in known]
    Push.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=1000)
    show_waiting(fresh)
    return len(fresh)


def show_waiting(pushes: Iterable[Push]) -> None:
    waiting = {"sync_state": SyncState.WAITING, "sync_reason": ""}
    by_kind: dict[str, set[int]] = defaultdict(set)
    for push in pushes:
        by_kind[push.kind].add(push.payload.get("note", 0) if push.kind == Kind.NOTE else push.local_id)
    Deal.objects.filter(pk__in=by_kind[Kind.MOVE]).update(**waiting)
    Contact.objects.filter(pk__in=by_kind[Kind.TAG]).update(**waiting)
    Note.objects.filter(pk__in=by_kind[Kind.NOTE] - {0}).update(**waiting)


def _push(change: Change, kind: Kind, entity: Entity, local_id: int, **payload: Any) -> Push:
    return Push(kind=kind, entity=entity, local_id=local_id, payload=payload, cause=f"change {change.pk}")


def _is_move(change: Change) -> bool:
    if change.origin not in BY_PEOPLE:
        return False
    return change.type == "deal.moved" or (
        change.type == "deal.updated" and "loss_reason" in change.data.get("fields", ())
    )


def _moves(batch: Sequence[Change]) -> list[Push]:
    moves = [change for change in batch if _is_move(change)]
    there = _there(Deal, (change.subject_id for change in moves))
    return [_push(move, Kind.MOVE, Entity.DEAL, move.subject_id) for move in moves if move.subject_id in there]


def _notes(batch: Sequence[Change]) -> list[Push]:
    told = {each.subject_id: each for each in batch if each.type == "note.created" and each.origin in BY_PEOPLE}
    pushes = []
    for note in Note.objects.filter(pk__in=told, amo_id=None).select_related("deal", "contact", "company"):
        for entity in SUBJECTS:
            subject = getattr(note, entity.value)
            if subject is not None and subject.amo_id:
                pushes.append(_push(told[note.pk], Kind.NOTE, entity, subject.pk, note=note.pk, text=note.text))
                break
    return pushes


def _letters(batch: Sequence[Change]) -> list[Push]:
    told = {change.subject_id: change for change in batch if change.type == "message.accepted"}
    sent = Message.objects.filter(pk__in=told, contact__amo_id__isnull=False).select_related("run__campaign")
    return [
        _push(told[message.pk], Kind.NOTE, Entity.CONTACT, message.contact_id, text=_letter(message))
        for message in sent
    ]


def _letter(message: Message) -> str:
    words = {"subject": message.subject, "campaign": message.run.campaign.name}
    return _("Письмо «%(subject)s» отправлено: кампания «%(campaign)s»") % words


def _tags(batch: Sequence[Change]) -> list[Push]:
    told = [change for change in batch if change.type in ("segment.entered", "segment.left")]
    names = dict(SegmentTag.objects.values_list("segment", "name")) if told else {}
    told = [change for change in told if change.data.get("segment") in names]
    there = _there(Contact, (change.subject_id for change in told))
    said = _last_words(there, set(names.values()))
    latest = {(change.subject_id, names[change.data["segment"]]): change for change in told}
    pushes = []
    for (contact, name), change in latest.items():
        act = "add" if change.type == "segment.entered" else "delete"
        if contact in there and said.get((contact, name), "delete") != act:
            pushes.append(_push(change, Kind.TAG, Entity.CONTACT, contact, **{act: name}))
    return pushes


def _last_words(contacts: Collection[int], names: Collection[str]) -> dict[tuple[int, str], str]:
    """What was last said of each contact's tags: by a push that is still to go, else by what both sides agreed on."""
    links = Link.objects.filter(entity=Entity.CONTACT, local_id__in=contacts)
    agreed = links.filter(base__tags__isnull=False).values_list("local_id", "base__tags")
    words = {(contact, name): "add" for contact, tags in agreed for name in tags if name in names}
    for push in Push.objects.open().filter(kind=Kind.TAG, local_id__in=contacts).order_by("id"):
        words |= {(push.local_id, name): act for act, name in push.payload.items()}
    return words


def _there(model: type[models.Model], ids: Iterable[int]) -> set[int]:
    """Those rows that amoCRM has."""
    rows = model._default_manager.filter(pk__in=set(ids), amo_id__isnull=False, deleted_at=None)
    return set(rows.values_list("pk", flat=True))


@transaction.atomic
def show_as_tag(segment: Segment, name: str, now: datetime) -> SegmentTag:
    """From now on the members carry a tag at amoCRM; those who are in it already get it too, each once."""
    tag, _made = SegmentTag.objects.update_or_create(segment=segment, defaults={"name": name, "created_at": now})
    members = Membership.objects.filter(segment=segment, left_at=None, contact__deleted_at=None)
    there = list(members.filter(contact__amo_id__isnull=False).values_list("contact", flat=True))
    last = _last_words(there, {name})
    missing = [contact for contact in there if last.get((contact, name)) != "add"]
    put(_for_all(missing, f"tag {tag.pk} on {now.timestamp():.0f}", add=name), now)
    return tag


def hide_tag(segment: Segment, now: datetime) -> int:
    """No tag any more: it is taken off where we had put it, and only there."""
    tag = SegmentTag.objects.filter(segment=segment).first()
    if tag is None:
        return 0
    given = Link.objects.filter(entity=Entity.CONTACT, given_tags__contains=[tag.name])
    cause = f"tag {tag.pk} off {now.timestamp():.0f}"
    Push.objects.filter(kind=Kind.TAG, state=Push.State.PLANNED, payload__add=tag.name).delete()
    planned = put(_for_all(given.values_list("local_id", flat=True), cause, delete=tag.name), now)
    tag.delete()
    return planned


def _for_all(contacts: Iterable[int], cause: str, **payload: str) -> list[Push]:
    return [
        Push(kind=Kind.TAG, entity=Entity.CONTACT, local_id=contact, payload=payload, cause=cause)
        for contact in contacts
    ]
