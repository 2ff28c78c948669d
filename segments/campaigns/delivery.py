"""Claim → hand over → record, exactly as the ledger's arrows allow (reliability D1–D9).

What flows in: planned messages that are due. What flows out: each accepted, deferred, rejected, skipped, or unknown.
The step to ``handing_over`` is a transaction of its own, committed before the first byte; in it the run, the contact
and the address are held, so that a pause, a cap or an unsubscribe that has committed always wins. The result is written
right after. A worker that dies leaves at most one message unknown; the sweep finds it by its lease.
"""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parseaddr
from functools import lru_cache
from itertools import groupby

from django.conf import settings
from django.db import transaction

from crmseg.web.reasons import Reason
from pipelines import arming, changes
from pipelines.models import Origin

from . import handover, personal
from .channel import Connection, Envelope, PermanentFailure, TemporaryFailure, Unknown, channel_for, fault
from .consent import suppress
from .launch import zone
from .models import Campaign, Message, Run, Suppression
from .rendering import Letter, TemplateFailed, render
from .schedule import quiet_until

log = logging.getLogger(__name__)

BATCH = 50
PER_TASK = 200
LANES = 4  # tasks that send at once
DELAYS = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 60)]


@dataclass
class Sent:
    accepted: int = 0
    rejected: int = 0
    deferred: int = 0
    unknown: int = 0
    skipped: int = 0
    released: int = 0
    claimed: int = 0

    def __add__(self, other: "Sent") -> "Sent":
        return Sent(**{name: count + getattr(other, name) for name, count in vars(self).items()})


@dataclass(frozen=True)
class Swept:
    freed: int
    lost: int
    expired: int
    finished: int


@dataclass(frozen=True)
class Desk:
    """Who works, and by which clock."""

    worker: str
    now: Callable[[], datetime]
    is_stopping: Callable[[], bool]
    lines: ExitStack
    open_lines: dict[str, Connection] = field(default_factory=dict)

    def line(self, kind: str) -> Connection:
        """The connection to the provider, kept open from batch to batch."""
        if kind not in self.open_lines:
            self.open_lines[kind] = self.lines.enter_context(channel_for(kind).open())
        return self.open_lines[kind]


def send_planned(
    limit: int, *, worker: str, now_fn: Callable[[], datetime], is_stopping: Callable[[], bool] = lambda: False
) -> Sent:
    """Send up to so many of the messages that are due; several workers share them without meeting."""
    sent = Sent()
    with ExitStack() as lines:
        desk = Desk(worker, now_fn, is_stopping, lines)
        while sent.claimed < limit and not is_stopping() and arming.is_armed(now_fn()):
            batch = Message.objects.claim(min(BATCH, limit - sent.claimed), worker=worker, now=now_fn())
            if not batch:
                break
            sent.claimed += len(batch)
            for kind, letters in groupby(sorted(batch, key=lambda message: message.channel), lambda one: one.channel):
                _send_all(kind, list(letters), desk, sent)
    Run.objects.finish(now_fn())
    return sent


def _send_all(kind: str, batch: list[Message], desk: Desk, sent: Sent) -> None:
    values = personal.people(message.contact_id for message in batch)
    retry_at = None
    try:
        connection = desk.line(kind)
        for message in batch:
            if desk.is_stopping():
                break
            result = _send_one(connection, message, values.get(message.contact_id, {}), desk)
            setattr(sent, result, getattr(sent, result) + 1)
    except TemporaryFailure as failure:  # the provider cannot be reached at all
        log.warning("channel %s is not available: %s", kind, failure.__cause__ or failure)
        _explain(batch, failure)
        retry_at = failure.retry_at or desk.now() + DELAYS[0]
    for message in batch:
        if message.state == Message.State.CLAIMED and message.release(now=desk.now(), due_at=retry_at):
            sent.released += 1


def _explain(batch: list[Message], failure: TemporaryFailure) -> None:
    """Show on the campaign why nothing leaves; the next letter that is accepted clears it."""
    ids = {message.run.campaign_id for message in batch}
    said = failure.why or Reason("", detail=failure.detail)
    if failure.why and failure.detail:
        said = Reason("provider_away", why=failure.why, words=failure.detail)
    Campaign.objects.filter(pk__in=ids, state=Campaign.State.RUNNING).update(state_reason=said)


def _send_one(connection: Connection, message: Message, values: personal.Values, desk: Desk) -> str:
    try:
        letter = render(message.run.templates[str(message.step_id)], values, message.unsubscribe_url)
    except Exception as error:
        return _leave_out(message, error, desk.now())
    if not hand_over(message, letter, desk.now()):
        return "skipped" if message.state == Message.State.SKIPPED else "released"
    try:
        outcome = connection.send(_envelope(message, letter))
    except TemporaryFailure as failure:
        due_at = failure.retry_at or desk.now() + DELAYS[min(message.attempt, len(DELAYS)) - 1]
        message.defer(failure.detail, due_at=due_at, now=desk.now(), why=failure.why)
        return "deferred"
    except PermanentFailure as failure:
        _reject(message, failure, desk.now())
        message.run.stop_if_refused(now=desk.now())
        return "rejected"
    except Unknown as failure:
        message.doubt(failure.detail, now=desk.now(), why=failure.why)
        return "unknown"
    except Exception as error:
        return _stop(message, error, desk.now())
    return "accepted" if accept(message, outcome.detail, desk.now()) else "unknown"


def _leave_out(message: Message, error: Exception, now: datetime) -> str:
    """Its letter cannot be written: the others go on."""
    why = error.reason if isinstance(error, TemplateFailed) else Reason("not_built", error=fault(error))
    if not isinstance(error, TemplateFailed):
        log.exception("letter %s could not be rendered", message.pk)
    message.skip(Message.Reason.TEMPLATE_ERROR, now=now, why=why)
    return "skipped"


def _stop(message: Message, error: Exception, now: datetime) -> str:
    """The channel broke in the midst of it: nobody knows of this letter, and the next ones would end like it."""
    log.exception("letter %s: the channel broke", message.pk)
    message.doubt("", now=now, why=Reason("channel_broke", error=fault(error)))
    message.run.campaign.pause(now=now, reason=Reason("campaign_broke"))
    return "unknown"


def hand_over(message: Message, letter: Letter, now: datetime) -> bool:
    """Check everything once more under locks, and begin. False: the message was skipped or given back instead."""
    opens_at = quiet_until(now, settings.QUIET_HOURS.get(message.channel), zone())
    if opens_at:
        message.release(now=now, due_at=opens_at)
        return False
    return handover.begin(message, provider_id=message_id(message), subject=letter.subject, now=now)


def accept(message: Message, detail: str, now: datetime) -> bool:
    """The provider has it."""
    if not handover.accept(message, detail, now):
        return False
    if message.run.campaign.state_reason:
        message.run.campaign.move(Campaign.State.RUNNING, when=(Campaign.State.RUNNING,), now=now, state_reason="")
    return True


def tell(message: Message, kind: str, at: datetime) -> None:
    data = {"contact": message.contact_id, "campaign": message.run.campaign_id, "run": message.run_id}
    changes.record(kind, message.pk, origin=Origin.CAMPAIGN, at=at, data=data)


@transaction.atomic
def _reject(message: Message, failure: PermanentFailure, now: datetime) -> None:
    if message.reject(failure.detail, now=now, why=failure.why) and failure.is_bad_address:
        suppress(message.address, message.channel, Suppression.Reason.BOUNCED, now=now)


def _envelope(message: Message, letter: Letter) -> Envelope:
    campaign = message.run.campaign
    return Envelope(
        message_id=message.provider_id,
        to=message.address,
        subject=letter.subject,
        html=letter.html,
        text=letter.text,
        unsubscribe_url=message.unsubscribe_url,
        list_id=f"campaign-{campaign.pk}.{domain()}",
        list_name=campaign.name,
    )


def message_id(message: Message) -> str:
    """Of the coming attempt; the token keeps it unguessable and unique over installations (D12)."""
    return f"<{message.pk}.{message.attempt + 1}.{message.token[:12]}@{domain()}>"


def domain() -> str:
    return _domain_of(settings.DEFAULT_FROM_EMAIL)


@lru_cache(maxsize=8)
def _domain_of(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2] or "localhost"


def sweep(now: datetime) -> Swept:
    """Put right by state what dead workers and passing time left behind (D4, D7)."""
    freed, lost = Message.objects.expire_leases(now)
    expired = Message.objects.skip_expired(now)
    return Swept(freed, lost, expired, Run.objects.finish(now))


def lanes(now: datetime) -> int:
    """How many tasks of PER_TASK messages have something to do now."""
    waiting = Message.objects.due(now)[: LANES * PER_TASK].count()
    return -(-waiting // PER_TASK)
