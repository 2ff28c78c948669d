import pytest
from django.db import connection

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
