from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from django.db import models
from django.db.models import Exists, OuterRef

from pipelines.models import Company, Contact, Deal
from pipelines.models.mirrored import SyncState

from ..client import AmoClient
from ..mapping import Json
from ..models import Entity, Push

MIRRORS: dict[str, type[models.Model]] = {
    Entity.CONTACT: Contact,
    Entity.COMPANY: Company,
    Entity.DEAL: Deal,
}


@dataclass
class Parcel:
    """All that waits to be written to one record, as one item of a request. Without an item nothing needs writing."""

    pushes: list[Push]
    amo_id: int
    item: Json | None
    sent: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Its request_id: errors and answers name it."""
        return str(self.pushes[-1].pk)

    @property
    def local_id(self) -> int:
        return self.pushes[0].local_id


class Writer(Protocol):
    def fold(self, pushes: Sequence[Push]) -> list[Parcel]:
        """What these pushes come to, in one item per record."""

    def send(self, client: AmoClient, parcels: Sequence[Parcel]) -> dict[str, Json]:
        """One request; → the answers by key."""

    def confirm(self, parcels: Sequence[Parcel], answers: dict[str, Json], now: datetime) -> None:
        """It is written: move the agreed state and the mirror to it, so that the echo finds nothing to do (S7)."""

    def arrived(self, client: AmoClient, parcels: Sequence[Parcel]) -> dict[str, Json]:
        """Of parcels whose answer was lost, those that amoCRM shows; → what it shows, by key."""


def amo_ids(entity: str, local_ids: Sequence[int]) -> dict[int, int]:
    rows = MIRRORS[entity]._default_manager.filter(pk__in=local_ids, amo_id__isnull=False, deleted_at=None)
    return dict(rows.values_list("pk", "amo_id"))


def show_written(model: type[models.Model], ids: Sequence[int], kind: Push.Kind) -> None:
    """These rows wait for nothing more (S8: unless something new was asked meanwhile)."""
    more = Push.objects.open().filter(kind=kind, local_id=OuterRef("pk"))
    rows = model._default_manager.filter(pk__in=ids).exclude(sync_state=SyncState.SYNCED)
    rows.exclude(Exists(more)).update(sync_state=SyncState.SYNCED, sync_reason="")
