"""celery and gunicorn, started without manage.py: one line of ours and exit 1 instead of retries and tracebacks."""

import os
import re
import runpy
import socket
import subprocess
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from django.db import InternalError
from psycopg import errors

from crmseg import embedded
from crmseg.celery import app
from crmseg.starting import messages, schema, standalone, statics
from tests.crmseg.conftest import ROOT, command

PRODUCTION = {"SECRET_KEY": "0123456789" * 5, "FIELD_KEYS": "0123456789" * 5}
WORKER = ["celery", "-A", "crmseg", "worker"]
BEAT = ["celery", "-A", "crmseg", "beat"]
SITE = ["gunicorn", "crmseg.wsgi", "--bind", "127.0.0.1:0"]
NOTHING = "Встроенные PostgreSQL и Redis не запущены, а DATABASE_URL и REDIS_URL не заданы. "


def started(program: list[str], **env: str) -> subprocess.CompletedProcess:
    return command(*program[1:], module=program[0], env={**os.environ, **env})


@pytest.mark.parametrize("program", [WORKER, BEAT, SITE], ids=["worker", "beat", "gunicorn"])
def test_without_servers_one_line_is_told(empty_dir, program):
    ended = started(program)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)
    assert ended.stderr.startswith(NOTHING)


@pytest.mark.parametrize("program", [WORKER, SITE], ids=["worker", "gunicorn"])
def test_wrong_address_is_told_in_the_language_of_the_installation(empty_dir, program, redis_url):
    servers = {"DATABASE_URL": "postgres://crm:tayna@127.0.0.1:1/crm", "REDIS_URL": redis_url}
    ended = started(program, LANGUAGE_CODE="en", **servers, **PRODUCTION)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert ended.stderr.startswith(
        "The database does not answer: postgres://crm:***@127.0.0.1:1/crm: the connection was "
    )


@pytest.mark.parametrize("program", [BEAT, SITE], ids=["beat", "gunicorn"])
def test_missing_secrets_are_told(empty_dir, program, redis_url):
    ended = started(program, DATABASE_URL="mysql://crm", REDIS_URL=redis_url)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert re.findall(r"\d\) (\w+)", ended.stderr) == ["SECRET_KEY", "FIELD_KEYS", "DATABASE_URL"]


def test_unprepared_processes_are_told_what_to_run(data_dir):
    with embedded.servers(data_dir, durable=False):
        worker = started(WORKER, CRMSEG_EMBEDDED="", **PRODUCTION)
        ended = started(SITE)
    assert (worker.returncode, worker.stdout, worker.stderr.count("\n")) == (1, "", 1)
    assert worker.stderr.startswith("База не готова, не применено миграций: ")
    told = re.findall(r"Выполните: (.+?)(?:;|\.$)", ended.stderr.strip())
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert told == ["python3 manage.py migrate", "python3 manage.py collectstatic --noinput"]


def test_words_are_asked_for_too(monkeypatch):
    monkeypatch.setattr(schema, "missing_for_good", set)
    monkeypatch.setattr(statics, "are_collected", lambda: True)
    assert standalone.unprepared() == []
    monkeypatch.setattr(messages, "are_compiled", lambda: False)
    assert standalone.unprepared() == ["Переводы не собраны. Выполните: python3 manage.py compilemessages"]


def test_a_taken_port_of_the_site_is_told_once(capfd, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        server = SimpleNamespace(cfg=SimpleNamespace(address=["/run/site.sock", busy.getsockname()[:2]]))
        monkeypatch.setenv("CRMSEG_GATE", "so that reading the file asks nothing")
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(ROOT / "gunicorn.conf.py"))["on_starting"](server)
    told = capfd.readouterr().err
    assert (ended.value.code, told.count("\n")) == (1, 1)
    assert re.fullmatch(r"Порт \d+ занят. Укажите другой: --bind 127\.0\.0\.1:\d+\n", told)


def test_a_site_started_elsewhere_without_servers_says_so_and_ends(empty_dir):
    ended = started([*SITE, "--config", os.devnull])
    assert ended.returncode == 3
    assert NOTHING in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_site_without_our_gunicorn_settings_ends_as_gunicorn_can(empty_dir):
    ended = started(
        [*SITE, "--config", os.devnull], DATABASE_URL="postgres://crm@127.0.0.1:1/crm", **PRODUCTION, DEBUG="?"
    )
    assert ended.returncode == 3
    assert "DEBUG: ожидалось 1 или 0" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("program", "expected"),
    [("/venv/bin/celery", True), ("/lib/celery/__main__.py", True), ("manage.py", False), ("gunicorn", False)],
)
def test_celery_is_known_by_its_name(program, expected):
    assert standalone.is_celery([program]) is expected


def test_help_asks_nothing(monkeypatch):
    monkeypatch.setattr(standalone, "faults", lambda asked: pytest.fail("asked"))
    standalone.refuse_celery(["celery", "-A", "crmseg", "worker", "--help"])


@pytest.mark.parametrize(("command", "code"), [("worker", 1), ("beat", 1), ("inspect", None)])
def test_workers_and_the_clock_refuse_an_old_schema(monkeypatch, capsys, command, code):
    monkeypatch.delenv("CRMSEG_EMBEDDED", raising=False)
    monkeypatch.setattr(standalone, "faults", lambda asked: [])
    monkeypatch.setattr(schema, "missing_for_good", lambda: {("segments", "0009_new")})
    ended = None
    try:
        standalone.refuse_celery(["celery", "-A", "crmseg", command])
    except SystemExit as exit:
        ended = exit.code
    assert (ended, "не применено миграций: 1." in capsys.readouterr().err) == (code, code == 1)


@pytest.mark.parametrize(("command", "asked"), [("inspect", {"REDIS_URL"}), ("report", set())])
def test_celery_asks_for_what_it_needs(monkeypatch, command, asked):
    seen = []
    monkeypatch.delenv("CRMSEG_EMBEDDED", raising=False)
    monkeypatch.setattr(standalone, "faults", lambda asked: seen.append(set(asked)) or [])
    standalone.refuse_celery(["celery", "-A", "crmseg", command])
    assert seen == [asked]


def test_the_clock_keeps_its_schedule_with_the_data(monkeypatch, settings, tmp_path):
    assert app.conf.beat_schedule_filename == f"{settings.DATA_DIR}/run/beat"
    settings.CELERY_BEAT_SCHEDULE_FILENAME = str(tmp_path / "data" / "run" / "beat")
    monkeypatch.setattr(standalone, "faults", lambda asked: [])
    standalone.refuse_celery(["celery", "-A", "crmseg", "worker"])
    assert not (tmp_path / "data").exists()
    standalone.refuse_celery(["celery", "-A", "crmseg", "beat"])
    assert (tmp_path / "data" / "run").is_dir()


@pytest.mark.parametrize(
    ("options", "code"), [("-l INFO", 1), ("-s /tmp/x", 0), ("-s/x", 0), ("--schedule=/x", 0), ("--scheduler=x", 1)]
)
def test_a_clock_without_a_place_for_its_schedule_is_told(monkeypatch, settings, tmp_path, capsys, options, code):
    (tmp_path / "file").touch()
    settings.CELERY_BEAT_SCHEDULE_FILENAME = str(tmp_path / "file" / "beat")
    monkeypatch.setattr(standalone, "faults", lambda asked: [])
    with pytest.raises(SystemExit) if code else nullcontext():
        standalone.refuse_celery(["celery", "-A", "crmseg", "beat", *options.split()])
    told = f"В каталог {tmp_path}/file нельзя писать: это не каталог. Задайте другой: DATA_DIR\n"
    assert capsys.readouterr().err == told * code


def test_a_damaged_database_is_told_in_one_line(monkeypatch):
    def unapplied():
        raise InternalError("damaged") from errors.DataCorrupted('invalid page in block 0 of relation "base/1/2"')

    monkeypatch.setattr(schema, "unapplied", unapplied)
    monkeypatch.delenv("CRMSEG_EMBEDDED", raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgres://crm@h/crm")
    told = "База postgres://crm@h/crm не работает: файл базы base/1/2 повреждён: верните каталог из копии."
    assert standalone.old_schema() == told
