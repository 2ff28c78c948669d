import pytest

from crmseg.accounts.models import Role
from tests.factories import UserFactory


@pytest.fixture
def login(client):
    """A client of somebody with a role."""

    def enter(role: Role = Role.HEAD, **fields):
        client.user = UserFactory(role=role, **fields)
        client.force_login(client.user)
        return client

    return enter


@pytest.fixture
def htmx():
    """Headers of a request that htmx makes; ``target`` is the id of the element that waits for the answer."""

    def headers(target: str = "") -> dict[str, str]:
        return {"HX-Request": "true"} | ({"HX-Target": target} if target else {})

    return headers
