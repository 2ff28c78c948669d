from unittest.mock import patch

import pytest
from django.db import DatabaseError

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


def test_silent_database_is_told_not_raised(monkeypatch):
    with patch.object(health.connection, "cursor", side_effect=DatabaseError):
        assert health.database_answers() is False


def test_full_disk_is_noticed(monkeypatch):
    monkeypatch.setattr(health, "FREE_BYTES", 1 << 62)
    assert health.disk_has_room() is False
