import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from crmseg.management.commands import benchmark
from crmseg.management.commands.benchmark import database_of_its_own
from pipelines.models import Contact
from tests.factories import ContactFactory


def database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        return str(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_a_benchmark_never_touches_the_data_of_the_company(settings):
    own = database()  # opens the pool, as migrations do before the command
    ContactFactory(name="Анна")
    connection.close()
    with database_of_its_own():
        assert database() == f"{own}_benchmark"
        assert not Contact.objects.exists()
        ContactFactory(name="Замер")
        connection.close()
    assert database() == own
    assert Contact.objects.get().name == "Анна"


def databases() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database")
        return {str(name) for (name,) in cursor.fetchall()}


@pytest.mark.django_db(transaction=True)
def test_a_second_benchmark_at_once_is_refused_and_leaves_the_first_alone(monkeypatch):
    measured = []
    monkeypatch.setattr(benchmark.Command, "_run", lambda self, name, given: measured.append(name))
    with benchmark.alone(), pytest.raises(CommandError, match=r"^Другой замер уже идёт, дождитесь его\.$"):
        call_command("benchmark", "send")
    assert measured == []
    call_command("benchmark", "send")
    assert measured == ["send"]


@pytest.mark.django_db(transaction=True)
def test_the_database_of_a_killed_benchmark_is_taken_over_and_removed():
    left = f"{database()}_benchmark"
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{left}"')
    with database_of_its_own():
        assert not Contact.objects.exists()
        connection.close()
    assert left not in databases()
