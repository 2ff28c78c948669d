import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from integrations.channels.mailbox import Mailbox
from tests.patience import PATIENCE

from .test_mime import envelope


def get(catcher, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{catcher.ports.http}{path}") as response:
        return response.read().decode(), dict(response.headers)


@pytest.fixture
def letter(catcher, channel):
    with channel.open() as connection:
        connection.send(envelope(subject="<b>Смета</b>", html="<p>Дом</p><script>alert(1)</script>"))
    return catcher.letters()[0]


def test_list_names_every_letter(catcher, letter):
    page, _ = get(catcher, "/")
    assert "elena@mail.example" in page
    assert "&lt;b&gt;Смета" in page


def test_letter_is_shown_in_a_sandbox(catcher, letter):
    page, headers = get(catcher, f"/letters/{letter['name']}/")
    assert "<iframe sandbox" in page
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    body, headers = get(catcher, f"/letters/{letter['name']}/html")
    assert "<p>Дом</p>" in body
    assert headers["Content-Security-Policy"].startswith("sandbox")


def test_mailbox_speaks_the_language_of_the_installation(catcher, letter, monkeypatch):
    monkeypatch.setenv("LANGUAGE_CODE", "en")
    page, _ = get(catcher, "/")
    shown, _ = get(catcher, f"/letters/{letter['name']}/")
    assert '<html lang="en">' in page
    assert "Emails: 1" in page
    assert [word in shown for word in ("All emails", "Headers", "Заголовки")] == [True, True, False]


@pytest.mark.parametrize(
    ("language", "zone", "words"),
    [("ru", "", "1 июл 2026, 23:30"), ("en", "Asia/Yekaterinburg", "2 Jul 2026, 01:30")],
)
def test_mailbox_tells_the_time_of_the_installation(catcher, monkeypatch, language, zone, words):
    monkeypatch.setenv("LANGUAGE_CODE", language)
    monkeypatch.setenv("TIME_ZONE", zone)
    name = catcher.mailbox.keep(b"Subject: x\r\nDate: Wed, 01 Jul 2026 20:30:00 +0000\r\n\r\n", "a@b", ["c@d"])
    assert words in get(catcher, "/")[0]
    assert words in get(catcher, f"/letters/{name}/")[0]


def test_odd_date_is_shown_as_it_came(catcher):
    catcher.mailbox.keep(b"Subject: x\r\nDate: <soon>\r\n\r\n", "a@b", ["c@d"])
    assert "&lt;soon&gt;" in get(catcher, "/")[0]


def test_json_holds_headers_and_bodies(catcher, letter):
    body, _ = get(catcher, "/messages.json")
    found = json.loads(body)["messages"][0]
    assert found["text"].strip() == "Здравствуйте"
    assert ["List-Unsubscribe-Post", "List-Unsubscribe=One-Click"] in found["headers"]


@pytest.mark.parametrize("path", ["/letters/x/", "/letters/..%2f..%2fetc%2fpasswd/", "/nothing"])
def test_what_is_not_there_is_not_found(catcher, path):
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(catcher, path)


def test_mailbox_goes_on_counting_in_an_old_directory(tmp_path):
    names = [Mailbox(tmp_path).keep(b"Subject: x\r\n\r\n", "a@b", ["c@d"]) for _ in range(2)]
    assert [name[:8] for name in names] == ["00000001", "00000002"]


def test_catcher_runs_as_a_program_and_ends_on_sigterm(tmp_path):
    program = subprocess.Popen(
        [sys.executable, "-m", "integrations.channels.catcher", "--smtp-port=0", "--http-port=0", f"--dir={tmp_path}"],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    )
    assert "letters on http://127.0.0.1:" in program.stderr.readline()
    program.send_signal(signal.SIGTERM)
    assert program.wait(PATIENCE) == 0
