"""The catalogue: what a rule may name, and the only module of the rules that knows the models.

Custom fields and ids come from the database through ``Known``, which one parse (or one refresh of all segments) shares.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from crmseg.accounts.models import User
from pipelines.models import (
    Company,
    Contact,
    ContactPoint,
    CustomField,
    Deal,
    DealContact,
    LossReason,
    Note,
    Pipeline,
    Stage,
    StageVisit,
    Task,
)
from pipelines.models.contact import Lifecycle
from segments.models import Membership, Segment

from .access import Access, Among, Clock, Column, Grouped, Json, Span, Truth, United
from .operators import Type
from .registry import (
    FIELDS,
    REFERENCES,
    Field,
    Options,
    Relation,
    register_field,
    register_reference,
    register_relation,
)
from .sql import JsonDay, JsonInstant, JsonNumber, json_text, json_value
from .texts import EMAIL, KEYED, PHONE
from .tree import Pick

CONTACT, DEAL, VISIT, TASK, COMPANY = "contact", "deal", "stage_visit", "task", "company"
ZERO = Decimal(0)

register_reference("company", Company.objects.alive)
register_reference("user", User.objects.all, lambda user: user.name)
register_reference("pipeline", lambda: Pipeline.objects.filter(deleted_at__isnull=True))
register_reference("stage", Stage.objects.alive)
register_reference("loss_reason", lambda: LossReason.objects.filter(deleted_at__isnull=True))
register_reference("segment", Segment.objects.alive)


# --- contacts -----------------------------------------------------------------------------------------------
def _points(kind: str) -> Access:
    return Among(lambda clock: ContactPoint.objects.filter(kind=kind), "contact", "value")


def _of_deals(rows: Callable[[], QuerySet[Deal]], aggregate: Callable[[], Any], default: Decimal | None) -> Access:
    return Grouped(rows, "links__contact", aggregate, default)


def _touches(clock: Clock) -> QuerySet[Any]:
    """Calls, letters and personal messages either way, meetings and other done tasks; of the contact and its deals."""
    notes = Note.objects.alive().filter(kind__in=Note.TOUCHES).annotate(at=F("created_at"))
    tasks = Task.objects.alive().filter(is_done=True).annotate(at=Coalesce("completed_at", "updated_at"))
    own, of_deals = [], []
    for rows in (notes, tasks):
        own.append(rows.filter(contact__isnull=False).annotate(owner=F("contact_id")))
        dealt = rows.filter(contact__isnull=True, deal__deleted_at__isnull=True, deal__links__contact__isnull=False)
        of_deals.append(dealt.annotate(owner=F("deal__links__contact")))
    if clock.within is not None:
        own = [rows.filter(contact__in=clock.within) for rows in own]
        of_deals = [rows.filter(owner__in=clock.within) for rows in of_deals]
    first, *rest = [rows.order_by().values("owner", "at") for rows in own + of_deals]
    return first.union(*rest, all=True)


def _column(key: str, label: Any, type: Type, column: str = "", **more: Any) -> Field:
    return Field(key, label, type, Column(column or key), **more)


def _reference(key: str, label: Any, to: str) -> Field:
    return Field(key, label, Type.REFERENCE, Column(f"{key}_id"), reference=to)


def _choice(key: str, label: Any, choices: Any) -> Field:
    return Field(key, label, Type.CHOICE, Column(key), options=tuple(choices))


register_field(
    CONTACT,
    _column("name", _("имя"), Type.TEXT, "name_key", text=KEYED),
    _column("first_name", _("личное имя"), Type.TEXT),
    _column("last_name", _("фамилия"), Type.TEXT),
    Field("email", _("почта"), Type.TEXT, _points(ContactPoint.Kind.EMAIL), text=EMAIL),
    Field("phone", _("телефон"), Type.TEXT, _points(ContactPoint.Kind.PHONE), text=PHONE),
    _reference("company", _("компания"), "company"),
    _reference("responsible", _("ответственный"), "user"),
    _column("tags", _("теги"), Type.SET),
    _choice("lifecycle", _("статус клиента"), Lifecycle.choices),
    _column("source", _("источник"), Type.TEXT),
    _column("created_at", _("создан"), Type.DATETIME),
    _column("updated_at", _("изменён"), Type.DATETIME),
    Field("won_count", _("число покупок"), Type.NUMBER, _of_deals(Deal.objects.won, lambda: Count("pk"), ZERO)),
    Field(
        "won_total",
        _("сумма покупок"),
        Type.MONEY,
        _of_deals(Deal.objects.won, lambda: Coalesce(Sum("price"), ZERO), ZERO),
    ),
    Field(
        "first_won_at", _("первая покупка"), Type.DATETIME, _of_deals(Deal.objects.won, lambda: Min("closed_at"), None)
    ),
    Field(
        "last_won_at",
        _("последняя покупка"),
        Type.DATETIME,
        _of_deals(Deal.objects.won, lambda: Max("closed_at"), None),
    ),
    Field(
        "open_deals", _("число открытых сделок"), Type.NUMBER, _of_deals(Deal.objects.open, lambda: Count("pk"), ZERO)
    ),
    Field("last_contact_at", _("последний контакт"), Type.DATETIME, United(_touches, "max(at)")),
    Field("touches", _("число касаний"), Type.NUMBER, United(_touches, "count(*)", ZERO)),
    _column("rfm_recency", _("RFM: давность"), Type.NUMBER),
    _column("rfm_frequency", _("RFM: частота"), Type.NUMBER),
    _column("rfm_monetary", _("RFM: деньги"), Type.NUMBER),
)

# --- deals --------------------------------------------------------------------------------------------------
register_field(
    DEAL,
    _column("name", _("название сделки"), Type.TEXT, "name_key", text=KEYED),
    _column("price", _("бюджет"), Type.MONEY),
    _reference("pipeline", _("воронка"), "pipeline"),
    _reference("stage", _("этап"), "stage"),
    _column("stage_kind", _("вид этапа"), Type.CHOICE, "stage__kind", options=tuple(Stage.Kind.choices)),
    _reference("responsible", _("ответственный"), "user"),
    _reference("loss_reason", _("причина отказа"), "loss_reason"),
    _column("tags", _("теги"), Type.SET),
    _column("source", _("источник"), Type.TEXT),
    _column("created_at", _("создана"), Type.DATETIME),
    _column("updated_at", _("изменена"), Type.DATETIME),
    _column("closed_at", _("закрыта"), Type.DATETIME),
    _column("stage_entered_at", _("перешла на этап"), Type.DATETIME),
)

# --- stage visits -------------------------------------------------------------------------------------------
register_field(
    VISIT,
    _reference("stage", _("этап"), "stage"),
    _reference("pipeline", _("воронка"), "pipeline"),
    _column("entered_at", _("вход на этап"), Type.DATETIME),
    _column("left_at", _("уход с этапа"), Type.DATETIME),
    Field("duration", _("время на этапе"), Type.DURATION, Span("entered_at", "left_at")),
    Field("is_current", _("сейчас на этапе"), Type.BOOLEAN, Truth(lambda clock: Q(left_at__isnull=True))),
    _choice("direction", _("направление"), StageVisit.Direction.choices),
    _column("skipped", _("пропущено этапов"), Type.NUMBER),
    _column("skipped_stages", _("пропущенные этапы"), Type.SET, reference="stage"),
    _reference("previous_stage", _("прежний этап"), "stage"),
    _column("visit_number", _("номер захода на этап"), Type.NUMBER),
    Field("since_created", _("от создания сделки до входа"), Type.DURATION, Span("deal__created_at", "entered_at")),
)

# --- tasks and companies ------------------------------------------------------------------------------------
register_field(
    TASK,
    _choice("type", _("тип задачи"), Task.Type.choices),
    _reference("responsible", _("ответственный"), "user"),
    _column("due_at", _("срок"), Type.DATETIME),
    _column("completed_at", _("выполнена"), Type.DATETIME),
    _column("is_done", _("сделана"), Type.BOOLEAN),
    Field("is_overdue", _("просрочена"), Type.BOOLEAN, Truth(lambda clock: Q(is_done=False, due_at__lt=clock.now))),
)
register_field(
    COMPANY,
    _column("name", _("название компании"), Type.TEXT, "name_key", text=KEYED),
    _column("tags", _("теги"), Type.SET),
    _reference("responsible", _("ответственный"), "user"),
)


# --- relations ----------------------------------------------------------------------------------------------
def _deals(clock: Clock) -> QuerySet[Deal]:
    return Deal.objects.alive()


def _contacts(clock: Clock) -> QuerySet[Contact]:
    return Contact.objects.alive()


def _tasks(clock: Clock) -> QuerySet[Task]:
    return Task.objects.alive()


def _companies(clock: Clock) -> QuerySet[Company]:
    return Company.objects.alive()


def _visits(clock: Clock) -> QuerySet[StageVisit]:
    return StageVisit.objects.filter(deal__deleted_at__isnull=True)


register_relation(
    Relation(CONTACT, "deals", DEAL, _("сделка"), _("сделок"), _deals, "links__contact"),
    Relation(CONTACT, "stage_visits", VISIT, _("заход на этап"), _("заходов на этап"), _visits, "deal__links__contact"),
    Relation(CONTACT, "tasks", TASK, _("задача"), _("задач"), _tasks, "contact"),
    Relation(CONTACT, "company", COMPANY, _("компания"), _("компаний"), _companies, "contacts", ("pk", "company_id")),
    Relation(DEAL, "stage_visits", VISIT, _("заход на этап"), _("заходов на этап"), _visits, "deal"),
    Relation(DEAL, "tasks", TASK, _("задача"), _("задач"), _tasks, "deal"),
    Relation(DEAL, "contacts", CONTACT, _("контакт"), _("контактов"), _contacts, "links__deal"),
)


# --- custom fields ------------------------------------------------------------------------------------------
FORMS: dict[str, tuple[Type, Callable[[str], Any]]] = {
    CustomField.Form.TEXT: (Type.TEXT, json_text),
    CustomField.Form.NUMBER: (Type.NUMBER, lambda key: JsonNumber(json_value(key))),
    CustomField.Form.MONEY: (Type.MONEY, lambda key: JsonNumber(json_value(key))),
    CustomField.Form.BOOLEAN: (Type.BOOLEAN, json_value),
    CustomField.Form.CHOICE: (Type.CHOICE, json_text),
    CustomField.Form.SET: (Type.SET, json_value),
    CustomField.Form.DATE: (Type.DATE, lambda key: JsonDay(json_text(key))),
    CustomField.Form.DATETIME: (Type.DATETIME, lambda key: JsonInstant(json_text(key))),
}


def custom_field(row: CustomField) -> Field:
    type, expression = FORMS[row.form]
    options = tuple((option["text"], option["text"]) for option in row.options)
    return Field(
        f"custom.{row.key}",
        row.name,
        type,
        Json(row.key, expression),
        options=options if type in {Type.CHOICE, Type.SET} else None,
    )


@dataclass
class Known:
    """What the database knows of names: custom fields, and which ids there are. Asked once, then remembered."""

    _custom: dict[str, dict[str, Field]] | None = None
    _types: Options | None = None
    _ids: dict[str, dict[int, str | None]] = field(default_factory=lambda: defaultdict(dict))

    def fields(self, entity: str) -> dict[str, Field]:
        return FIELDS[entity] | self._custom_fields().get(entity, {})

    def field(self, entity: str, key: str) -> Field | None:
        found = FIELDS[entity].get(key)
        if (entity, key) == (TASK, "type") and found is not None:
            return replace(found, options=self._task_types())
        if found is None and key.startswith("custom."):
            found = self._custom_fields().get(entity, {}).get(key)
        return found

    def names(self, reference: str, ids: Iterable[int]) -> dict[int, str]:
        """The names of those ids that exist."""
        wanted = set(ids)
        known = self._ids[reference]
        if missing := wanted - known.keys():
            about = REFERENCES[reference]
            known.update(dict.fromkeys(missing))
            known.update({row.pk: about.name(row) for row in about.rows().filter(pk__in=missing)})
        return {one: name for one in wanted if (name := known[one]) is not None}

    def rules(self, segments: Iterable[int]) -> dict[int, Any]:
        """The stored rules of segments, for finding cycles."""
        return dict(Segment.objects.filter(pk__in=list(segments)).values_list("pk", "rules"))

    def _task_types(self) -> Options:
        """Our types and the company's own that tasks bear."""
        if self._types is None:
            rows = Task.objects.exclude(type__in=Task.Type.values).order_by().values_list("type", "type_name")
            own = {key: name or key for key, name in rows.distinct()}
            self._types = (*Task.Type.choices, *own.items())
        return self._types

    def _custom_fields(self) -> dict[str, dict[str, Field]]:
        if self._custom is None:
            self._custom = defaultdict(dict)
            rows = CustomField.objects.filter(deleted_at__isnull=True, form__in=list(FORMS))
            for row in rows:
                made = custom_field(row)
                self._custom[row.entity][made.key] = made
        return self._custom


# --- what the compiler asks of tables that are no relation -----------------------------------------------------
def picked_links(pick: Pick, clock: Clock) -> QuerySet[Any]:
    """For each contact the link to its one deal: the latest, or the largest."""
    first = F("deal__created_at").desc() if pick == Pick.LATEST else F("deal__price").desc(nulls_last=True)
    links = DealContact.objects.filter(deal__deleted_at__isnull=True)
    if clock.within is not None:
        links = links.filter(contact__in=clock.within)
    return links.order_by("contact", first, "-deal_id").distinct("contact").values("pk")


def membership(segment: int, **conditions: Any) -> Exists:
    """Is the contact of the outer query a stored member now?"""
    stays = Membership.objects.filter(segment=segment, left_at__isnull=True, **conditions)
    return Exists(stays.filter(contact=OuterRef("pk")))


def live(contacts: QuerySet[Contact], condition: Any) -> QuerySet[Contact]:
    return contacts.filter(Q(deleted_at__isnull=True), condition)


AMOUNT = Field("", "", Type.NUMBER, Column("pk"))  # what a count is compared as
