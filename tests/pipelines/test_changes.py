"""pipelines.changes: the log is read by transaction watermark."""

from datetime import UTC, datetime

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from pipelines import changes
from pipelines.models import Change, ChangeReader, Origin

AT = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)


def record(subject_id: int) -> None:
    changes.record("contact.updated", subject_id, origin=Origin.UI, at=AT)


def read(reader: str = "test") -> list[int]:
    with changes.reading(reader) as batch:
        return [change.subject_id for change in batch]


def other_session(database: str = "") -> psycopg.Connection:
    settings = connection.settings_dict
    return psycopg.connect(
        dbname=database or settings["NAME"], host=settings["HOST"], port=settings["PORT"], user=settings["USER"]
    )


@pytest.mark.django_db(transaction=True)
def test_reader_gets_each_change_once_in_order():
    record(1)
    record(2)
    assert read() == [1, 2]
    assert read() == []


@pytest.mark.django_db(transaction=True)
def test_change_that_commits_late_is_not_lost():
    with other_session() as slow:
        slow.execute(
            "INSERT INTO pipelines_change (type, subject_id, occurred_at, origin, data)"
            " VALUES ('contact.updated', 7, now(), 'ui', '{}')"
        )
        record(8)
        assert read() == []  # 8 waits behind the transaction that may still commit an older one
        slow.commit()
    assert read() == [7, 8]


@pytest.mark.django_db(transaction=True)
def test_long_transaction_in_a_neighbour_database_holds_nobody_up():
    with other_session("postgres") as neighbour:
        neighbour.execute("SELECT pg_current_xact_id()")
        record(1)
        assert read() == [1]


@pytest.mark.django_db(transaction=True)
def test_what_a_reader_writes_itself_comes_back_to_it():
    record(1)
    with changes.reading("test") as batch, other_session() as other:
        assert len(batch) == 1
        record(2)
        other.execute("SELECT pg_current_xact_id()")
        assert changes.safe_horizon() <= Change.objects.get(subject_id=2).xid
    assert read() == [2]


@pytest.mark.django_db(transaction=True)
def test_position_stays_when_the_effects_fail():
    record(1)
    with pytest.raises(RuntimeError), changes.reading("test"):
        raise RuntimeError
    assert read() == [1]


@pytest.mark.django_db(transaction=True)
def test_reader_can_start_without_the_past():
    record(1)
    changes.start_here("test")
    record(2)
    assert read() == [2]
    assert ChangeReader.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_reader_knows_until_when_it_has_read_everything():
    assert changes.caught_up_at("test") is None
    before = timezone.now()
    assert read() == []
    caught_up = changes.caught_up_at("test")
    assert before <= caught_up <= timezone.now()
    record(1)
    assert read() == [1]
    assert changes.caught_up_at("test") == caught_up  # there may be more
    assert read() == []
    assert changes.caught_up_at("test") > caught_up


@pytest.mark.django_db(transaction=True)
def test_change_that_waits_for_an_older_transaction_is_not_said_to_be_read():
    with other_session() as slow:
        slow.execute("SELECT pg_current_xact_id()")
        record(1)
        assert read() == []
        assert changes.caught_up_at("test") is None
        slow.commit()
    assert (read(), read()) == ([1], [])
    assert changes.caught_up_at("test")
