import pytest
from rest_framework.test import APIClient

from crmseg.accounts.models import ApiKey


@pytest.fixture
def partner(db):
    """A client with a key: ``partner("contacts:read")``."""

    def with_scopes(*scopes: str) -> APIClient:
        _key, secret = ApiKey.issue("Партнёр", list(scopes))
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        return client

    return with_scopes
