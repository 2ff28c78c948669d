import os
import re
import socket

import psycopg
import pytest
from django.db import OperationalError

from crmseg.embedded import EmbeddedError
from crmseg.embedded.places import places
from crmseg.processes import tree
from crmseg.processes.supervisor import ProcessError
from crmseg.starting import reachability
from crmseg.starting.commandline import needs_database, ready_for, refuse_busy_address
from tests.crmseg.conftest import command

PASSWORD = "tayna-42"
OF_USERS = 16384  # PostgreSQL numbers the tables of users from here
PRODUCTION = {"SECRET_KEY": "0123456789" * 5, "FIELD_KEYS": "abcdefghij" * 5}


def only_line(finished) -> str:
    assert finished.returncode == 1
    assert finished.stderr.count("\n") == 1
    assert PASSWORD not in finished.stderr + finished.stdout
    return finished.stderr


def test_unreachable_database_is_told_without_the_password(empty_dir):
    env = {**os.environ, **PRODUCTION, "DATABASE_URL": f"postgres://crm:{PASSWORD}@127.0.0.1:1/crm"}
    line = only_line(command("migrate", env=env))
    assert line.startswith("База данных недоступна: postgres://crm:***@127.0.0.1:1/crm: ")
    assert line.endswith("Проверьте DATABASE_URL.\n")


def test_everything_wrong_in_production_is_told_at_once_in_one_line(empty_dir):
    servers = {"DATABASE_URL": f"postgres://crm:{PASSWORD}@127.0.0.1:1/crm", "REDIS_URL": "redis://127.0.0.1:1/0"}
    wrong = {"LOG_FORMAT": "xml", "DATABASE_POOL": "many", "TIME_ZONE": "Mars/One"}
    line = only_line(command("migrate", env={**os.environ, **servers, **wrong}))
    assert line.startswith("Нужно исправить: 1) SECRET_KEY не задан. Создать: python3 ")
    assert "; 2) FIELD_KEYS не задан. Создать так же; 3) " in line
    assert re.findall(r"\d\) ([\w ]+?)(?: не задан|:)", line) == [
        "SECRET_KEY",
        "FIELD_KEYS",
        "DATABASE_POOL",
        "TIME_ZONE",
        "LOG_FORMAT",
        "База данных недоступна",
        "Redis недоступен",
    ]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", "mysql://crm@127.0.0.1/crm"),
        ("DATABASE_URL", "postgres://crm@127.0.0.1:port/crm"),
        ("REDIS_URL", "127.0.0.1:6379"),
        ("EMAIL_URL", "smtp://"),
        ("DEFAULT_FROM_EMAIL", "Имя <без собаки>"),
        ("DEBUG", "maybe"),
        ("ALLOWED_HOSTS", "crm.example.ru:8000"),
    ],
)
def test_wrong_value_is_told_in_one_line(empty_dir, variable, value):
    line = only_line(command("check", env={**os.environ, **PRODUCTION, variable: value}))
    assert line.startswith(f"{variable}: ожидал")


@pytest.mark.parametrize("name", ["SECRET_KEY", "FIELD_KEYS"])
def test_weak_secret_is_refused_with_how_to_make_one(empty_dir, name):
    line = only_line(command("check", env={**os.environ, **PRODUCTION, name: "x"}))
    assert line.startswith(f"{name}: слишком простой ключ, нужно от ")
    assert line.endswith('python3 -c "import secrets; print(secrets.token_urlsafe(48))"\n')


def test_development_takes_any_secret(empty_dir):
    env = {**os.environ, "DATABASE_URL": "postgres://crm@127.0.0.1:1/crm", "SECRET_KEY": "x", "FIELD_KEYS": "y"}
    assert command("check", env={**env, "DEBUG": "1"}).returncode == 0


def test_data_directory_that_is_a_file_is_told(empty_dir):
    (empty_dir / "file").touch()
    env = {**os.environ, "DATA_DIR": str(empty_dir / "file")}
    assert "не каталог" in only_line(command("migrate", env=env))


def test_busy_port_is_told_with_another_to_try(empty_dir):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        line = only_line(command("serve", "--port", str(port)))
    other = line.removeprefix(f"Порт {port} занят. Укажите другой: --port ").strip()
    assert int(other) > port


@pytest.mark.parametrize("address", ["%d", "127.0.0.1:%d", "localhost:%d"])
def test_runserver_tells_a_busy_port_like_the_others(address):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        with pytest.raises(ProcessError) as told:
            refuse_busy_address(["manage.py", "runserver", "--noreload", address % port])
    other = str(told.value).removeprefix(f"Порт {port} занят. Укажите другой: runserver ")
    assert int(other) > port


def test_runserver_tells_itself_what_else_is_wrong():
    assert refuse_busy_address(["manage.py", "runserver", "port"]) is None
    assert refuse_busy_address(["manage.py", "runserver", "--prot", "1"]) is None


def test_port_that_is_offered_is_free_with_the_two_behind_it(monkeypatch):
    busy = {8000, 8001, 8004}
    monkeypatch.setattr(tree, "_is_free", lambda host, port: port not in busy)
    assert tree._free_after("127.0.0.1", 8000) == 8005


@pytest.mark.parametrize("name", ["serve", "demo"])
@pytest.mark.parametrize("port", ["99999", "0", "abc"])
def test_impossible_port_is_told_in_one_line(empty_dir, name, port):
    line = only_line(command(name, "--port", port))
    assert line.startswith(f"Порт «{port}» не подходит: нужно число от 1 до 65535.")


@pytest.mark.parametrize("host", ["", " ", "[::1]", "a..b", "224.0.0.1", "255.255.255.255", "203.0.113.7"])
def test_an_address_nobody_could_call_is_told_in_one_line(empty_dir, host):
    line = only_line(command("serve", "--host", host))
    assert line.startswith(f"Адрес «{host.strip()}» не подходит: ")
    assert line.endswith(". Укажите другой: --host 127.0.0.1\n")
    assert not (empty_dir / "servers").exists()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])
def test_an_address_of_this_machine_is_taken(host):
    assert tree.host(host) == host


@pytest.mark.parametrize(
    ("option", "size"), [("contacts", "-5"), ("contacts", "0"), ("contacts", "49"), ("deals", "5")]
)
def test_impossible_size_of_the_demo_is_told_in_one_line(empty_dir, option, size):
    line = only_line(command("demo", f"--{option}", size))
    assert line == f"«{size}» не подходит: кругу нужно целое число, --contacts от 50, --deals от 75\n"


def test_a_refusal_before_django_is_set_up_is_in_the_language_of_the_installation(empty_dir):
    line = only_line(command("serve", "--port", "abc", env={**os.environ, "LANGUAGE_CODE": "en"}))
    assert line.startswith("The port “abc” does not fit: ")


def test_schema_is_brought_up_to_date_once(data_dir):
    code = "from crmseg.accounts.models import User; print('users', User.objects.count())"
    first, second = command("shell", "-v0", "-c", code), command("shell", "-v0", "-c", code)
    assert first.stderr.startswith("База обновлена, применено миграций: ")
    assert (second.stdout, second.stderr) == ("users 0\n", "")


def test_damaged_tables_are_told_in_one_line(site_dir):
    cluster = places(site_dir).cluster
    for path in cluster.glob("base/[0-9]*/[0-9]*"):
        if int(re.split(r"[._]", path.name)[0]) >= OF_USERS:
            path.write_bytes(b"?" * path.stat().st_size)
    line = only_line(command("refresh_segments", "1"))
    file = r"файл базы base/\d+/\d+ повреждён: верните каталог из копии\."
    assert re.fullmatch(rf"База {re.escape(str(cluster))} не работает: {file}\n", line)


def test_a_database_that_takes_no_connection_says_itself_why(monkeypatch):
    monkeypatch.delenv("CRMSEG_EMBEDDED", raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgres://crm@h/crm")

    def connect(entry):
        raise psycopg.OperationalError('failed: FATAL:  could not read file "global/pg_filenode.map": read 0 of 524')

    monkeypatch.setattr(reachability, "connect", connect)
    line = reachability.broken(OperationalError("couldn't get a connection after 20.00 sec"))
    told = "файл базы global/pg_filenode.map повреждён: верните каталог из копии."
    assert line == f"База postgres://crm@h/crm не работает: {told}"


def test_a_command_without_data_starts_no_servers(empty_dir):
    assert command("check").returncode == 0
    assert not (empty_dir / "servers").exists()


def test_an_unknown_benchmark_is_refused_before_a_server_starts(empty_dir):
    assert only_line(command("benchmark", "nope")).startswith("benchmark: NAME: «nope» не подходит, можно board, ")
    assert not (empty_dir / "servers").exists()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("migrate", True),
        ("makemigrations --check", True),
        ("check --database default", True),
        ("check --deploy", False),
        ("migrate --help", False),
        ("version", False),
        ("--help", False),
        ("", False),
        ("no_such_command", False),
    ],
)
def test_who_needs_the_database(line, expected):
    argv = ["manage.py", *line.split()]
    assert needs_database(argv[1] if line else "", argv) is expected


def test_unreachable_redis_is_told_without_the_password(settings, monkeypatch):
    settings.REDIS_URL = f"redis://:{PASSWORD}@127.0.0.1:1/0"
    monkeypatch.setenv("REDIS_URL", settings.REDIS_URL)
    line = reachability.redis()
    assert line.startswith("Redis недоступен: redis://:***@127.0.0.1:1/0: ")
    assert line.endswith("Проверьте REDIS_URL.")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("redis://", "redis://"),
        ("unix:///nonexist", "unix:///nonexist"),
        ("redis://h:1?", "redis://h:1?"),
        (f"redis://:{PASSWORD}@h:1/?a=b", "redis://:***@h:1/?a=b"),
        (f"redis://crm:{PASSWORD}@h", "redis://crm:***@h"),
        (f"redis://crm:{PASSWORD}\n{PASSWORD}@h", "redis://crm:***@h"),
        (f"unix:///x?db=1&password={PASSWORD}&a=b", "unix:///x?db=1&password=***&a=b"),
    ],
)
def test_an_address_is_told_as_it_was_written_but_for_the_password(monkeypatch, written, shown):
    monkeypatch.setenv("REDIS_URL", written)
    assert reachability.masked("REDIS_URL") == shown


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("foo=x", "параметр «foo» не подходит"),
        ("retry=1", "не получилось ('str' object has no attribute"),
        ("socket_timeout=x", "не получилось (Invalid value for 'socket_timeout'"),
    ],
)
def test_what_the_client_of_redis_takes_no_parameter_of_is_told(monkeypatch, redis_url, query, reason):
    monkeypatch.setenv("REDIS_URL", f"{redis_url}?{query}")
    line = reachability.redis(f"{redis_url}?{query}")
    assert line.startswith(f"Redis недоступен: {redis_url}?{query}: {reason}")
    assert line.endswith(". Проверьте REDIS_URL.")


@pytest.mark.parametrize(("name", "asked"), [("amocrm_sync", ["database", "redis"]), ("run_due", ["database"])])
def test_a_command_asks_only_the_servers_it_needs(monkeypatch, name, asked):
    seen = []
    for server, address in (("database", "postgres://crm@127.0.0.1:1/crm"), ("redis", "redis://127.0.0.1:1/0")):
        monkeypatch.setenv(f"{server.upper()}_URL", address)
        monkeypatch.setattr(reachability, server, lambda server=server: seen.append(server) or f"{server} молчит.")
    with pytest.raises(EmbeddedError) as told, ready_for(name, ["manage.py", name]):
        pytest.fail("began")
    assert (seen, [server in str(told.value) for server in asked]) == (asked, [True] * len(asked))
