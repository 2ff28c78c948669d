from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmseg.accounts.models import User
from crmseg.web.paging import Keyset
from tests.factories import NOW, UserFactory

pytestmark = pytest.mark.django_db


def walk(keyset, limit=20):
    """All pages from the first to the last, then back again; never more than there are rows."""
    forward = [keyset.page()]
    while forward[-1].next and len(forward) < limit:
        forward.append(keyset.page(forward[-1].next))
    back = [forward[-1]]
    while back[0].previous and len(back) < limit:
        back.insert(0, keyset.page(back[0].previous))
    return forward, back


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(st.one_of(st.none(), st.integers(1, 4)), max_size=14),
    size=st.integers(1, 5),
    descending=st.booleans(),
)
def test_pages_hold_every_row_once_in_order_both_ways(values, size, descending):
    User.objects.all().delete()
    numbers = [None if value is None else value * 100 + index for index, value in enumerate(values)]
    User.objects.bulk_create(User(email=f"u{i}@x.example", amo_id=n) for i, n in enumerate(numbers))
    order = ("-amo_id" if descending else "amo_id", "id")
    keyset = Keyset(User.objects.all(), order=order, size=size)
    pages, back = walk(keyset)
    forward = [row.pk for page in pages for row in page.rows]
    rows = sorted(
        User.objects.all(), key=lambda u: (u.amo_id is None, (u.amo_id or 0) * (-1 if descending else 1), u.pk)
    )
    assert forward == [row.pk for row in rows]
    assert [row.pk for page in back for row in page.rows] == forward


def test_equal_leading_values_are_parted_by_the_last_column():
    people = UserFactory.create_batch(5, name="Юлия")
    first = Keyset(User.objects.all(), order=("name", "id"), size=2).page()
    second = Keyset(User.objects.all(), order=("name", "id"), size=2).page(first.next)
    assert [row.pk for row in second.rows] == [person.pk for person in people[2:4]]


def test_new_rows_on_top_do_not_shift_the_next_page():
    people = UserFactory.create_batch(4)
    for age, person in enumerate(people):
        User.objects.filter(pk=person.pk).update(created_at=NOW - timedelta(days=age))
    keyset = Keyset(User.objects.all(), size=2)
    cursor = keyset.page().next
    UserFactory()
    assert [row.pk for row in keyset.page(cursor).rows] == [people[2].pk, people[3].pk]


@pytest.mark.parametrize("cursor", ["", "garbage", "eyJ4IjoxfQ:1abc:sig", None])
def test_bad_cursor_means_the_first_page(cursor):
    person = UserFactory()
    assert Keyset(User.objects.all()).page(cursor).rows == [person]


def test_cursor_of_another_order_means_the_first_page():
    UserFactory.create_batch(3)
    cursor = Keyset(User.objects.all(), order=("name", "id"), size=1).page().next
    by_id = Keyset(User.objects.all(), order=("id",), size=1)
    assert by_id.page(cursor).rows == by_id.page().rows
