"""The list of segments, the page of one, its members."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.translation import override

from crmseg.accounts.models import Role, User
from pipelines.models import ChangeReader
from pipelines.models.mirrored import fold
from segments import gallery
from segments.models import Segment
from tests.factories import NOW, ContactFactory, MembershipFactory, SegmentFactory

from .conftest import HX

pytestmark = pytest.mark.django_db

LIST = reverse("segments:list")


def page(client, segment, name="detail", **query):
    return client.get(reverse(f"segments:{name}", args=[segment.pk]), query)


def found(client, **query):
    return client.get(LIST, query).context["page"].rows


def text(response):
    return response.content.decode()


def plain(response):
    return text(response).replace("\xa0", " ")


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.OWNER, 200),
        (Role.ADMIN, 200),
        (Role.HEAD, 200),
        (Role.MARKETER, 200),
        (Role.MANAGER, 200),
        (Role.AUDITOR, 200),
        (Role.PARTNER, 403),
    ],
)
def test_who_sees_segments(as_role, role, status):
    client, segment = as_role(role), SegmentFactory()
    assert client.get(LIST).status_code == status
    assert page(client, segment).status_code == page(client, segment, "members").status_code == status


def test_strangers_are_sent_to_the_login(client):
    assert client.get(LIST).status_code == 302


def test_list_shows_own_and_ready_under_their_headings(marketer):
    SegmentFactory(name="Ждут смету", size=1952, refreshed_at=NOW)
    SegmentFactory(name="VIP", ready_key="lifecycle_vip")
    shown = text(marketer.get(LIST))
    assert shown.index("Ждут смету") < shown.index("VIP")
    assert "1\u202f952" in shown


def test_list_is_searched_and_ordered_by_the_names_the_reader_sees(marketer):
    gallery.ensure(NOW)
    Segment.objects.get(ready_key="rfm_fading").rename("Яхонт", "", now=NOW)
    refused = Segment.objects.get(ready_key="lifecycle_refused")
    with override("en"):
        english = refused.title
    assert english != refused.name
    assert found(marketer, q=refused.name) == [refused]
    User.objects.filter(pk=marketer.user.pk).update(language="en")
    rows = found(marketer)
    with override("en"):
        titles = [row.title for row in rows]
    assert titles == sorted(titles, key=fold)
    assert {"Яхонт", english} <= set(titles)
    assert found(marketer, q=english.upper()) == [refused]
    assert found(marketer, q=refused.name) == []


def test_list_can_be_searched_and_narrowed(marketer):
    SegmentFactory(name="Ёлки")
    SegmentFactory(name="VIP", ready_key="lifecycle_vip")
    found = text(marketer.get(LIST, {"q": "елки"}))
    assert ("Ёлки" in found, "VIP" in found) == (True, False)
    ready = text(marketer.get(LIST, {"group": "ready"}))
    assert ("Ёлки" in ready, "VIP" in ready) == (False, True)


def test_empty_list_says_what_to_do(marketer):
    assert "Сегментов пока нет" in text(marketer.get(LIST))
    assert "Ничего не найдено" in text(marketer.get(LIST, {"q": "нет такого"}))


def test_search_swaps_only_the_rows(marketer):
    SegmentFactory(name="Ждут смету")
    shown = text(marketer.get(LIST, {"q": "смету"}, **HX))
    assert "Ждут смету" in shown
    assert "<html" not in shown


def test_list_asks_few_queries_whatever_its_length(marketer, django_assert_max_num_queries):
    SegmentFactory.create_batch(20)
    with django_assert_max_num_queries(8):
        marketer.get(LIST)


def test_broken_and_paused_are_marked(marketer):
    SegmentFactory(health="broken", health_reason="Такой записи нет: 7")
    SegmentFactory(is_paused=True, paused_until=NOW + timedelta(days=9))
    shown = text(marketer.get(LIST))
    assert "Сломан" in shown
    assert "На паузе до 30\u00a0ноя 2026" in shown


def test_page_shows_members_and_who_came_and_went(marketer):
    segment = SegmentFactory(size=1, refreshed_at=NOW)
    MembershipFactory(segment=segment, contact=ContactFactory(name="Алина Галиева"))
    gone = ContactFactory(name="Игорь Егоров")
    MembershipFactory(segment=segment, contact=gone, left_at=NOW + timedelta(hours=1), left_cause="rule")
    response = page(marketer, segment)
    assert [stay.contact.name for stay in response.context["page"].rows] == ["Алина Галиева"]
    assert [step.is_entry for step in response.context["log"]] == [False, True, True]
    assert response.context["log"][0].contact == gone


def test_page_tells_once_when_it_was_refreshed(marketer):
    shown = text(page(marketer, SegmentFactory(refreshed_at=NOW)))
    assert (shown.count("пересчитан целиком"), "обновлён" in shown) == (1, False)


def test_page_and_list_tell_of_the_changes_that_were_followed_since(marketer):
    now = timezone.now()
    ChangeReader.objects.create(name="segments", caught_up_at=now - timedelta(minutes=4))
    aging = {"field": "created_at", "op": "within_last", "value": "30d"}
    tags = {"field": "tags", "op": "any_of", "value": ["эскроу"]}
    follows, ages = (SegmentFactory(rules=rules, refreshed_at=now - timedelta(minutes=13)) for rules in (tags, aging))
    assert "обновлён 4 минуты назад" in plain(page(marketer, follows))
    assert "пересчитан целиком 13 минут назад" in plain(page(marketer, ages))
    listed = plain(marketer.get(LIST))
    assert ("4 минуты назад" in listed, "целиком 13 минут назад" in listed, "пересчитан" in listed) == (
        True,
        True,
        False,
    )


def test_deleted_segment_is_not_there(marketer):
    assert page(marketer, SegmentFactory(deleted_at=NOW)).status_code == 404


def test_manager_sees_only_people_of_their_own(as_role):
    client, segment = as_role(Role.MANAGER), SegmentFactory()
    MembershipFactory(segment=segment, contact=ContactFactory(name="Чужой клиент"))
    MembershipFactory(segment=segment, contact=ContactFactory(name="Свой клиент", responsible=client.user))
    shown = text(page(client, segment))
    assert ("Свой клиент" in shown, "Чужой клиент" in shown) == (True, False)


@pytest.fixture
def shared():
    """Two segments: in the first one contact of each, in the second none of the manager's."""

    def fill(manager):
        first, second = (SegmentFactory(name=name, size=7474, refreshed_at=NOW) for name in ("Общий", "Чужой"))
        for responsible in (manager, None):
            MembershipFactory(segment=first, contact=ContactFactory(responsible=responsible))
        MembershipFactory(segment=first, contact=ContactFactory(responsible=manager), left_at=NOW, left_cause="rule")
        MembershipFactory(segment=second)
        return first, second

    return fill


def test_manager_is_told_how_many_of_their_own_are_inside_and_not_of_how_many(as_role, shared):
    client = as_role(Role.MANAGER)
    first, second = shared(client.user)
    assert client.get(LIST).context["counts"] == {first.pk: 1, second.pk: 0}
    shown = [text(client.get(LIST)), *(text(page(client, first, name)) for name in ("detail", "members"))]
    assert [("7\u202f474" in strip_tags(one), "Ваших контактов" in one) for one in shown] == [(False, True)] * 3
    assert [page(client, first, name).context["counts"] for name in ("detail", "members")] == [{first.pk: 1}] * 2


def test_manager_with_nobody_inside_is_not_told_that_nobody_is(as_role, shared):
    client = as_role(Role.MANAGER)
    shown = text(page(client, shared(client.user)[1]))
    assert ("Здесь нет ваших контактов" in shown, "Здесь пока никого" in shown) == (True, False)


@pytest.mark.parametrize("role", [Role.OWNER, Role.HEAD, Role.MARKETER, Role.AUDITOR])
def test_whoever_sees_everybody_reads_the_stored_counter(as_role, shared, role):
    client = as_role(role)
    first, second = shared(None)
    assert client.get(LIST).context["counts"] == {first.pk: 7474, second.pk: 7474}
    shown = [text(client.get(LIST)), *(text(page(client, first, name)) for name in ("detail", "members"))]
    assert [("7\u202f474" in strip_tags(one), "Ваших контактов" in one) for one in shown] == [(True, False)] * 3


def test_counting_their_own_costs_a_manager_one_query(as_role, django_assert_max_num_queries):
    client = as_role(Role.MANAGER)
    SegmentFactory.create_batch(20)
    with django_assert_max_num_queries(9):
        client.get(LIST)


def test_members_are_paged_by_key(marketer, django_assert_max_num_queries):
    segment = SegmentFactory()
    for number in range(51):
        MembershipFactory(segment=segment, entered_at=NOW + timedelta(minutes=number))
    with django_assert_max_num_queries(8):
        first = page(marketer, segment, "members")
    second = page(marketer, segment, "members", cursor=first.context["page"].next)
    assert (len(first.context["page"].rows), len(second.context["page"].rows)) == (50, 1)


def test_rule_is_drawn_as_a_tree(marketer):
    tags = {"field": "tags", "op": "any_of", "value": ["эскроу"]}
    segment = SegmentFactory(rules={"all": [tags, {"none": [tags]}]})
    shown = text(page(marketer, segment))
    assert "каждое условие (И)" in shown
    assert "кроме тех, у кого" in shown


def test_broken_segment_says_that_it_stands_still(marketer):
    segment = SegmentFactory(health="broken", health_reason="all.0: нет", rules={"segment": 99, "op": "in"})
    assert "Состав заморожен" in text(page(marketer, segment))


def test_actions_are_drawn_only_for_those_who_may(as_role):
    segment = SegmentFactory()
    assert reverse("segments:edit", args=[segment.pk]) not in text(page(as_role(Role.AUDITOR), segment))
    assert reverse("segments:edit", args=[segment.pk]) in text(page(as_role(Role.HEAD), segment))
    assert Segment.objects.count() == 1
