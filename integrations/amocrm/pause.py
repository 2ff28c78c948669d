"""Why the exchange with amoCRM stands still, until when, and how a person ends the pause sooner."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from crmseg.web import formats
from crmseg.web.reasons import Reason

from .models import Account, ImportStep, Push

ASKED_TO_WAIT = "too_many_requests"


@dataclass(frozen=True)
class Pause:
    reason: Reason
    until: datetime

    @property
    def may_end(self) -> bool:
        """Whoever names his own time and is asked before it shuts the door for good (amocrm-api.md §3)."""
        return self.reason.code != ASKED_TO_WAIT

    @property
    def next_try(self) -> str:
        return next_try(self.until, timezone.now())


def current(account: Account) -> Pause | None:
    """What the exchange waits for now: the import's step, the shut door, or the next reading."""
    if account.is_locked:
        return None  # it waits for no time
    if account.is_importing:
        step = ImportStep.objects.exclude(state=ImportStep.State.DONE).first()
        if step and step.error and step.next_try_at:
            return Pause(step.error, step.next_try_at)
    if account.breaker_until and account.breaker_reason:
        return Pause(account.breaker_reason, account.breaker_until)
    if account.pull_error and account.next_pull_at:
        return Pause(account.pull_error, account.next_pull_at)
    return None


def end(account: Account, now: datetime) -> bool:
    """A person says «now»: all that waits is due at once. Through a shut door still goes one caller first (S13)."""
    pause = current(account)
    if pause is None or not pause.may_end:
        return False
    with transaction.atomic():
        Account.objects.filter(pk=account.pk, breaker_until__gt=now).update(breaker_until=now)
        Account.objects.filter(pk=account.pk, next_pull_at__gt=now).update(next_pull_at=now)
        ImportStep.objects.filter(next_try_at__gt=now).update(next_try_at=now)
        Push.objects.filter(state=Push.State.PLANNED, next_try_at__gt=now).update(next_try_at=now)
    return True


def next_try(moment: datetime, now: datetime) -> str:
    """«Следующая попытка в 14:35, через 15 мин»."""
    left, language = moment - now, (get_language() or "ru")[:2]
    if left <= timedelta(seconds=1):
        return _("Пробуем снова")
    if left < timedelta(minutes=1):
        return _("Следующая попытка через %(count)s с") % {"count": round(left.total_seconds())}
    local, here = timezone.localtime(moment), timezone.localtime(now)
    if local.date() != here.date():
        return _("Следующая попытка: %(moment)s") % {"moment": formats.when(moment, now, language)}
    minutes = left + timedelta(seconds=59)  # a started minute counts
    words = {"time": f"{local:%H:%M}", "span": formats.span(minutes, language)}
    return _("Следующая попытка в %(time)s, через %(span)s") % words
