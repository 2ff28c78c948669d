"""pipelines.arming: a restored database sends nothing until a person says so, and its log goes on (D13)."""

import pytest
from django.db import connection
from django.db.models import F

from pipelines import arming, changes
from pipelines.models import Change, ChangeReader, Home, Origin
from tests.factories import NOW, UserFactory

pytestmark = pytest.mark.django_db
AHEAD = 10**12  # the other cluster had seen many more transactions


def restored() -> None:
    """As if this database had been dumped on another server."""
    arming.is_armed(NOW)
    Home.objects.update(server="7311/00000001/5/16400")


def told(subject: int) -> Change:
    return changes.record("contact.updated", subject, origin=Origin.UI, at=NOW)


def test_database_at_home_is_armed_and_stays_so():
    assert arming.is_armed(NOW)
    assert arming.is_armed(NOW)


def test_two_processes_that_look_first_at_once_make_one_home_and_no_error():
    def another_is_first(execute, sql, *given):
        if sql.startswith('INSERT INTO "pipelines_home"'):
            connection.connection.execute("INSERT INTO pipelines_home (id, server) VALUES (1, 'theirs')")
        return execute(sql, *given)

    with connection.execute_wrapper(another_is_first):
        assert arming.is_armed(NOW)
    assert Home.objects.get().server == "theirs"


def test_database_elsewhere_is_disarmed_until_a_person_arms_it():
    restored()
    assert not arming.is_armed(NOW)
    assert not arming.is_armed(NOW)
    person = UserFactory()
    assert Home.objects.get().arm(person, NOW)
    assert arming.is_armed(NOW)
    assert Home.objects.get().armed_by == person


def test_new_table_is_another_home():
    """A dump that is read back into the same server makes the tables anew."""
    arming.is_armed(NOW)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE pipelines_home RENAME TO old_home")
        cursor.execute("CREATE TABLE pipelines_home (LIKE old_home INCLUDING ALL)")
        cursor.execute("INSERT INTO pipelines_home SELECT * FROM old_home")
    assert not arming.is_armed(NOW)


def files(of: str) -> None:
    """What the embedded server tells of its files."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('crmseg.files', %s, true)", [of])


def test_copied_directory_is_another_home():
    files("1-2")
    assert arming.is_armed(NOW)
    assert arming.is_armed(NOW)
    files("3-4")
    assert not arming.is_armed(NOW)


def test_home_that_an_older_crmseg_wrote_down_without_files_is_the_same():
    files("")
    assert arming.is_armed(NOW)
    files("1-2")
    assert arming.is_armed(NOW)
    assert Home.objects.get().server.endswith("/1-2")
    files("1-3")
    assert not arming.is_armed(NOW)


def read(reader: str) -> list[int]:
    with changes.reading(reader) as batch:
        return [change.subject_id for change in batch]


@pytest.mark.django_db(transaction=True)
def test_what_was_unread_in_the_copy_is_read_once_and_in_order():
    for subject in (1, 2, 3):
        told(subject)
    assert read("amocrm.push") == [1, 2, 3]
    for subject in (4, 5):
        told(subject)
    Change.objects.update(xid=F("xid") + AHEAD)
    ChangeReader.objects.update(xid=F("xid") + AHEAD)
    told(6)  # written here before anybody noticed
    restored()
    assert not arming.is_armed(NOW)
    assert read("amocrm.push") == [4, 5, 6]
    assert read("segments") == [1, 2, 3, 4, 5, 6]


def test_log_of_the_same_cluster_is_left_as_it_is():
    told(1)
    before = list(Change.objects.values_list("xid", flat=True))
    restored()
    arming.is_armed(NOW)
    assert list(Change.objects.values_list("xid", flat=True)) == before
