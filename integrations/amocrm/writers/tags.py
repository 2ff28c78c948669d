"""Tags of segments: additions and removals of a contact in one item; other people's tags are never touched."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from pipelines.load.table import log
from pipelines.models import Contact, Origin

from .. import mapping
from ..client import AmoClient
from ..intake import CONTACTS, read_by_id
from ..links import links_of
from ..mapping import Json
from ..models import Entity, Link, Push
from .parcel import Parcel, amo_ids, show_written


class TagWriter:
    def fold(self, pushes: Sequence[Push]) -> list[Parcel]:
        by_contact: dict[int, list[Push]] = defaultdict(list)
        for push in sorted(pushes, key=lambda each: each.pk):
            by_contact[push.local_id].append(push)
        links = links_of(Entity.CONTACT, list(by_contact))
        known = amo_ids(Entity.CONTACT, list(by_contact))
        return [
            _parcel(by_contact[local_id], known.get(local_id, 0), links.get(local_id))
            for local_id in sorted(by_contact)
        ]

    def send(self, client: AmoClient, parcels: Sequence[Parcel]) -> dict[str, Json]:
        answer = client.patch("contacts", [parcel.item for parcel in parcels])
        by_id = {item["id"]: item for item in mapping.embedded(answer, "contacts")}
        return {parcel.key: by_id.get(parcel.amo_id, {}) for parcel in parcels}

    def confirm(self, parcels: Sequence[Parcel], answers: dict[str, Json], now: datetime) -> None:
        ids = [parcel.local_id for parcel in parcels]
        links, contacts = links_of(Entity.CONTACT, ids), Contact.objects.in_bulk(ids)
        told = []
        for parcel in parcels:
            link, contact = links.get(parcel.local_id), contacts.get(parcel.local_id)
            if link is None or contact is None:
                continue
            stamp = mapping.moment(answers.get(parcel.key, {}).get("updated_at"))
            _agree(link, parcel, stamp)
            contact.updated_at = stamp or contact.updated_at
            tags = _with(contact.tags, parcel)
            if tags != contact.tags:
                contact.tags, contact.changed_at = tags, now
                told.append(("contact.updated", contact.pk, now, {"fields": ["tags"]}))
        Link.objects.bulk_update(links.values(), ["base", "given_tags", "remote_updated_at"])
        Contact.objects.bulk_update(contacts.values(), ["tags", "updated_at", "changed_at"])
        log(told, Origin.AUTOMATION)
        show_written(Contact, ids, Push.Kind.TAG)

    def arrived(self, client: AmoClient, parcels: Sequence[Parcel]) -> dict[str, Json]:
        shown = {item["id"]: item for item in read_by_id(client, CONTACTS, [parcel.amo_id for parcel in parcels])}
        found = {}
        for parcel in parcels:
            tags = set(mapping.tags(shown.get(parcel.amo_id, {})))
            if set(parcel.sent["add"]) <= tags and not tags & set(parcel.sent["delete"]):
                found[parcel.key] = shown.get(parcel.amo_id, {})
        return found


def _parcel(pushes: list[Push], amo_id: int, link: Link | None) -> Parcel:
    """The last word on each tag counts; what is so already, and what we did not put there, is left alone."""
    last: dict[str, str] = {}
    for push in pushes:
        for act, name in push.payload.items():
            last[name] = act
    there = set(link.base.get("tags", ())) if link else set()
    given = set(link.given_tags) if link else set()
    add = sorted(name for name, act in last.items() if act == "add" and name not in there)
    delete = sorted(name for name, act in last.items() if act == "delete" and name in given)
    item: Json | None = {"id": amo_id, "request_id": str(pushes[-1].pk)}
    if add:
        item = {**(item or {}), "tags_to_add": [{"name": name} for name in add]}
    if delete:
        item = {**(item or {}), "tags_to_delete": [{"name": name} for name in delete]}
    return Parcel(pushes, amo_id, item if amo_id and (add or delete) else None, {"add": add, "delete": delete})


def _with(tags: Sequence[str], parcel: Parcel) -> list[str]:
    return sorted((set(tags) | set(parcel.sent["add"])) - set(parcel.sent["delete"]))


def _agree(link: Link, parcel: Parcel, stamp: datetime | None) -> None:
    link.given_tags = sorted((set(link.given_tags) | set(parcel.sent["add"])) - set(parcel.sent["delete"]))
    link.base = {**link.base, "tags": _with(link.base.get("tags", ()), parcel)}
    link.remote_updated_at = stamp or link.remote_updated_at
