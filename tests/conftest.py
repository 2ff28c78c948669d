import pytest
from django.utils.translation.reloader import translation_file_changed
from hypothesis import settings as hypothesis_settings

from crmseg.starting import messages

hypothesis_settings.register_profile("crmseg", deadline=None, derandomize=True)
hypothesis_settings.load_profile("crmseg")


def pytest_configure(config: pytest.Config) -> None:
    """Words are compiled once, before any worker reads them."""
    if not hasattr(config, "workerinput") and messages.compile_stale():
        translation_file_changed(None, messages.catalogues()[0].with_suffix(".mo"))  # forget what was read before


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests first: at the end they would leave all processors but one without work."""
    items.sort(key=lambda item: not _is_long(item))


def _is_long(item: pytest.Item) -> bool:
    database = item.get_closest_marker("django_db")
    commits = database is not None and database.kwargs.get("transaction", False)
    return commits or any(item.get_closest_marker(name) for name in ("browser", "tree"))


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
