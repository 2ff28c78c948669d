import pytest

from integrations.channels.catcher import HOST, Catcher
from integrations.channels.email.channel import EmailChannel
from tests.patience import PATIENCE


@pytest.fixture
def catcher(tmp_path):
    with Catcher(tmp_path / "letters") as catcher:
        yield catcher


def email_url(port):
    return {"host": HOST, "port": port, "user": "", "password": "", "ssl": False, "starttls": False}


@pytest.fixture
def channel(catcher):
    return EmailChannel(email_url(catcher.ports.smtp), sender="Дом у озера <info@ozero.example>", timeout=PATIENCE)
