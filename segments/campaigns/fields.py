"""What campaigns add to the rule language: ``consent``, the set of ``channel:purpose`` in force for a person.

In force is what the latest row says of an address the person has now; an address lost takes its consent along.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Concat
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from pipelines.models import ContactPoint
from segments.rules.access import Among, Clock
from segments.rules.operators import Type
from segments.rules.registry import Field, Options, register_field

from .models import Channel, Consent

WRITTEN = [channel for channel in Channel if channel != Channel.TASK]


@dataclass(frozen=True)
class OfAddresses(Among):
    """Like ``Among``, over the addresses a contact has now."""

    def _any(self, condition: Q, clock: Clock) -> Exists:
        said = self.rows(clock).filter(condition, address=OuterRef("value"))
        return Exists(ContactPoint.objects.filter(Exists(said), contact=OuterRef("pk")))


def in_force(clock: Clock) -> QuerySet[Any]:
    """The latest row of each address, channel and purpose, where it says yes."""
    same = Consent.objects.filter(
        address=OuterRef("address"), channel=OuterRef("channel"), purpose=OuterRef("purpose"), at__lte=clock.now
    )
    latest = Subquery(same.order_by("-at", "-id").values("pk")[:1])
    basis = Concat("channel", Value(":"), "purpose", output_field=CharField())
    return Consent.objects.annotate(latest=latest, basis=basis).filter(pk=F("latest"), given=True)


def options() -> Options:
    return tuple(
        (f"{channel}:{purpose}", format_lazy("{channel}: {purpose}", channel=channel.label, purpose=purpose.label))
        for channel in WRITTEN
        for purpose in Consent.Purpose
    )


def install() -> None:
    access = OfAddresses(in_force, "contact", "basis")
    register_field("contact", Field("consent", _("действующие согласия"), Type.SET, access, options=options()))
