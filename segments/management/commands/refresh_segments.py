"""Recompute memberships of all segments, or of the given ones; the last line is a JSON summary."""

import json
from argparse import ArgumentParser
from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from crmseg.words import gettext as _
from segments import gallery, membership
from segments.dependencies import in_order
from segments.membership import Refreshed
from segments.models import Segment


class Command(BaseCommand):
    help = _("Пересчитывает состав всех сегментов или названных; последняя строка — JSON.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("ids", nargs="*", type=int, metavar="ID", help=_("номера сегментов"))

    def handle(self, *args: Any, **options: Any) -> None:
        started, now = monotonic(), timezone.now()
        gallery.ensure(now)
        membership.refresh_attributes(now)  # what every rule may read; members by old ones would be put down for good
        chosen = in_order(_chosen(options["ids"]))
        total = Refreshed()
        for segment in chosen:
            moved = membership.refresh(segment, now=now)
            segment.refresh_from_db()
            self.stdout.write(f"{segment.pk} {segment.name}: {segment.size} (+{moved.entered} −{moved.left})")
            total += moved
        broken = [segment.pk for segment in chosen if segment.health == Segment.Health.BROKEN]
        summary = {"segments": len(chosen), "entered": total.entered, "left": total.left, "memberships": total.size}
        self.stdout.write(json.dumps(summary | {"broken": broken, "seconds": round(monotonic() - started, 2)}))


def _chosen(ids: list[int]) -> list[Segment]:
    if not ids:
        return list(Segment.objects.alive())
    found = list(Segment.objects.alive().filter(pk__in=ids))
    missing = sorted(set(ids) - {segment.pk for segment in found})
    if missing:
        told = _("Сегмента нет: %(missing)s. Проверьте номера в списке сегментов.")
        raise CommandError(told % {"missing": ", ".join(map(str, missing))})
    return found
