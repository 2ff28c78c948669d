import os
import socket

import pytest

from tests.crmseg.conftest import command

PASSWORD = "tayna-42"


def only_line(finished) -> str:
    assert finished.returncode == 1
    assert finished.stderr.count("\n") == 1
    assert PASSWORD not in finished.stderr + finished.stdout
    return finished.stderr


def with_database(url: str) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": url, "SECRET_KEY": "x" * 50, "FIELD_KEYS": "y" * 44}


def test_unreachable_database_is_told_without_the_password(empty_dir):
    url = f"postgres://crm:{PASSWORD}@127.0.0.1:1/crm"
    line = only_line(command("migrate", env=with_database(url)))
    assert line.startswith("База данных недоступна: postgres://crm:***@127.0.0.1:1/crm: ")
    assert line.endswith("Проверьте DATABASE_URL.\n")


def test_wrong_kind_of_database_is_told(empty_dir):
    line = only_line(command("migrate", env=with_database(f"mysql://crm:{PASSWORD}@127.0.0.1/crm")))
    assert line.startswith("DATABASE_URL: ")


def test_missing_secret_in_production_is_told(empty_dir):
    env = {**os.environ, "DATABASE_URL": "postgres://crm@127.0.0.1:1/crm"}
    assert only_line(command("migrate", env=env)).startswith("SECRET_KEY не задан")


def test_unreachable_redis_is_told_to_the_process_tree(data_dir):
    env = {**os.environ, "REDIS_URL": f"redis://:{PASSWORD}@127.0.0.1:1/0"}
    line = only_line(command("serve", env=env))
    assert line.startswith("Redis недоступен: redis://:***@127.0.0.1:1/0: ")


def test_data_directory_that_is_a_file_is_told(empty_dir):
    (empty_dir / "file").touch()
    env = {**os.environ, "DATA_DIR": str(empty_dir / "file")}
    assert "не каталог" in only_line(command("migrate", env=env))


def test_busy_port_is_told_with_another_to_try(data_dir):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        line = only_line(command("serve", "--port", str(port)))
    assert line == f"Порт {port} занят. Укажите другой: --port {port + 1}\n"


def test_schema_is_brought_up_to_date_before_any_command(data_dir):
    code = "from crmseg.accounts.models import User; print('users', User.objects.count())"
    first, second = command("shell", "-v0", "-c", code), command("shell", "-v0", "-c", code)
    assert first.stderr.startswith("База обновлена, применено миграций: ")
    assert (second.stdout, second.stderr) == ("users 0\n", "")


@pytest.mark.parametrize("arguments", [["version"], ["help"], ["migrate", "--help"], ["check"]])
def test_commands_without_data_start_no_servers(empty_dir, arguments):
    finished = command(*arguments)
    assert finished.returncode == 0
    assert not (empty_dir / "servers").exists()
