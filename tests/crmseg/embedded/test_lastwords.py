"""A server that did not start: its cause, not the echo of our own asking, and in our words."""

import signal
from subprocess import Popen

import pytest

from crmseg.embedded import program

AT = "2026-11-22 13:10:59.592 UTC [27534] "
SHUT_DOWN = f"{AT}LOG:  database system is shut down"
INTERRUPTED = f"{AT}LOG:  database system was interrupted; last known up at 2026-11-22 13:10:50 UTC"
ECHO = f"{AT}FATAL:  the database system is starting up"
BEFORE = f"{AT}PANIC:  could not write: No space left on device\n--- postgres starts"
NO_CONFIG = f'{AT}FATAL:  could not open file "/d/pg_hba.conf": No such file or directory'
UNKNOWN = f'{AT}FATAL:  configuration file "/d/postgresql.conf" contains errors'
CUT = f"{AT}PANIC:  could not locate a valid checkpoint record at 0/1"
IN_CONF = f"{UNKNOWN}\n{SHUT_DOWN}"
NO_PARAMETER = f'{AT}LOG:  unrecognized configuration parameter "nonsense" in file "/d/postgresql.conf" line 889'
NO_VALUE = f'{AT}LOG:  invalid value for parameter "work_mem": "4 parrots"\n{AT}HINT:  Valid units are "B" and "kB".'
NO_RANGE = f'{AT}LOG:  8 kB is outside the valid range for parameter "work_mem" (64 kB .. 2147483647 kB)'
NO_SYNTAX = f'{AT}LOG:  syntax error in file "/d/postgresql.conf" line 7, near token "="'
HBA = f"""{AT}LOG:  invalid connection type "garbage"
{AT}CONTEXT:  line 127 of configuration file "/d/pg_hba.conf"
{AT}FATAL:  could not load /d/pg_hba.conf
{SHUT_DOWN}"""
HBA_EMPTY = f"""{AT}LOG:  configuration file "/d/pg_hba.conf" contains no entries
{AT}FATAL:  could not load /d/pg_hba.conf"""
HBA_GONE = HBA_EMPTY.replace("configuration", "could not open").replace(
    " contains no entries", ": No such file or directory"
)
HBA_CLOSED = HBA_GONE.replace("No such file or directory", "Permission denied")
CONF_CLOSED = f"""{AT}LOG:  could not open configuration file "/d/postgresql.conf": Permission denied
{UNKNOWN}"""
SHUT = ": pg_hba.conf в каталоге базы не впускает crmseg: верните в него строку «local all all trust»."
REFUSED = 'psql: error: connection to server on socket "/s/.s.PGSQL.5432" failed: '
FOR_HOST = 'for host "[local]", user "crmseg", database "postgres", no encryption'
NO_WAL = f'{AT}FATAL:  required WAL directory "pg_wal" does not exist\n{AT}LOG:  terminating any other processes'
INCOMPATIBLE = f"""{AT}FATAL:  database files are incompatible with server
{AT}HINT:  It looks like you need to initdb."""
NO_DIRECTORY = f"""{AT}FATAL:  database "crmseg" does not exist
{AT}DETAIL:  The database subdirectory "base/16384" is missing.
\\connect: connection to server on socket "/s" failed: FATAL:  database "crmseg" does not exist"""
CALLED = 'psql: error: connection to server on socket "/s/.s.PGSQL.5432" failed: FATAL:  the moon is full'
NO_CONTROL = """postgres: could not find the database system
Expected to find it in the directory "/d",
but could not open file "/d/global/pg_control": No such file or directory"""
DAMAGED = ": файлы базы повреждены: верните каталог из копии."
CONTROL = ": файл базы global/pg_control повреждён: верните каталог из копии."
MAP = CONTROL.replace("pg_control", "pg_filenode.map")
NO_NOTIFY = f'{AT}FATAL:  could not open directory "pg_notify": No such file or directory'
TAKEN_DOWN = f"{AT}LOG:  received fast shutdown request\n{AT}FATAL:  the database system is shutting down"
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
        (f"{CUT}\n{ECHO}", DAMAGED),
        (f"{NO_PARAMETER}\n{IN_CONF}", ": нет параметра «nonsense» (/d/postgresql.conf, строка 889)."),
        (f"{NO_VALUE}\n{IN_CONF}", ": параметру «work_mem» не подходит «4 parrots» (/d/postgresql.conf)."),
        (f"{NO_RANGE}\n{IN_CONF}", ": параметру «work_mem» не подходит «8 kB» (/d/postgresql.conf)."),
        (f"{NO_SYNTAX}\n{IN_CONF}", ": ошибка в /d/postgresql.conf, строка 7."),
        (HBA, ": ошибка в /d/pg_hba.conf, строка 127."),
        (HBA_EMPTY, ": в /d/pg_hba.conf нет ни одной строки: верните в него «local all all trust»."),
        (HBA_GONE, ": нет файла /d/pg_hba.conf: верните его со строкой «local all all trust»."),
        (CONF_CLOSED, ": нет прав: /d/postgresql.conf."),
        (HBA_CLOSED, ": нет прав: /d/pg_hba.conf."),
        (f"{REFUSED}FATAL:  pg_hba.conf rejects connection {FOR_HOST}", SHUT),
        (f"{REFUSED}FATAL:  no pg_hba.conf entry {FOR_HOST}", SHUT),
        (f'{REFUSED}FATAL:  Peer authentication failed for user "crmseg"', SHUT),
        (f"{REFUSED}fe_sendauth: no password supplied", SHUT),
        (
            f'{REFUSED}FATAL:  invalid page in block 0 of relation "base/5/1259"',
            CONTROL.replace("global/pg_control", "base/5/1259"),
        ),
        (NO_WAL, ": файлы базы повреждены, нет pg_wal: верните каталог из копии."),
        (INCOMPATIBLE, DAMAGED),
        (f'{AT}PANIC:  could not read file "global/pg_control": read 0 of 296', CONTROL),
        (f'{AT}PANIC:  could not open file "global/pg_control": Permission denied', ": нет прав: global/pg_control."),
        (f"{AT}FATAL:  could not access status of transaction 752", DAMAGED),
        (NO_CONTROL, ": файлы базы повреждены, нет /d/global/pg_control: верните каталог из копии."),
        (f'{AT}FATAL:  could not read file "global/pg_filenode.map": read 0 of 524\n{ECHO}', MAP),
        (f"{AT}FATAL:  could not open critical system index 2662", DAMAGED),
        (f'{AT}FATAL:  "base/16384" is not a valid data directory', DAMAGED),
        (NO_NOTIFY, ": файлы базы повреждены, нет pg_notify: верните каталог из копии."),
        (f'{REFUSED}FATAL:  role "crmseg" does not exist', ": пользователя «crmseg» нет."),
        (NO_DIRECTORY, ": файлы базы повреждены, нет base/16384: верните каталог из копии."),
        (CALLED, " (the moon is full)."),
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
