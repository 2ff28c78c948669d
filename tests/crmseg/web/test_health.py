import psycopg
import pytest
from psycopg_pool import ConnectionPool, PoolTimeout

from crmseg.web import health


def test_live_answers_without_login_or_database(client):
    assert client.get("/livez").content == b"ok"


@pytest.mark.django_db
def test_ready_names_every_check(client):
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"database": True, "migrations": True, "disk": True}


@pytest.mark.django_db
@pytest.mark.parametrize("failing", ["database", "migrations", "disk"])
def test_not_ready_when_one_check_fails(client, monkeypatch, failing):
    monkeypatch.setitem(health.CHECKS, failing, lambda: False)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()[failing] is False


@pytest.mark.django_db
def test_a_silent_database_is_waited_for_once_and_shortly(client, monkeypatch):
    waited = []

    def getconn(pool, timeout=None):
        waited.append(timeout)
        raise PoolTimeout

    monkeypatch.setattr(ConnectionPool, "getconn", getconn)
    monkeypatch.setattr(health, "_migrated", False)
    response = client.get("/readyz")
    assert (response.status_code, waited) == (503, [health.ANSWERS_WITHIN])
    assert response.json() == {"database": False, "migrations": False, "disk": True}


def test_what_was_applied_is_known_without_the_database(client, monkeypatch):
    monkeypatch.setitem(health.CHECKS, "database", lambda: False)
    monkeypatch.setattr(health, "_migrated", True)
    assert client.get("/readyz").json()["migrations"] is True


@pytest.mark.django_db
def test_a_connection_that_broke_is_told_not_raised(monkeypatch):
    def execute(own, *query):
        raise psycopg.OperationalError

    monkeypatch.setattr(psycopg.Connection, "execute", execute)
    assert health.database_answers() is False


def test_full_disk_is_noticed(monkeypatch):
    monkeypatch.setattr(health, "FREE_BYTES", 1 << 62)
    assert health.disk_has_room() is False
