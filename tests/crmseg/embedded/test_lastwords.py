"""A server that did not start: its cause, not the echo of our own asking, and in our words."""

import signal
from subprocess import Popen

import pytest

from crmseg.embedded import program

AT = "2026-11-22 13:10:59.592 UTC [27534] "
INTERRUPTED = f"{AT}LOG:  database system was interrupted; last known up at 2026-11-22 13:10:50 UTC"
ECHO = f"{AT}FATAL:  the database system is starting up"
BEFORE = f"{AT}PANIC:  could not write: No space left on device\n--- postgres starts"
NO_CONFIG = f'{AT}FATAL:  could not open file "/d/pg_hba.conf": No such file or directory'
UNKNOWN = f'{AT}FATAL:  configuration file "/d/postgresql.conf" contains errors'
CUT = f"{AT}PANIC:  could not locate a valid checkpoint record at 0/1"
TAKEN_DOWN = f"{AT}LOG:  received fast shutdown request\n{AT}FATAL:  the database system is shutting down"
SHUT_DOWN = f"{AT}LOG:  database system is shut down"
REDIS_AT = "812:M 22 Nov 2026 13:10:59.592 "
REDIS = f"{REDIS_AT}* Server initialized\n{REDIS_AT}# Failed opening Unix socket: bind: Permission denied"


def told(tmp_path, lines: str, process: Popen[bytes] | None = None) -> str:
    log = tmp_path / "server.log"
    log.write_text(f"{lines}\n")
    return str(program.failed("Сервер", log, process)).removesuffix(f" Журнал: {log}")


@pytest.mark.parametrize(
    ("lines", "ours"),
    [
        (f"{INTERRUPTED}\n{ECHO}", "."),
        (f"{NO_CONFIG}\n{ECHO}", ": нет файла /d/pg_hba.conf."),
        (f"{CUT}\n{ECHO}", ": файлы базы повреждены: верните каталог из копии."),
        (f"{UNKNOWN}\n{SHUT_DOWN}", ' (configuration file "/d/postgresql.conf" contains errors).'),
        (f"{TAKEN_DOWN}\n{SHUT_DOWN}", ": остановлен извне."),
        (f"{AT}LOG:  startup process (PID 7) was terminated by signal 9: Killed", ": остановлен извне."),
        (f"{BEFORE}\n{INTERRUPTED}", "."),
        (f"{AT}PANIC:  could not write: No space left on device", ". На диске нет места."),
        ("initdb: error: the moon is full", " (the moon is full)."),
        ("initdb: error: could not create directory: Permission denied", ": нет прав."),
        (REDIS, ": нет прав."),
        (f"{REDIS_AT}# Received SIGTERM scheduling shutdown...", ": остановлен извне."),
        ("", ": журнал пуст."),
    ],
)
def test_cause_of_a_failed_start(tmp_path, lines, ours):
    assert told(tmp_path, lines) == f"Сервер не запустился{ours}"


def test_server_that_was_killed_while_it_recovered_was_ended_from_outside(tmp_path):
    killed = Popen(["sleep", "60"])
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert told(tmp_path, f"{INTERRUPTED}\n{ECHO}", killed) == "Сервер не запустился: остановлен извне."
