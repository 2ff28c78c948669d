"""Why nobody is left to write to, cause by cause, and what to do about each.

What flows in: whom the excluded segments remove and how many the audience skips for which reason. What flows out: plain
lines for the review, the greatest first.
"""

from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from pipelines.models import Contact
from segments.models import Membership, Segment

from .audience import audience, is_member
from .models import Campaign, Message, Purpose

Skip = Message.Reason


@dataclass(frozen=True)
class Cause:
    what: str
    count: int
    step: str
    place: str = ""  # the id of the control of the form where the step is done


def causes(
    campaign: Campaign, skipped: dict[str, int], excluded: QuerySet[Segment] | None, *, now: datetime
) -> list[Cause]:
    """Empty where the segment itself is."""
    found = [Cause(str(Skip(reason).label), count, *_step(reason, campaign)) for reason, count in skipped.items()]
    if campaign.purpose == Purpose.ADVERTISING and Skip.NO_CONSENT in skipped:
        found = [_by_service(one, campaign, excluded, now) for one in found]
    return sorted(_left_out(campaign, sum(skipped.values()), excluded) + found, key=lambda one: -one.count)


def _by_service(cause: Cause, campaign: Campaign, excluded: QuerySet[Segment] | None, now: datetime) -> Cause:
    """With the other purpose as a way out, where it would reach somebody."""
    if cause.what != str(Skip.NO_CONSENT.label):
        return cause
    other = copy(campaign)
    other.purpose = Purpose.SERVICE
    if not audience(other, now=now, excluded=excluded).counts().get(""):
        return cause
    step = _("Получите согласие на рекламу. Сервисное сообщение — другое назначение")
    return replace(cause, step=step, place="id_purpose_1")


def _left_out(campaign: Campaign, left: int, excluded: QuerySet[Segment] | None) -> list[Cause]:
    people = Contact.objects.filter(is_member(campaign, Segment.objects.none())).order_by()
    removed = people.count() - left
    if removed <= 0:
        return []
    names = ", ".join(f"«{segment.title}»" for segment in _removing(campaign, people, excluded))
    what = _("исключения убирают") if left else _("Исключения убирают всех, кто в сегменте:")
    return [Cause(f"{what} {names}", removed, _("Уберите исключение"), "id_exclude_segments_open")]


def _removing(campaign: Campaign, people: QuerySet[Contact], excluded: QuerySet[Segment] | None) -> QuerySet[Segment]:
    """Of the excluded segments those with people the campaign would write to otherwise."""
    chosen = campaign.exclude_segments.all() if excluded is None else excluded
    inside = Membership.objects.filter(left_at__isnull=True, contact__in=people.values("pk"))
    return chosen.filter(Exists(inside.filter(segment=OuterRef("pk"))))


def _step(reason: str, campaign: Campaign) -> tuple[str, str]:
    if reason == Skip.NO_ADDRESS:
        return _("Добавьте почту в карточки контактов в amoCRM"), ""
    if reason == Skip.NO_CONSENT and campaign.purpose == Purpose.ADVERTISING:
        return _("Получите согласие на рекламу"), ""
    if reason == Skip.NO_CONSENT:
        return _("Получите согласие на обработку данных"), ""
    if reason == Skip.FREQUENCY_CAP:
        most, days = settings.FREQUENCY_CAP
        return _("Отправьте позже: рекламы — не больше %(most)s за %(days)s дн.") % {
            "most": most,
            "days": days,
        }, "id_when_1"
    return _("Этим людям писать нельзя. Выберите другой сегмент"), "id_segment"
