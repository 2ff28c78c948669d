"""What came of a campaign, as plain data from the ledger. The sum over states equals the audience."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from pipelines import arming

from .models import Campaign, Message, Run

State = Message.State
IDLE = timedelta(minutes=2)  # the clock looks every minute
REACHED = (State.ACCEPTED, State.DELIVERED, State.BOUNCED, State.COMPLAINED)


@dataclass(frozen=True)
class Report:
    audience: int
    states: dict[str, int]  # every state, also those at 0
    reasons: dict[str, int]  # of the skipped, the most frequent first
    unsubscribed: int

    @property
    def reached(self) -> int:
        """Accepted, whatever became of it later."""
        return sum(self.states[state] for state in REACHED)

    @property
    def waiting(self) -> int:
        return sum(self.states[state] for state in Message.PENDING)

    @property
    def in_flight(self) -> int:
        return sum(self.states[state] for state in Message.IN_FLIGHT)

    @property
    def to_send(self) -> int:
        return self.audience - self.states[State.SKIPPED]


def report(campaign: Campaign) -> Report:
    """Counts of all runs of the campaign."""
    rows = Message.objects.filter(run__campaign=campaign)
    found = rows.order_by().values_list("state", "reason").annotate(n=Count("pk"))
    states = dict.fromkeys(State.values, 0)
    reasons: dict[str, int] = {}
    for state, reason, count in found:
        states[state] += count
        if state == State.SKIPPED:
            reasons[reason] = reasons.get(reason, 0) + count
    ordered = dict(sorted(reasons.items(), key=lambda item: -item[1]))
    gone = rows.filter(unsubscribed_at__isnull=False).count()
    return Report(sum(states.values()), states, ordered, gone)


def is_left_undone(campaign: Campaign, now: datetime) -> bool:
    """What is due is done by nobody: the clock of this installation stands, or its workers do."""
    since = now - IDLE
    if campaign.state == Campaign.State.SCHEDULED:
        is_due = campaign.next_due_at is not None and campaign.next_due_at < since
    else:
        asked = Q(run__started_at__lt=since) & ~Q(run__watched_from__gte=since)
        is_due = Message.objects.due(since).filter(asked, run__campaign=campaign).exists()
    return is_due and not Message.objects.at_work(now).exists() and arming.is_armed(now)


def counts_of(campaigns: list[Campaign]) -> dict[int, "Row"]:
    """Of several campaigns in one query, for the list."""
    rows = (
        Run.objects.filter(campaign__in=campaigns)
        .order_by()
        .values("campaign_id")
        .annotate(
            planned=Count("messages", filter=~Q(messages__state=State.SKIPPED)),
            reached=Count("messages", filter=Q(messages__state__in=REACHED)),
            unknown=Count("messages", filter=Q(messages__state=State.UNKNOWN)),
        )
    )
    return {row["campaign_id"]: Row(row["planned"], row["reached"], row["unknown"]) for row in rows}


@dataclass(frozen=True)
class Row:
    planned: int
    reached: int
    unknown: int
