import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from crmseg.words import gettext as _
from pipelines import arming
from segments.campaigns import delivery, launch, tasks
from segments.campaigns.models import Message


class Command(BaseCommand):
    help = "\n".join(
        [
            _("Начинает кампании, которым пора, и отправляет, что ждёт; последняя строка — JSON."),
            _("Всё делает сама, работников не будит: если Redis недоступен, письма уходят всё равно."),
        ]
    )

    def handle(self, *args: Any, **options: Any) -> None:
        held = arming.held_back(
            _("Кампании не начинаются, письма не отправляются"), reverse("amocrm:page"), timezone.now()
        )
        if held:
            self.stderr.write(held)
        swept = delivery.sweep(timezone.now())
        began = timezone.now()
        summary = {"started": launch.start_due(began), **asdict(send_all())}
        summary["skipped"] += left_out(began)
        summary |= {"found_unknown": swept.lost, "expired": swept.expired} | ({"held_back": True} if held else {})
        self.stdout.write(json.dumps(summary))


def left_out(began: datetime) -> int:
    """Of what was started since then: those who were to get no letter from the beginning."""
    written = Message.objects.filter(run__started_at__gte=began, changed_at=F("created_at"))
    return written.filter(state=Message.State.SKIPPED).count()


def send_all() -> delivery.Sent:
    """Until nothing is due any more; what was deferred or given back waits for its own time."""
    total = delivery.Sent()
    while True:
        sent = delivery.send_planned(delivery.PER_TASK, worker=tasks.worker_name(), now_fn=timezone.now)
        if not sent.claimed:
            return total
        total += sent
