"""One pass with amoCRM: the import while it is unfinished, else what changed there and what changed here.

Whoever asks for several things gets all of them, in the order of ``ORDER``: reading before writing.
"""

import json
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse
from django.utils import timezone

from crmseg.web.reasons import Reason
from crmseg.words import gettext as _
from integrations.amocrm import importing, pause, plan, pull, push, receipts
from integrations.amocrm.bars import Bars
from integrations.amocrm.client import AmoClient
from integrations.amocrm.models import Account, ImportStep
from integrations.http import HttpError, Temporary
from pipelines import arming
from segments.tasks import refresh_all_soon

ORDER = ("full", "pull", "reconcile", "push")


class Command(BaseCommand):
    help = "\n".join(
        [
            _("Обменивается изменениями с amoCRM или продолжает импорт; последняя строка — JSON."),
            _("С аргументами делает только то, что названо, в этом порядке: --full, --pull, --reconcile, --push."),
        ]
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--full", action="store_true", help=_("импортировать всё с начала"))
        parser.add_argument("--pull", action="store_true", help=_("прочитать, что изменилось там"))
        parser.add_argument("--push", action="store_true", help=_("записать, что изменилось здесь"))
        parser.add_argument("--reconcile", action="store_true", help=_("прочитать всё по номерам и сверить"))

    def handle(self, *args: Any, **options: Any) -> None:
        account = Account.current()
        if account is None:
            raise CommandError(_("amoCRM не подключён. Выполните amocrm_connect --base-url … --token …"))
        began, asked = monotonic(), self._asked(account, options)
        held = self._held_back() if "push" in asked else ""
        try:
            with Bars() as self.bars, AmoClient(account) as client:
                summary = self._work(client, asked)
        except HttpError as error:
            raise CommandError(self._told(error)) from None
        if held:
            summary["push"]["held_back"] = True
        summary |= {"requests": client.requests, "seconds": round(monotonic() - began, 1)}
        self.stdout.write(json.dumps(summary, ensure_ascii=False))

    def _asked(self, account: Account, options: dict[str, Any]) -> list[str]:
        usual = ["import"] if account.is_importing else ["pull", "push"]
        return [name for name in ORDER if options[name]] or usual

    def _held_back(self) -> str:
        """Before anything is read: a copy's log is to be stamped anew first."""
        held = arming.held_back(_("В amoCRM ничего не пишется"), reverse("amocrm:page"), timezone.now())
        if held:
            self.stderr.write(held)
        return held

    def _work(self, client: AmoClient, asked: list[str]) -> dict[str, Any]:
        doors: dict[str, Callable[[AmoClient], dict[str, Any]]] = {
            "import": self._import,
            "full": partial(self._import, is_fresh=True),
            "pull": self._pull,
            "reconcile": self._reconcile,
            "push": self._push,
        }
        summary: dict[str, Any] = {}
        for name in asked:
            summary |= doors[name](client)
        return summary

    def _import(self, client: AmoClient, *, is_fresh: bool = False) -> dict[str, Any]:
        is_complete = importing.run_import(
            client, progress=self.bars.step, wait=self._wait, busy=self.bars.busy, is_fresh=is_fresh
        )
        if is_complete:
            refresh_all_soon()
        counts = dict(ImportStep.objects.values_list("entity", "done"))
        return {"import": counts, "complete": is_complete}

    def _wait(self, seconds: float) -> None:
        """Until the date, or until an admin says «try now» on the page."""
        waiting = ImportStep.objects.exclude(state=ImportStep.State.DONE)
        self.bars.wait(seconds, lambda: not waiting.filter(next_try_at__gt=timezone.now()).exists())

    def _pull(self, client: AmoClient) -> dict[str, Any]:
        read = receipts.read_receipts(client, timezone.now())
        result = pull.pull(client, timezone.now(), self.bars.count, self.bars.busy)
        if result.error:
            raise CommandError(self._with_time(result.error, client.account.next_pull_at))
        return {"pull": {"receipts": read, **result.summary()}}

    def _told(self, error: HttpError) -> str:
        if not isinstance(error, Temporary) or error.retry_after is None:
            return str(error.reason)
        return self._with_time(error.reason, error.retry_at(timezone.now(), error.retry_after))

    def _with_time(self, reason: Reason, until: datetime | None) -> str:
        return f"{reason}. {pause.next_try(until, timezone.now())}" if until else str(reason)

    def _reconcile(self, client: AmoClient) -> dict[str, Any]:
        return {"reconcile": pull.reconcile(client, timezone.now(), self.bars.count).summary()}

    def _push(self, client: AmoClient) -> dict[str, Any]:
        planned = plan.plan_pushes(timezone.now())
        return {"push": {"planned": planned, **push.push(client, timezone.now(), busy=self.bars.busy)}}
