import secrets
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crmseg.accounts.secrets import EncryptedTextField, Locked
from crmseg.web.reasons import Reason, ReasonField

PROBE = timedelta(minutes=1)


def new_secret() -> str:
    return secrets.token_urlsafe(32)


class Account(models.Model):
    """The one connected amoCRM account: how we reach it, how it is, how far we have read."""

    class State(models.TextChoices):
        IMPORTING = "importing", _("Идёт импорт")
        CONNECTED = "connected", _("Подключено")
        NEEDS_REPAIR = "needs_repair", _("Нужно переподключить")

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    base_url = models.URLField(_("Адрес аккаунта"), max_length=300)
    token = EncryptedTextField(_("Долгосрочный токен"))
    amo_id = models.BigIntegerField()
    subdomain = models.CharField(max_length=100, blank=True, default="")
    name = models.CharField(max_length=300, blank=True, default="")
    timezone = models.CharField(max_length=64, default="Europe/Moscow")
    task_types = models.JSONField(default=dict, blank=True)  # {"1": "Связаться", …}
    is_filter_enabled = models.BooleanField(default=True)
    state = models.CharField(max_length=12, choices=State, default=State.IMPORTING)
    state_reason = ReasonField(max_length=500, blank=True, default="")
    hook_secret = models.CharField(max_length=64, default=new_secret)
    hook_url = models.CharField(max_length=500, blank=True, default="")
    consent_field = models.CharField(max_length=100, blank=True, default="")  # key of a contact's checkbox
    breaker_until = models.DateTimeField(null=True, blank=True)
    breaker_reason = ReasonField(max_length=500, blank=True, default="")
    connected_at = models.DateTimeField()
    imported_at = models.DateTimeField(null=True, blank=True)  # the product is usable; history may still come
    history_until = models.DateTimeField(null=True, blank=True)  # stage events up to here are the import's business
    pulled_at = models.DateTimeField(null=True, blank=True)
    pull_error = ReasonField(max_length=500, blank=True, default="")
    next_pull_at = models.DateTimeField(null=True, blank=True)
    cursors = models.JSONField(default=dict, blank=True)  # entity → unix second up to which we have read

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="amocrm_one_account")]

    def __str__(self) -> str:
        return self.name or self.base_url

    @classmethod
    def current(cls) -> "Account | None":
        return cls.objects.first()

    @property
    def zone(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            return ZoneInfo(settings.TIME_ZONE)

    @property
    def is_importing(self) -> bool:
        return self.state == self.State.IMPORTING

    @property
    def is_locked(self) -> bool:
        """The token was written with keys that FIELD_KEYS names no more; with them all goes on."""
        return isinstance(self.token, Locked)

    @property
    def is_connected(self) -> bool:
        """Read to the end, and nothing keeps it from being asked."""
        return self.state == self.State.CONNECTED and not self.is_locked

    @property
    def is_usable(self) -> bool:
        return self.imported_at is not None and self.state != self.State.NEEDS_REPAIR

    def need_repair(self, reason: Reason) -> None:
        """The token is refused: nothing is asked until a person gives another."""
        self.state, self.state_reason = self.State.NEEDS_REPAIR, reason
        self.save(update_fields=["state", "state_reason"])

    def finish_import(self) -> None:
        self.state, self.state_reason = self.State.CONNECTED, ""
        self.save(update_fields=["state", "state_reason"])

    def open_breaker(self, reason: Reason, now: datetime) -> datetime:
        """amoCRM shut the door on everyone of this account: nobody knocks for a while (S13)."""
        until = now + timedelta(seconds=settings.AMOCRM_BREAKER_SECONDS)
        self._break(until, reason)
        return until

    def look_at_breaker(self) -> datetime | None:
        """Until when the door is shut: any process of this account may have met that a moment ago."""
        rows = Account.objects.filter(pk=self.pk, amo_id=self.amo_id)
        self.breaker_until, self.breaker_reason = rows.values_list("breaker_until", "breaker_reason").first() or (
            self.breaker_until,
            self.breaker_reason,
        )
        return self.breaker_until

    def may_probe(self, now: datetime) -> bool:
        """The pause is over: one caller gets through to see, the others wait on."""
        taken = Account.objects.filter(pk=self.pk, breaker_until__lte=now).update(breaker_until=now + PROBE)
        return bool(taken)

    def close_breaker(self) -> None:
        self._break(None, Reason(""))

    def _break(self, until: datetime | None, reason: Reason) -> None:
        """In the row of this very account: a connection that is only being tried has none."""
        self.breaker_until, self.breaker_reason = until, reason
        rows = Account.objects.filter(pk=self.pk, amo_id=self.amo_id)
        rows.update(breaker_until=until, breaker_reason=reason)

    def read_up_to(self, entity: str, moment: int) -> None:
        self.cursors = {**self.cursors, entity: moment}
        self.save(update_fields=["cursors"])

    def put(self, **values: Any) -> None:
        """Save the named columns and no other: other processes write the rest."""
        for name, value in values.items():
            setattr(self, name, value)
        self.save(update_fields=list(values))
