"""Ready segments: the statuses and presets of the product as data, made into real segments once.

Names of stages differ between companies, so nothing here assumes one: rules speak of kinds of stages, of durations and
of amounts, and what needs a real stage, norm, reason or tag is proposed from the tables as they are when asked.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from pipelines.models import Deal, LossReason, Stage, Tag
from pipelines.models.contact import Lifecycle
from pipelines.models.mirrored import fold

from .lifecycle import Thresholds
from .models import Segment
from .rules.parse import RuleRefused, parse

Document = dict[str, Any]

OVER_THE_NORM = "over_the_norm"


@dataclass(frozen=True)
class Ready:
    key: str
    name: Any  # a lazy translation, or text with a name of the company's own in it
    rules: Document
    description: Any = ""


def field(key: str, op: str, value: Any = None) -> Document:
    return {"field": key, "op": op} | ({} if value is None else {"value": value})


def every(*nodes: Document) -> Document:
    return {"all": list(nodes)}


def either(*nodes: Document) -> Document:
    return {"any": list(nodes)}


def none_of(*nodes: Document) -> Document:
    return {"none": list(nodes)}


def deals(*where: Document, **aggregate: Any) -> Document:
    """At least one deal for which all of this holds, unless the aggregate says otherwise."""
    return {"has": "deals", "where": where[0] if len(where) == 1 else every(*where)} | aggregate


WON = field("stage_kind", "eq", "won")
LOST = field("stage_kind", "eq", "lost")
OPEN = field("stage_kind", "in", ["incoming", "open"])
NOTHING_OPEN = field("open_deals", "eq", 0)
NOTHING_BOUGHT = field("won_count", "eq", 0)


def silent(duration: str) -> Document:
    """No touch within the time, for those who never had one too."""
    return none_of(field("last_contact_at", "within_last", duration))


def bought_in_month(number: int) -> Document:
    """A purchase in the last month (1), in the one before (2), and so on."""
    window = [field("closed_at", "within_last", f"{number}m")]
    if number > 1:
        window.append(field("closed_at", "more_than_ago", f"{number - 1}m"))
    return deals(WON, *window)


def ready() -> list[Ready]:
    """All that can be offered now."""
    return [*unchanging(), *_proposed()]


def unchanging() -> list[Ready]:
    """Those that are the same for every company."""
    return [*_lifecycle(), *_of_deals(), *_of_buyers(), *_of_attention()]


def ensure(now: datetime) -> list[Segment]:
    """Create the ready segments that do not exist yet; returns the new ones.

    What was edited, renamed or deleted by people stays so: the key of a ready segment is used once.
    """
    follow_norms(now)
    known = set(Segment.objects.exclude(ready_key=None).values_list("ready_key", flat=True))
    with override(settings.LANGUAGE_CODE):
        made = [_create(offer, now) for offer in ready() if offer.key not in known]
    return [segment for segment in made if segment is not None]


@transaction.atomic
def follow_norms(now: datetime) -> None:
    """Bring the rule of those over the norm up to the norms as they are, unless people have made it their own.

    The row is held before the norms are read, so that nobody writes older ones after newer.
    """
    followers = Segment.objects.alive().as_offered().filter(ready_key=OVER_THE_NORM, is_paused=False)
    for held in followers.select_for_update(no_key=True):
        for offer in _over_the_norm():
            if offer.rules != held.rules:
                held.follow(offer.rules, now=now)


def _create(offer: Ready, now: datetime) -> Segment | None:
    try:
        parse(offer.rules)
    except RuleRefused:  # a field this installation does not have
        return None
    name = str(offer.name)[:200]
    if Segment.objects.alive().filter(name=name).exists():
        name = str(_("%(name)s (готовый)") % {"name": name[:180]})
    values = {"name": name, "description": str(offer.description), "rules": offer.rules, "offered": offer.rules}
    try:
        with transaction.atomic():
            return Segment.objects.create(ready_key=offer.key, created_at=now, changed_at=now, **values)
    except IntegrityError:  # another process was quicker
        return None


def _lifecycle() -> Iterator[Ready]:
    names = {
        Lifecycle.NEW: _("Новые"),
        Lifecycle.IN_WORK: _("В работе"),
        Lifecycle.REFUSED: _("Отказники"),
        Lifecycle.LOW_QUALITY: _("Некачественные"),
        Lifecycle.BUYER_ONE_OFF: _("Разовые покупатели"),
        Lifecycle.BUYER_PERIODIC: _("Периодические покупатели"),
        Lifecycle.BUYER_REGULAR: _("Постоянные покупатели"),
        Lifecycle.VIP: _("VIP"),
    }
    for value, name in names.items():
        yield Ready(f"lifecycle_{value}", name, field("lifecycle", "eq", str(value)), _("Статус клиента"))


def _of_deals() -> Iterator[Ready]:
    yield Ready(
        "leads_new",
        _("Новые лиды"),
        every(
            NOTHING_BOUGHT,
            deals(
                either(
                    field("stage_kind", "eq", "incoming"),
                    every(field("stage_kind", "eq", "open"), field("created_at", "within_last", "7d")),
                )
            ),
        ),
        _("В неразобранном или появились за последние 7 дней, покупок ещё нет"),
    )
    yield Ready(
        "no_answer_3d",
        _("3 дня без ответа"),
        every(
            deals(
                field("stage_kind", "eq", "open"),
                field("stage_entered_at", "more_than_ago", "3d"),
                field("stage_entered_at", "within_last", "14d"),
            ),
            silent("3d"),
        ),
        _(
            "Сделка в работе перешла на этап от 3 до 14 дней назад; "
            "за последние 3 дня не было ни звонка, ни письма, ни выполненной задачи"
        ),
    )
    yield Ready(
        "stuck_30d", _("На одном этапе 30+ дней"), deals(OPEN, field("stage_entered_at", "more_than_ago", "30d"))
    )
    yield Ready(
        "moved_back",
        _("Вернулись на шаг назад"),
        deals(
            OPEN,
            {
                "has": "stage_visits",
                "where": every(field("is_current", "eq", True), field("direction", "eq", "backward")),
            },
        ),
    )
    yield Ready(
        "lost_90d",
        _("Отказы за 90 дней"),
        every(deals(LOST, field("closed_at", "within_last", "90d")), NOTHING_OPEN, NOTHING_BOUGHT),
    )
    yield Ready(
        "lost_without_reason",
        _("Отказ без причины"),
        deals(LOST, field("loss_reason", "is_not_set")),
        _("Сделка проиграна, причина отказа не указана"),
    )


def _of_buyers() -> Iterator[Ready]:
    total = int(Thresholds.current().vip_total)
    yield Ready("won_30d", _("Купили за 30 дней"), deals(WON, field("closed_at", "within_last", "30d")))
    yield Ready(
        "clients_new_30d",
        _("Новые клиенты за 30 дней"),
        either(field("first_won_at", "within_last", "30d"), field("created_at", "within_last", "30d")),
        _("Первая покупка или появление в базе за последние 30 дней"),
    )
    yield Ready(
        "clients_new_this_month",
        _("Новые клиенты этого месяца"),
        either(field("first_won_at", "in_period", "this_month"), field("created_at", "in_period", "this_month")),
        _("Первая покупка или появление в базе с начала календарного месяца"),
    )
    yield Ready(
        "regular_over_3_in_6m",
        _("Постоянные: больше 3 покупок за 6 месяцев"),
        deals(WON, field("closed_at", "within_last", "6m"), agg="count", op="gt", value=3),
    )
    yield Ready(
        "regular_every_month",
        _("Постоянные: покупают каждый месяц"),
        every(*(bought_in_month(number) for number in (1, 2, 3))),
        _("Покупка в каждом из трёх последних месяцев"),
    )
    yield Ready(
        "vip_year",
        _("VIP за год"),
        deals(WON, field("closed_at", "within_last", "365d"), agg="sum", of="price", op="gte", value=total),
        _("Сумма покупок за 365 дней не меньше порога VIP"),
    )
    yield Ready(
        "rfm_best",
        _("Лучшие покупатели по RFM"),
        every(*(field(f"rfm_{score}", "gte", 4) for score in ("recency", "frequency", "monetary"))),
    )
    yield Ready(
        "rfm_fading",
        _("Засыпающие покупатели"),
        every(field("rfm_recency", "lte", 2), field("rfm_frequency", "gte", 3)),
        _("Покупали часто, но давно"),
    )


def _of_attention() -> Iterator[Ready]:
    yield Ready(
        "untouched_30d",
        _("30 дней без касаний"),
        every(silent("30d"), field("created_at", "more_than_ago", "30d")),
        _("Знакомы дольше 30 дней, за это время не было ни звонка, ни встречи, ни личного письма"),
    )
    yield Ready(
        "touched_without_purchase",
        _("Много касаний, нет покупки"),
        every(field("touches", "gte", 5), NOTHING_BOUGHT),
    )
    yield Ready(
        "no_consent_email",
        _("Без согласия на рассылку"),
        every(field("email", "is_set"), none_of(field("consent", "any_of", ["email:advertising"]))),
        _("Почта есть, согласия на рекламу нет"),
    )
    yield Ready("no_email", _("Без почты"), field("email", "is_not_set"))


def _proposed() -> Iterator[Ready]:
    """What needs a row of the company's own: its fullest stage, its norms, its reasons of refusal, its partner tag."""
    yield from _silent_on_the_fullest_stage()
    yield from _over_the_norm()
    yield from _refused_by_reason()
    yield from _near_business()


def _silent_on_the_fullest_stage() -> Iterator[Ready]:
    here = Count("deals", filter=Q(deals__deleted_at__isnull=True))
    stage = Stage.objects.alive().filter(kind=Stage.Kind.OPEN).annotate(here=here).order_by("-here", "pk").first()
    if stage is None or not stage.here:
        return
    is_quote = "расчет" in fold(stage.name)
    name = _("Молчат после расчёта 14+") if is_quote else _("Молчат на этапе «%(stage)s» 14+") % {"stage": stage.name}
    waiting = deals(field("stage", "eq", stage.pk), field("stage_entered_at", "more_than_ago", "14d"))
    description = _(
        "Дольше 14 дней на этапе «%(stage)s», за это время не было ни звонка, ни встречи, ни личного письма"
    )
    yield Ready("silent_14d", name, every(waiting, silent("14d")), description % {"stage": stage.name})


def _over_the_norm() -> Iterator[Ready]:
    stages = Stage.objects.alive().filter(kind=Stage.Kind.OPEN, max_days__gt=0, pipeline__deleted_at__isnull=True)
    late = [
        every(field("stage", "eq", stage.pk), field("stage_entered_at", "more_than_ago", f"{stage.max_days}d"))
        for stage in stages[:40]
    ]
    if late:
        yield Ready(OVER_THE_NORM, _("Дольше нормы на этапе"), deals(either(*late)))


def _refused_by_reason() -> Iterator[Ready]:
    used = Deal.objects.alive().filter(loss_reason=OuterRef("pk"))
    for reason in LossReason.objects.filter(Exists(used), deleted_at__isnull=True)[:20]:
        this = field("loss_reason", "eq", reason.pk)
        name = _("Отказ «%(reason)s»") % {"reason": reason.name}
        yield Ready(f"refused_reason_{reason.pk}", name, every(deals(LOST, this), NOTHING_OPEN, NOTHING_BOUGHT))
        if "дорог" in fold(reason.name):
            old = deals(LOST, this, field("closed_at", "more_than_ago", "90d"))
            name = _("Отказ «%(reason)s» 90+") % {"reason": reason.name}
            yield Ready(f"refused_reason_{reason.pk}_90d", name, every(old, NOTHING_OPEN, NOTHING_BOUGHT))


def _near_business() -> Iterator[Ready]:
    tags = Tag.objects.filter(entity=Tag.Entity.CONTACT, name__iregex="партн[её]р").values_list("name", flat=True)
    if tags:
        low = field("lifecycle", "eq", str(Lifecycle.LOW_QUALITY))
        yield Ready("near_business", _("Около бизнеса"), every(low, field("tags", "any_of", list(tags[:20]))))
