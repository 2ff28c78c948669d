"""A small cast for segments: contacts with deals, visits, tasks and touches, each for a reason named beside it.

Names are the shortest that tell people apart; a rule's answer reads as a string of them.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from crmseg.accounts.models import User
from pipelines.models import Company, Contact, ContactPoint, CustomField, Deal, DealContact, LossReason, Pipeline, Stage
from pipelines.models.contact import Lifecycle
from tests.factories import (
    NOW,
    CompanyFactory,
    ConsentFactory,
    ContactFactory,
    ContactPointFactory,
    CustomFieldFactory,
    DealFactory,
    LossReasonFactory,
    NoteFactory,
    PipelineFactory,
    StageFactory,
    StageVisitFactory,
    TaskFactory,
)

STAGES = [("Заявка", "incoming"), ("Расчёт", "open"), ("Смета", "open"), ("Договор", "open"), ("Дом сдан", "won")]
OPTIONS = [{"id": 1, "text": "Москва"}, {"id": 2, "text": "Истра"}, {"id": 3, "text": "Тверь"}]
WISHES = [{"id": 11, "text": "баня"}, {"id": 12, "text": "гараж"}, {"id": 13, "text": "терраса"}]


@dataclass
class Cast:
    pipeline: Pipeline
    repairs: Pipeline
    stages: dict[str, Stage]
    expensive: LossReason
    far: LossReason
    julia: User
    oleg: User
    north: Company
    people: dict[str, Contact] = field(default_factory=dict)
    deals: dict[str, Deal] = field(default_factory=dict)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def make_cast() -> Cast:
    """Build everyone. Ann buys, Boris refused, Vera waits, Gleb came back, Dina has nothing, Egor is deleted."""
    cast = _house()
    _custom_fields()
    _people(cast)
    _deals(cast)
    _activity(cast)
    return cast


def _house() -> Cast:
    pipeline, repairs = PipelineFactory(), PipelineFactory(name="Ремонт")
    stages = {
        name: StageFactory(pipeline=pipeline, name=name, kind=kind, position=place * 10)
        for place, (name, kind) in enumerate([*STAGES, ("Отказ", "lost")])
    }
    stages["Осмотр"] = StageFactory(pipeline=repairs, name="Осмотр", kind="open", position=0)
    return Cast(
        pipeline=pipeline,
        repairs=repairs,
        stages=stages,
        expensive=LossReasonFactory(name="Дорого"),
        far=LossReasonFactory(name="Далеко"),
        julia=User.objects.create(name="Юлия", email="julia@domuozera.example"),
        oleg=User.objects.create(name="Олег", email="oleg@domuozera.example"),
        north=CompanyFactory(name="ООО «СеверДом»", tags=["подрядчик"], custom={"inn": "7701", "staff": 40}),
    )


def _custom_fields() -> None:
    forms = {
        "about": "text",
        "age": "number",
        "income": "money",
        "vip": "boolean",
        "city": "choice",
        "wishes": "set",
        "birthday": "date",
        "visit_at": "datetime",
    }
    options = {"city": OPTIONS, "wishes": WISHES}
    for key, form in forms.items():
        CustomFieldFactory(key=key, name=key, form=form, options=options.get(key, []))
    CustomFieldFactory(entity="deal", key="area", name="Площадь", form="number")
    CustomFieldFactory(entity="deal", key="material", name="Материал", form="choice", options=WISHES)
    CustomFieldFactory(entity="company", key="inn", name="ИНН", form="text")
    CustomFieldFactory(entity="company", key="staff", name="Сотрудников", form="number")
    CustomFieldFactory(key="blob", name="Прочее", form=CustomField.Form.OTHER)


def _people(cast: Cast) -> None:
    """Longer than other functions: a table, read from above to below."""
    _person(
        cast,
        "Анна",
        first_name="Анна",
        last_name="Королёва",
        company=cast.north,
        responsible=cast.julia,
        tags=["эскроу", "Ипотека"],
        source="Сайт",
        lifecycle=Lifecycle.BUYER_PERIODIC,
        created_at=ago(400),
        rfm_recency=5,
        rfm_frequency=3,
        rfm_monetary=4,
        custom={
            "about": "Дом 100% под ключ",
            "age": 41,
            "income": 250000.5,
            "vip": True,
            "city": "Москва",
            "wishes": ["баня", "гараж"],
            "birthday": "1985-02-28",
            "visit_at": "2026-11-20T21:30:00+00:00",
        },
    )
    _person(
        cast,
        "Борис",
        last_name="королев",
        responsible=cast.oleg,
        tags=["эскроу"],
        source="  сайт ",
        lifecycle=Lifecycle.REFUSED,
        created_at=ago(90),
        custom={
            "about": "a_b\\c",
            "age": 0,
            "vip": False,
            "city": "Истра",
            "wishes": ["баня"],
            "birthday": "1992-02-29",
        },
    )
    _person(
        cast,
        "Вера",
        first_name="Вера",
        responsible=cast.julia,
        lifecycle=Lifecycle.IN_WORK,
        created_at=ago(10),
        custom={"about": "", "age": 17.5, "city": "", "wishes": [], "birthday": "2000-11-21"},
    )
    _person(cast, "Глеб", tags=["VIP"], source="Выставка", created_at=ago(200), rfm_recency=1, custom={"age": "сорок"})
    _person(cast, "Дина", created_at=NOW, custom={"visit_at": "не дата", "birthday": "2026-02-31"})
    _person(cast, "Егор", tags=["эскроу"], created_at=ago(400), deleted_at=ago(1), custom={"age": 41})
    points = [
        ("Анна", "email", "anna@mail.example"),
        ("Анна", "email", "anna@xn--d1acufc.xn--p1ai"),
        ("Анна", "phone", "+79123456789"),
        ("Борис", "phone", "+79260001122"),
        ("Вера", "email", "VERA@shop.example"),
        ("Вера", "phone", "+79123450000"),
    ]
    for name, kind, value in points:
        ContactPointFactory(contact=cast.people[name], kind=kind, value=value)
        if kind == "email":
            ConsentFactory(contact=cast.people[name], address=value, given=name == "Анна", at=ago(5))
            ConsentFactory(contact=cast.people[name], address=value, purpose="processing", at=ago(5))


def _deals(cast: Cast) -> None:
    """Anna: two won and one open; Boris: lost, dear; Vera: one open since a month; Gleb: went back, with Anna on it."""
    _deal(cast, "дом", ["Анна"], [("Расчёт", 380), ("Дом сдан", 300)], price=5_000_000, closed_at=ago(300), created=390)
    _deal(cast, "баня", ["Анна"], [("Дом сдан", 20)], price=800_000, closed_at=ago(20), created=60, source="Сайт")
    _deal(cast, "забор", ["Анна"], [("Заявка", 5)], price=None, created=5, responsible=cast.julia)
    _deal(
        cast,
        "Коттедж",
        ["Борис"],
        [("Смета", 60), ("Отказ", 30)],
        price=9_000_000,
        closed_at=ago(30),
        created=80,
        loss_reason=cast.expensive,
        tags=["эскроу"],
        custom={"area": 180, "material": "баня"},
    )
    _deal(cast, "каркас", ["Вера"], [("Расчёт", 40), ("Смета", 30)], price=3_000_000, created=40, custom={"area": 90})
    back = [("Заявка", 50), ("Договор", 40), ("Расчёт", 25), ("Осмотр", 2)]
    _deal(cast, "достройка", ["Глеб", "Анна"], back, price=1_000_000, created=50, responsible=cast.oleg)
    _deal(cast, "чужой", ["Дина"], [("Дом сдан", 3)], price=7_000_000, created=4, closed_at=ago(3), deleted_at=ago(1))
    _deal(cast, "посёлок", ["Егор"], [("Дом сдан", 3)], price=7_000_000, created=4, closed_at=ago(3))


def _activity(cast: Cast) -> None:
    people, deals = cast.people, cast.deals
    NoteFactory(contact=people["Анна"], kind="call_out", created_at=ago(15))
    NoteFactory(contact=people["Анна"], kind="common", created_at=ago(1))
    NoteFactory(deal=deals["каркас"], kind="mail_in", created_at=ago(8))
    NoteFactory(contact=people["Борис"], kind="call_in", created_at=ago(2), deleted_at=ago(1))
    TaskFactory(contact=people["Борис"], type="meeting", is_done=True, due_at=ago(31), completed_at=ago(33))
    TaskFactory(contact=people["Вера"], due_at=ago(1), responsible=cast.julia)
    TaskFactory(contact=people["Вера"], due_at=ago(-3), type="meeting")
    TaskFactory(deal=deals["каркас"], due_at=ago(2))
    TaskFactory(contact=people["Глеб"], due_at=ago(5), deleted_at=ago(1))


def _person(cast: Cast, name: str, **columns: Any) -> None:
    cast.people[name] = ContactFactory(name=name, updated_at=columns["created_at"], **columns)


def _deal(
    cast: Cast, name: str, people: list[str], way: list[tuple[str, float]], *, created: float, **columns: Any
) -> None:
    """A deal that went its way: (stage, days ago it came there)."""
    stage, entered = cast.stages[way[-1][0]], ago(way[-1][1])
    deal = DealFactory(
        name=name,
        stage=stage,
        stage_entered_at=entered,
        created_at=ago(created),
        updated_at=entered,
        visit=False,
        **columns,
    )
    cast.deals[name] = deal
    for place, person in enumerate(people):
        DealContact.objects.create(deal=deal, contact=cast.people[person], is_main=place == 0)
    _visits(cast, deal, way, created)


def _visits(cast: Cast, deal: Deal, way: list[tuple[str, float]], created: float) -> None:
    previous: Stage | None = None
    for place, (name, days) in enumerate(way):
        stage = cast.stages[name]
        direction, skipped = _step(cast, previous, stage)
        StageVisitFactory(
            deal=deal,
            stage=stage,
            entered_at=ago(created if place == 0 else days),
            left_at=ago(way[place + 1][1]) if place + 1 < len(way) else None,
            previous_stage=previous,
            direction=direction,
            skipped=len(skipped),
            skipped_stages=skipped,
            visit_number=1 + sum(earlier == name for earlier, _days in way[:place]),
        )
        previous = stage


def _step(cast: Cast, previous: Stage | None, stage: Stage) -> tuple[str, list[int]]:
    if previous is None:
        return "start", []
    if previous.pipeline_id != stage.pipeline_id:
        return "transfer", []
    low, high = sorted([previous.position, stage.position])
    between = [
        one.pk
        for one in cast.stages.values()
        if one.pipeline_id == stage.pipeline_id and low < one.position < high and one.is_open
    ]
    return ("forward" if stage.position > previous.position else "backward"), between


__all__ = ["NOW", "Cast", "ContactPoint", "ago", "make_cast"]
