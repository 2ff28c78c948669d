"""segments.gallery: ready segments are made once, and every one of them works."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import connection

from pipelines.models import Stage, Tag
from segments import gallery, tasks
from segments.membership import refresh
from segments.models import Segment
from segments.rules.fields import FIELDS
from segments.rules.parse import parse
from tests.factories import (
    NOW,
    ContactFactory,
    ContactPointFactory,
    DealFactory,
    LossReasonFactory,
    MembershipFactory,
    NoteFactory,
    SegmentFactory,
    StageFactory,
)

pytestmark = pytest.mark.django_db

MONTH = timedelta(days=30)
MOMENT = timedelta(minutes=1)


@pytest.fixture
def company():
    """A base in which every ready segment can be offered."""
    quote = StageFactory(name="Отправлен расчёт", max_days=7)
    DealFactory.create_batch(2, stage=quote)
    lost = StageFactory(kind=Stage.Kind.LOST)
    DealFactory(stage=lost, closed_at=NOW, loss_reason=LossReasonFactory(name="Дорого"))
    Tag.objects.create(entity="contact", name="Партнёр")
    return quote


def inside(key, now=NOW):
    """The names of those in a ready segment."""
    rules = {ready.key: ready.rules for ready in gallery.ready()}[key]
    segment = SegmentFactory(rules=rules, name=f"{key} {now}")
    refresh(segment, now=now)
    segment.refresh_from_db()
    assert segment.health != "broken", segment.health_reason
    return set(segment.memberships.filter(left_at__isnull=True).values_list("contact__name", flat=True))


def bought(name, *days_ago, price=100_000):
    contact = ContactFactory(name=name, created_at=NOW - timedelta(days=900))
    won = Stage.objects.filter(kind="won").first() or StageFactory(kind="won")
    for days in days_ago:
        closed = NOW - timedelta(days=days)
        DealFactory(contact=contact, stage=won, price=price, closed_at=closed, created_at=NOW - timedelta(days=900))
    return contact


def offered():
    """All ready segments, without the one that asks about consents where nobody keeps them."""
    return [ready for ready in gallery.ready() if "consent" in FIELDS["contact"] or ready.key != "no_consent_email"]


def test_every_ready_rule_is_accepted_and_evaluated(company):
    for ready in offered():
        parse(ready.rules)
        inside(ready.key)


def test_all_that_is_offered_is_made_once(company):
    made = gallery.ensure(NOW)
    assert {segment.ready_key for segment in made} == {ready.key for ready in offered()}
    assert {"lifecycle_vip", "silent_14d", "over_the_norm", "near_business"} <= {segment.ready_key for segment in made}
    assert gallery.ensure(NOW) == []


def test_names_are_those_people_know(company):
    gallery.ensure(NOW)
    names = set(Segment.objects.values_list("name", flat=True))
    assert {"Молчат после расчёта 14+", "Отказ «Дорого» 90+", "Около бизнеса", "30 дней без касаний", "VIP"} <= names


def test_what_people_edited_or_deleted_stays_so():
    gallery.ensure(NOW)
    edited = Segment.objects.get(ready_key="lifecycle_vip")
    edited.change_rules({"field": "won_count", "op": "gte", "value": 9}, now=NOW)
    Segment.objects.filter(ready_key="no_email").update(deleted_at=NOW)
    assert gallery.ensure(NOW) == []
    edited.refresh_from_db()
    assert edited.rules["value"] == 9


def over_the_norm(*norms):
    waits = [
        {"all": [{"field": "stage", "op": "eq", "value": stage.pk},
                 {"field": "stage_entered_at", "op": "more_than_ago", "value": days}]}
        for stage, days in norms
    ]  # fmt: skip
    return {"has": "deals", "where": {"any": waits}}


@pytest.fixture
def norms(company):
    """The ready segment of those over the norm, with a second stage that has no norm yet."""
    gallery.ensure(NOW)
    return Segment.objects.get(ready_key="over_the_norm"), company, StageFactory(pipeline=company.pipeline)


def test_rule_of_those_over_the_norm_follows_the_norms(norms):
    ready, quote, visit = norms
    late = ContactFactory()
    DealFactory(stage=visit, contact=late, created_at=NOW - timedelta(days=4))
    ready.rename("Застряли", "", now=NOW)
    refresh(ready, now=NOW)
    Stage.objects.filter(pk=visit.pk).update(max_days=3)
    assert gallery.ensure(NOW) == []
    ready.refresh_from_db()
    assert (ready.rules, ready.refreshed_at) == (over_the_norm((quote, "7d"), (visit, "3d")), None)
    tasks.refresh_all()
    assert late.memberships.filter(segment=ready, left_at=None).exists()
    Stage.objects.filter(pk=quote.pk).update(deleted_at=NOW)
    tasks.refresh_stale()
    ready.refresh_from_db()
    assert (ready.rules, ready.health) == (over_the_norm((visit, "3d")), "ok")


def test_norms_that_stay_move_nothing(norms):
    ready, _quote, _visit = norms
    refresh(ready, now=NOW)
    before = Segment.objects.values().get(pk=ready.pk)
    gallery.ensure(NOW + MONTH)
    assert Segment.objects.values().get(pk=ready.pk) == before


def test_rule_of_those_over_the_norm_that_a_person_edited_stays(norms):
    ready, quote, visit = norms
    ready.change_rules(over_the_norm((quote, "9d")), now=NOW)
    Stage.objects.filter(pk=visit.pk).update(max_days=3)
    gallery.ensure(NOW)
    ready.refresh_from_db()
    assert ready.rules == over_the_norm((quote, "9d"))


def test_paused_one_follows_the_norms_when_its_pause_is_over(norms):
    ready, quote, visit = norms
    refresh(ready, now=NOW)
    Segment.objects.get(pk=ready.pk).pause(now=NOW)
    Stage.objects.filter(pk=visit.pk).update(max_days=3)
    gallery.ensure(NOW)
    ready.refresh_from_db()
    assert (ready.rules, ready.refreshed_at) == (over_the_norm((quote, "7d")), NOW)
    ready.resume(now=NOW)
    gallery.ensure(NOW)
    ready.refresh_from_db()
    assert ready.rules == over_the_norm((quote, "7d"), (visit, "3d"))


@pytest.mark.parametrize("story", ["shipped", "other fields", "moved after an edit"])
def test_one_that_was_made_earlier_follows_unless_it_was_edited(norms, story):
    ready, _quote, _visit = norms
    Segment.objects.update(offered=None)
    if story == "other fields":
        ready.change_rules({"all": [ready.rules, {"field": "won_count", "op": "eq", "value": 0}]}, now=NOW)
    if story == "moved after an edit":
        MembershipFactory(segment=ready, left_at=NOW, left_cause="edit")
    with connection.cursor() as cursor:
        cursor.execute(import_module("segments.migrations.0004_norms_as_offered").ADOPT)
    assert set(Segment.objects.as_offered()) == ({ready} if story == "shipped" else set())


def test_form_that_was_open_while_the_norms_changed_is_of_another_edition(norms):
    ready, _quote, visit = norms
    seen = ready.edition
    Stage.objects.filter(pk=visit.pk).update(max_days=3)
    gallery.ensure(NOW + MOMENT)
    ready.refresh_from_db()
    assert (ready.edition != seen, ready.edited_by) == (True, None)


def test_own_segment_of_the_same_name_is_no_obstacle():
    SegmentFactory(name="VIP")
    gallery.ensure(NOW)
    assert Segment.objects.get(ready_key="lifecycle_vip").name == "VIP (готовый)"


def test_stage_is_proposed_only_where_deals_stand():
    StageFactory(name="Пустой")
    assert "silent_14d" not in {ready.key for ready in gallery.ready()}


def test_silent_are_those_on_the_fullest_stage_without_a_touch(company):
    def waiting(name, days, **note):
        contact = ContactFactory(name=name)
        DealFactory(stage=company, contact=contact, created_at=NOW - timedelta(days=days))
        if note:
            NoteFactory(contact=contact, kind="call_in", **note)

    waiting("Молчит", 15)
    waiting("Недавно", 13)
    waiting("Звонил", 15, created_at=NOW - timedelta(days=3))
    waiting("Звонил давно", 40, created_at=NOW - timedelta(days=20))
    assert inside("silent_14d") == {"Молчит", "Звонил давно"}


def test_new_client_until_day_30():
    for name, age in [("День 30", MONTH), ("День 31", MONTH + timedelta(days=1)), ("Чуть позже", MONTH + MOMENT)]:
        ContactFactory(name=name, created_at=NOW - age)
    bought("Первая покупка", 30)
    bought("Покупал и раньше", 30, 200)
    assert inside("clients_new_30d") == {"День 30", "Первая покупка"}


def test_new_client_of_the_calendar_month():
    for name, day in [("Первое ноября", 1), ("Сегодня", 21)]:
        ContactFactory(name=name, created_at=NOW.replace(day=day))
    ContactFactory(name="Октябрь", created_at=NOW.replace(month=10, day=31, hour=20))  # 23:00 in Moscow
    ContactFactory(name="Уже ноябрь", created_at=NOW.replace(month=10, day=31, hour=22))
    assert inside("clients_new_this_month") == {"Первое ноября", "Сегодня", "Уже ноябрь"}


def test_regular_by_count_is_four_not_three():
    bought("Три", 1, 2, 3)
    bought("Четыре", 1, 2, 3, 4)
    bought("Четыре за год", 1, 2, 3, 200)
    assert inside("regular_over_3_in_6m") == {"Четыре"}


def test_regular_by_month_bought_in_each_of_three():
    bought("Каждый месяц", 5, 40, 70)
    bought("Пропустил", 5, 10, 70)
    assert inside("regular_every_month") == {"Каждый месяц"}


def test_vip_spent_the_sum_within_the_year():
    bought("VIP", 10, 300, price=5_000_000)
    bought("Давно", 10, 366, price=5_000_000)
    assert inside("vip_year") == {"VIP"}


def test_refused_as_too_expensive_long_ago(company):
    reason, lost = LossReasonFactory(name="Слишком дорого"), Stage.objects.get(kind="lost")
    for name, days in [("Давно", 91), ("Недавно", 89)]:
        closed = NOW - timedelta(days=days)
        DealFactory(contact=ContactFactory(name=name), stage=lost, loss_reason=reason, closed_at=closed)
    assert inside(f"refused_reason_{reason.pk}_90d") == {"Давно"}
    assert inside(f"refused_reason_{reason.pk}") == {"Давно", "Недавно"}


def test_untouched_are_known_for_longer_than_the_time():
    ContactFactory(name="Старый", created_at=NOW - timedelta(days=31))
    ContactFactory(name="Новый", created_at=NOW - timedelta(days=29))
    assert inside("untouched_30d") == {"Старый"}


def test_without_consent_are_those_with_an_address():
    ContactPointFactory(contact=ContactFactory(name="С почтой"))
    ContactFactory(name="Без почты")
    assert (inside("no_consent_email"), inside("no_email")) == ({"С почтой"}, {"Без почты"})
