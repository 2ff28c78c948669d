import os
import signal
import socket
from functools import partial

import psycopg
import pytest
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper

from crmseg.web import health

CHECKS = {"database": "database_answers", "migrations": "migrations_are_applied", "disk": "disk_has_room"}


def refuse(*asked) -> bool:
    return False


@pytest.fixture
def silent(monkeypatch):
    """A server that takes a call and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        for name, value in zip(("HOST", "PORT"), server.getsockname(), strict=True):
            monkeypatch.setitem(connection.settings_dict, name, str(value))
        yield


def test_live_answers_without_login_or_database(client):
    assert client.get("/livez").content == b"ok"


@pytest.mark.django_db
def test_ready_names_every_check(client):
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"database": True, "migrations": True, "disk": True}


@pytest.mark.django_db
@pytest.mark.parametrize("failing", CHECKS)
def test_not_ready_when_one_check_fails(client, monkeypatch, failing):
    monkeypatch.setattr(health, CHECKS[failing], refuse)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()[failing] is False


@pytest.mark.django_db
def test_a_silent_database_is_asked_once_and_nothing_else_of_it(client, monkeypatch, silent):
    monkeypatch.setattr(health, "_migrated", False)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"database": False, "migrations": False, "disk": True}


@pytest.mark.django_db
def test_a_database_that_falls_silent_between_two_words_is_not_waited_for(monkeypatch):
    frozen = []

    def connect(to, **params):
        own = to(**params)
        frozen.append(own.info.backend_pid)
        os.kill(frozen[0], signal.SIGSTOP)
        return own

    monkeypatch.setattr(psycopg, "connect", partial(connect, psycopg.connect))
    monkeypatch.setattr(health, "ANSWERS_WITHIN_MS", 10)
    try:
        assert health.database_answers() is False
    finally:
        os.kill(frozen[0], signal.SIGCONT)


@pytest.mark.django_db
def test_what_the_pool_holds_is_not_asked(monkeypatch):
    """It may hang with the database, and its own check of it as well."""
    monkeypatch.setattr(DatabaseWrapper, "pool", None)
    assert health.database_answers() is True


def test_what_was_applied_is_known_without_the_database(client, monkeypatch):
    monkeypatch.setattr(health, "database_answers", refuse)
    monkeypatch.setattr(health, "_migrated", True)
    assert client.get("/readyz").json()["migrations"] is True


@pytest.mark.django_db
def test_a_connection_that_broke_is_told_not_raised(monkeypatch):
    def connect(to, **params):
        own = to(**params)
        own.pgconn.finish()
        return own

    monkeypatch.setattr(psycopg, "connect", partial(connect, psycopg.connect))
    assert health.database_answers() is False


def test_full_disk_is_noticed(monkeypatch):
    monkeypatch.setattr(health, "FREE_BYTES", 1 << 62)
    assert health.disk_has_room() is False
