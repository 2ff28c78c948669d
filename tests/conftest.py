import pytest
from hypothesis import settings as hypothesis_settings

hypothesis_settings.register_profile("crmseg", deadline=None, derandomize=True)
hypothesis_settings.load_profile("crmseg")


@pytest.fixture(autouse=True)
def _plain_static_files(settings):
    """Pages under test need no collected static files."""
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


@pytest.fixture(autouse=True)
def _quick_passwords(settings):
    """People under test need no slow hash."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
