import errno
import socket

import psycopg
import pytest
from psycopg import errors

from crmseg import causes
from crmseg.starting import reachability

REFUSED = "в соединении отказано: сервер не запущен или слушает другой порт"


@pytest.mark.parametrize(
    ("said", "ours"),
    [
        ("connection to server at h failed: Connection refused\n\tIs the server running?", REFUSED),
        ("Error 111 connecting to 127.0.0.1:1. Connection refused.", REFUSED),
        ("failed to resolve host 'nowhere': [Errno -2] Name or service not known", "сервера с таким именем нет"),
        ("Error -2 connecting to nowhere:6379. Name or service not known.", "сервера с таким именем нет"),
        ("Error 2 connecting to unix socket: /x. No such file or directory.", "сокета нет: сервер не запущен"),
        ("connection timeout expired", "сервер не ответил вовремя"),
        ("Timeout connecting to server", "сервер не ответил вовремя"),
        (
            'connection failed: connection to server at "h", port 1 failed: FATAL:  password authentication failed for'
            ' user "crm"',
            "пароль пользователя «crm» не подошёл",
        ),
        ('connection to server at h failed: FATAL:  database "crm" does not exist', "базы «crm» нет"),
        ('connection to server at h failed: FATAL:  role "crm" does not exist', "пользователя «crm» нет"),
        ('failed: FATAL:  permission denied for database "crm"', "к базе «crm» нет доступа"),
        ("failed: fe_sendauth: no password supplied", "нужен пароль, а в адресе его нет"),
        ("failed: FATAL:  sorry, too many clients already", "все соединения сервера заняты"),
        ("failed: FATAL:  the database system is starting up", "сервер ещё не готов, повторите позже"),
        ("invalid username-password pair or user is disabled.", "пароль не подошёл"),
        ("Authentication required.", "нужен пароль, а в адресе его нет"),
        (
            "HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass>"
            " option can be used to authenticate the client and select the RESP protocol version at the same time",
            "нужен пароль, а в адресе его нет",
        ),
        ("DB index is out of range", "базы с таким номером нет"),
        ("failed: FATAL:  the moon is full", "не получилось (FATAL:  the moon is full)"),
        ("", "не получилось (Exception)"),
    ],
)
def test_what_libpq_and_redis_say_is_told_in_our_words(said, ours):
    assert reachability.reason(Exception(said)) == ours


def test_a_real_refusal_of_a_server_is_known():
    assert reachability.reason(refusal("nobody")) == "пользователя «nobody_here» нет"
    assert reachability.reason(refusal("base")) == "базы «no_such_base» нет"


def refusal(wrong: str) -> Exception:
    from django.db import connection

    given = connection.get_connection_params()
    names = {"nobody": {"user": "nobody_here"}, "base": {"dbname": "no_such_base"}}[wrong]
    wanted = {name: given[name] for name in ("host", "port", "user", "password", "dbname") if given.get(name)}
    with pytest.raises(psycopg.OperationalError) as caught:
        psycopg.connect(**(wanted | names))
    return caught.value


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (OSError(errno.EADDRINUSE, "Address already in use"), "порт занят"),
        (PermissionError(errno.EACCES, "Permission denied"), "нет прав"),
        (FileExistsError(errno.EEXIST, "File exists"), "это не каталог"),
        (socket.gaierror(-2, "Name or service not known"), "сервера с таким именем нет"),
        (OSError(errno.ELOOP, "Too many levels"), "не получилось (Too many levels)"),
        (OSError("odd"), "не получилось (odd)"),
    ],
)
def test_system_errors_are_told_in_our_words(error, ours):
    assert causes.of(error) == ours


SPOILED = "файл базы base/16384/16395 повреждён: верните каталог из копии"
RELATION = 'relation "base/16384/16395"'


@pytest.mark.parametrize(
    ("kind", "said", "ours"),
    [
        (errors.DataCorrupted, f"invalid page in block 0 of {RELATION}", SPOILED),
        (errors.DataCorrupted, f"2 invalid pages among blocks 0..7 of {RELATION}", SPOILED),
        (
            errors.DataCorrupted,
            'could not read blocks 0..0 in file "base/16384/16395": read only 0 of 8192 bytes',
            SPOILED,
        ),
        (errors.IndexCorrupted, 'index "deal_pkey" is not a btree', "файлы базы повреждены: верните каталог из копии"),
        (
            errors.UndefinedFile,
            'could not open file "base/16384/16395": No such file or directory',
            "файлы базы повреждены, нет base/16384/16395: верните каталог из копии",
        ),
        (errors.InternalError_, "cache lookup failed for type 7", "файлы базы повреждены: верните каталог из копии"),
        (errors.InternalError_, "the moon is full", ""),
        (errors.DiskFull, 'could not extend file "base/5/1": No space left on device', "на диске нет места"),
        (
            errors.IoError,
            'could not read blocks 0..0 in file "base/5/1": Input/output error',
            "диск не отвечает: base/5/1",
        ),
        (errors.InsufficientPrivilege, 'could not open file "base/5/1": Permission denied', "нет прав: base/5/1"),
        (errors.WrongObjectType, 'could not open file "base/5/1": Is a directory', "это каталог: base/5/1"),
        (errors.InsufficientPrivilege, "permission denied for table deal", ""),
        (errors.UniqueViolation, "Key (name)=(cache lookup failed) already exists.", ""),
        (ValueError, f"invalid page in block 0 of {RELATION}", ""),
    ],
)
def test_what_postgresql_says_of_its_own_files_is_told_whoever_wrapped_it(kind, said, ours):
    error = RuntimeError("something else")
    error.__cause__ = kind(said)
    assert causes.of_database(error) == ours
