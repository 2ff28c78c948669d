"""What cannot be used is refused in one line: files, versions, accounts."""

import errno
import os
import re
import shutil
import site
import subprocess
import sys
from pathlib import Path

import pytest

from crmseg import embedded
from crmseg.embedded import EmbeddedError, binaries, users
from crmseg.embedded.errors import explain
from crmseg.embedded.places import SYSTEM_HOME, places
from tests.crmseg.conftest import OUTSIDE, ROOT, as_root, ask, create_table, holder, postmaster


def refusal(path: Path) -> str:
    with pytest.raises(EmbeddedError) as caught, embedded.servers(path, durable=False):
        pass
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_instead_of_a_directory_is_refused(data_dir):
    (data_dir / "file").touch()
    assert "не каталог" in refusal(data_dir / "file")


@pytest.mark.parametrize("code", [errno.ENOENT, errno.ENOTDIR, errno.ENOSPC, errno.EACCES, errno.EIO])
def test_a_directory_that_cannot_be_had_is_told_with_what_to_do(tmp_path, code):
    told = str(explain(OSError(code, os.strerror(code), str(tmp_path / "nope")), tmp_path / "nope"))
    assert re.search(r"[Уу]кажите другой( каталог| каталог данных)?: DATA_DIR=…$", told)


def test_a_cluster_of_another_version_is_refused(data_dir):
    with embedded.servers(data_dir, durable=False):
        pass
    version = places(data_dir).cluster / "PG_VERSION"
    version.write_text("16\n")
    assert "создана PostgreSQL 16, а нужен 18" in refusal(data_dir)
    version.write_text("18\n")


def test_a_server_that_cannot_start_says_why(data_dir):
    with embedded.servers(data_dir, durable=False):
        pass
    config = places(data_dir).cluster / "postgresql.conf"
    good = config.read_text()
    config.write_text("nonsense = 1\n")
    assert f"нет параметра «nonsense» ({config}, строка 1)" in refusal(data_dir)
    config.write_text(good)


def test_damaged_files_are_to_be_brought_back_from_a_copy(data_dir):
    with embedded.servers(data_dir, durable=False):
        pass
    hba, control = (places(data_dir).cluster / name for name in ("pg_hba.conf", "global/pg_control"))
    good = hba.read_text()
    hba.write_text("garbage\n")
    assert f"ошибка в {hba}, строка 1." in refusal(data_dir)
    hba.write_text(good)
    control.write_bytes(b"?" * control.stat().st_size)
    assert "файлы базы повреждены: верните каталог из копии." in refusal(data_dir)
    control.unlink()
    assert "повреждена, нет global/pg_control. Верните её из копии." in refusal(data_dir)


def test_a_missing_directory_of_the_database_is_told_before_the_command_begins(data_dir):
    directory = max(places(data_dir).cluster.glob("base/*"), key=lambda each: int(each.name))
    shutil.rmtree(directory)
    assert f"файлы базы повреждены, нет base/{directory.name}: верните каталог из копии." in refusal(data_dir)


def test_missing_redis_says_what_to_install(data_dir, monkeypatch):
    monkeypatch.setattr(binaries, "package_dir", lambda name: None)
    monkeypatch.setenv("PATH", str(data_dir))
    with pytest.raises(EmbeddedError, match="valkey-server"):
        binaries.redis_server(None)


def test_redis_from_path_serves_where_there_is_no_wheel(data_dir, monkeypatch):
    (data_dir / "valkey-server").touch(mode=0o755)
    monkeypatch.setattr(binaries, "package_dir", lambda name: None)
    monkeypatch.setenv("PATH", str(data_dir))
    assert binaries.redis_server(None) == data_dir / "valkey-server"


def test_a_socket_directory_of_a_stranger_is_refused(data_dir, monkeypatch):
    monkeypatch.setattr(users.os, "geteuid", lambda: 12345)
    with pytest.raises(EmbeddedError, match="принадлежит"):
        users.own_directory(data_dir, None)


def test_a_secret_is_made_once_and_kept_to_its_owner(data_dir):
    value = embedded.local_secret(data_dir, "key")
    assert embedded.local_secret(data_dir, "key") == value
    assert (data_dir / "secrets" / "key").stat().st_mode & 0o777 == 0o600


# Root and others


@as_root
def test_root_leaves_the_modes_of_a_closed_directory_alone(data_dir):
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)
    with embedded.servers(closed / "data", durable=False):
        home = places(closed / "data").home
        assert home.parent == SYSTEM_HOME
        assert ask("SELECT 1") == 1
    assert closed.stat().st_mode & 0o777 == 0o700
    assert (closed / "data" / "servers").readlink() == home
    shutil.rmtree(home)


@as_root
def test_root_does_not_take_over_the_cluster_of_a_deleted_directory(data_dir):
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)
    for _ in range(2):
        with embedded.servers(closed / "data", durable=False):
            home = places(closed / "data").home
            create_table("made_once")
        shutil.rmtree(closed / "data")
    assert home.with_name(f"{home.name}.old").is_dir()
    shutil.rmtree(home)
    shutil.rmtree(home.with_name(f"{home.name}.old"))


@as_root
def test_a_cluster_that_root_brought_back_is_handed_to_the_account_of_its_home(data_dir):
    home = data_dir / "servers"
    given, cluster = home.stat().st_uid, home / "postgres"
    linked = data_dir / "linked"
    linked.touch()
    (cluster / "link").hardlink_to(linked)
    subprocess.run(["chown", "-R", "root:root", cluster], check=True)
    cluster.chmod(0o755)
    with embedded.servers(data_dir, durable=False):
        assert ask("SELECT 1") == 1
    assert ((cluster / "base").stat().st_uid, cluster.stat().st_uid, cluster.stat().st_mode & 0o777) == (
        given,
        given,
        0o700,
    )
    assert linked.stat().st_uid == 0


def works(python: str, **options) -> bool:
    try:
        return subprocess.run([python, "-c", "import celery"], check=False, cwd=ROOT, **options).returncode == 0
    except OSError:
        return False


@pytest.fixture
def nobody():
    """An interpreter that an ordinary user may run, and how: with CI set there has to be one."""
    given = {name: value for name, value in os.environ.items() if name not in OUTSIDE}
    given["PYTHONPATH"] = os.pathsep.join(site.getsitepackages())
    options = {"user": "nobody", "group": "nogroup", "extra_groups": [], "env": given}
    python = next((each for each in (sys.executable, "/usr/bin/python3") if works(each, **options)), None)
    if python is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no interpreter is open to other users")
    return python, options


@as_root
def test_an_ordinary_user_is_told_where_it_may_not_write(data_dir, nobody):
    python, options = nobody
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)
    options["env"]["DATA_DIR"] = str(closed / "data")
    ended = subprocess.run(
        [python, "manage.py", "migrate"], cwd=ROOT, check=False, capture_output=True, text=True, **options
    )
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert ended.stderr.startswith(f"Нет прав на запись: {closed}")


@as_root
def test_an_ordinary_user_runs_the_servers_as_itself(data_dir, nobody):
    python, options = nobody
    own = data_dir / "own"
    own.mkdir()
    shutil.chown(own, "nobody")
    process = holder(own, python, **options)
    assert Path(f"/proc/{postmaster(own)}").stat().st_uid == own.stat().st_uid
    process.communicate()
    assert postmaster(own) is None
