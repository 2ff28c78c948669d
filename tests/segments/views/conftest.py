import pytest

from crmseg.accounts.models import Role
from tests.factories import UserFactory

HX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def as_role(client):
    """Log in with a role; returns the client."""

    def enter(role):
        user = UserFactory(role=role)
        client.force_login(user)
        client.user = user
        return client

    return enter


@pytest.fixture
def marketer(as_role):
    return as_role(Role.MARKETER)


@pytest.fixture
def sent(monkeypatch):
    """Segments handed to a worker."""
    handed = []
    monkeypatch.setattr("segments.tasks.refresh_soon", lambda segment: handed.append(segment.pk))
    return handed
