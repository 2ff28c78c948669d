"""A campaign starts: its run, and one ledger row per person, in one transaction.

What flows in: a campaign that a person launches, or whose time has come. What flows out: a Run with frozen templates
and the whole audience as Message rows, planned or skipped with the reason. Safe to repeat and to do twice at once: the
campaign is claimed by a conditional UPDATE, a run is unique per due instant.
"""

import logging
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction

from crmseg.accounts.models import User
from crmseg.web.reasons import Explained, Reason
from pipelines import arming
from segments.models import Segment

from . import obstacles
from .audience import audience
from .models import Campaign, Message, Run, Step
from .schedule import Schedule, ScheduleRefused, is_late, parse

log = logging.getLogger(__name__)

EXPIRY = timedelta(days=3)  # what could not be sent by then is not news any more (D11)
NO_GRACE = timedelta()
STARTABLE = (Campaign.State.DRAFT, Campaign.State.SCHEDULED)


class LaunchRefused(Explained):
    """It cannot start as it is."""


class AlreadyLaunched(LaunchRefused):
    """It is neither a draft nor scheduled any more."""


def launch(campaign: Campaign, *, by: User | None, now: datetime, grace: timedelta = NO_GRACE) -> Campaign:
    """Start a draft now or put it on schedule; a scheduled one starts at once, early or late, as a person said so.

    With a grace, as after a click, a draft starts no sooner than it is over: until then it can be taken back.
    """
    if campaign.state not in STARTABLE:
        raise AlreadyLaunched(Reason("already_launched"))
    schedule = _ready(campaign)
    if campaign.state == Campaign.State.DRAFT and (schedule or grace):
        due_at = _first_due(schedule, now, grace) if schedule else now + grace
        when = (Campaign.State.DRAFT,)
        moved = campaign.move(Campaign.State.SCHEDULED, when=when, now=now, next_due_at=due_at, launched_by=by)
    else:
        moved = start(campaign, due_at=campaign.next_due_at or now, now=now, by=by) is not None
    if not moved:
        raise AlreadyLaunched(Reason("already_launched"))
    log.info("campaign %s launched by user %s", campaign.pk, by.pk if by else None)
    return campaign


def start_due(now: datetime) -> int:
    """Start every campaign whose time has come; one too late waits for a person (D8), as all do in a copy (D13)."""
    if not arming.is_armed(now):
        return 0
    due = Campaign.objects.filter(state=Campaign.State.SCHEDULED, next_due_at__lte=now).order_by("next_due_at", "id")
    return sum(_start_scheduled(campaign, now) for campaign in due)


def _start_scheduled(campaign: Campaign, now: datetime) -> bool:
    due_at = campaign.next_due_at
    assert due_at is not None
    if is_late(due_at, now):
        _explain(campaign, Reason("missed_start", when=due_at))
        return False
    try:
        _ready(campaign)
    except LaunchRefused as refused:
        _explain(campaign, refused.reason)
        return False
    return start(campaign, due_at=due_at, now=now) is not None


def _explain(campaign: Campaign, reason: Reason) -> None:
    Campaign.objects.filter(pk=campaign.pk, state=Campaign.State.SCHEDULED).update(state_reason=reason)


@transaction.atomic
def start(campaign: Campaign, *, due_at: datetime, now: datetime, by: User | None = None) -> Run | None:
    """Claim the campaign, freeze its templates, fill the ledger. None when somebody else was quicker.

    ``by`` whom it starts now; none: its time has come, and who put it on schedule stays the one who launched it.
    """
    schedule = parse(campaign.schedule)
    following = schedule.next_due(max(due_at, now), zone()) if schedule and schedule.rule else None
    claimed = campaign.move(
        Campaign.State.RUNNING,
        when=STARTABLE,
        now=now,
        only={"next_due_at": campaign.next_due_at},
        next_due_at=following,
        launched_at=now,
        state_reason="",
        **({"launched_by": by} if by else {}),
    )
    if not claimed:
        return None
    steps = list(campaign.steps.all()[:1])
    run = Run.objects.create(
        campaign=campaign,
        due_at=due_at,
        started_at=now,
        expires_at=max(due_at, now) + EXPIRY,
        state=Run.State.RUNNING,
        templates={str(step.pk): step.as_template() for step in steps},
    )
    run.audience = sum(_fill(run, step, now) for step in steps)
    run.save(update_fields=["audience"])
    run.finish(now=now)
    return run


def _fill(run: Run, step: Step, now: datetime) -> int:
    """Pour the audience into the ledger set-wise; returns how many rows were written."""
    people = audience(run.campaign, now=now)
    sql = f"""
        INSERT INTO {Message._meta.db_table}
            (run_id, step_id, contact_id, channel, address, address_hash, state, reason, detail, subject, token,
             due_at, attempt, worker, provider_id, created_at, changed_at)
        SELECT %s, %s, contact_id, %s, address, address_hash,
            CASE WHEN reason = '' THEN 'planned' ELSE 'skipped' END, reason, '', '',
            replace(gen_random_uuid()::text, '-', ''), %s, 0, '', '', %s, %s
        FROM ({people.sql}) AS verdicts
        ON CONFLICT DO NOTHING
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [run.pk, step.pk, run.campaign.channel, now, now, now, *people.params])
        return cursor.rowcount


def _ready(campaign: Campaign) -> Schedule | None:
    """Raise the first reason why it cannot start; give its schedule."""
    for reason in blockers(campaign):
        raise LaunchRefused(reason)
    return parse(campaign.schedule)


def blockers(campaign: Campaign) -> list[Reason]:
    """What stands in the way of a launch."""
    letter = (campaign.steps.first() or Step()).as_template()
    return [*blockers_beside_the_letter(campaign), *(one.reason for one in obstacles.of_letter(letter))]


def blockers_beside_the_letter(campaign: Campaign) -> list[Reason]:
    found = _segment_blockers(campaign.segment)
    if campaign.channel not in settings.CHANNELS:
        found.append(Reason("no_channel", channel=Reason(f"channel_{campaign.channel}")))
    try:
        parse(campaign.schedule)
    except ScheduleRefused as refused:
        found.append(refused.reason)
    return found


def _segment_blockers(segment: Segment | None) -> list[Reason]:
    if segment is None or segment.deleted_at:
        return [Reason("no_segment")]
    if segment.health == Segment.Health.BROKEN:
        return [Reason("segment_broken", name=segment.title)]
    if segment.is_paused:
        return [Reason("segment_paused", name=segment.title)]
    return []


def _first_due(schedule: Schedule, now: datetime, grace: timedelta) -> datetime:
    due_at = schedule.next_due(now, zone()) if schedule.rule else schedule.start
    if due_at is None or is_late(due_at, now):
        raise LaunchRefused(Reason("time_passed"))
    return max(due_at, now + grace) if grace and not schedule.rule else due_at


def zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)
