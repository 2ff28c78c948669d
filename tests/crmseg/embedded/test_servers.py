import fcntl
import os
import shutil
import signal
import site
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from crmseg import embedded, patience
from crmseg.embedded import EmbeddedError, binaries, program, users
from crmseg.embedded.places import SYSTEM_HOME, places
from crmseg.embedded.postgres import Postgres
from crmseg.embedded.redis import Redis
from tests.crmseg.conftest import OUTSIDE, ROOT, holder, is_running, kill
from tests.patience import until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def postmaster(data_dir: Path) -> int | None:
    return Postgres(places(data_dir)).pid()


def ask(question: str) -> object:
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        return connection.execute(question).fetchone()[0]


def create_table(name: str) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        connection.execute(f"CREATE TABLE {name} AS SELECT 7 AS n")


def test_both_servers_answer_and_are_gone_afterwards(empty_dir):
    data_dir = empty_dir
    with embedded.servers(data_dir, durable=False):
        pid = postmaster(data_dir)
        assert ask("SELECT lower('ЁЖ') || current_database()") == "ёжcrmseg"
        assert ask("SHOW listen_addresses") == ""
        assert redis.from_url(os.environ["REDIS_URL"]).ping()
    assert not is_running(pid)
    assert "DATABASE_URL" not in os.environ


def test_data_outlives_the_servers(data_dir):
    with embedded.servers(data_dir):
        create_table("kept")
    with embedded.servers(data_dir):
        assert ask("SELECT n FROM kept") == 7
        assert ask("SHOW fsync") == "on"


def test_a_copied_directory_is_told_from_a_moved_one(data_dir):
    with embedded.servers(data_dir, durable=False):
        before = ask("SHOW crmseg.files")
    home = places(data_dir).cluster
    home.rename(home.with_name("aside"))
    home.with_name("aside").rename(home)
    with embedded.servers(data_dir, durable=False):
        assert ask("SHOW crmseg.files") == before
    subprocess.run(["cp", "-a", home, home.with_name("copy")], check=True)
    shutil.rmtree(home)
    home.with_name("copy").rename(home)
    with embedded.servers(data_dir, durable=False):
        assert ask("SHOW crmseg.files") != before


def test_the_last_of_two_users_stops_the_servers(data_dir):
    other = holder(data_dir)
    pid = postmaster(data_dir)
    with embedded.servers(data_dir, durable=False):
        other.communicate()
        assert postmaster(data_dir) == pid
        assert ask("SELECT 1") == 1
    assert not is_running(pid)


def test_two_users_may_start_at_once(data_dir):
    script = "from pathlib import Path; from crmseg import embedded\nwith embedded.servers(Path('%s')): pass"
    pair = [subprocess.Popen([sys.executable, "-c", script % data_dir], cwd=ROOT) for _ in range(2)]
    assert [process.wait() for process in pair] == [0, 0]
    assert postmaster(data_dir) is None


def test_servers_of_a_killed_command_are_taken_over(data_dir):
    kill(holder(data_dir))
    pid = postmaster(data_dir)
    with embedded.servers(data_dir, durable=False):
        assert postmaster(data_dir) == pid
        assert ask("SELECT 1") == 1
    assert not is_running(pid)


def test_a_terminated_command_stops_its_servers(data_dir):
    process = holder(data_dir)
    pid = postmaster(data_dir)
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 128 + signal.SIGTERM
    assert not is_running(pid)


def test_a_killed_server_starts_again_once_its_orphans_have_noticed(data_dir):
    kill(holder(data_dir))
    pid, log = postmaster(data_dir), places(data_dir).logs / "postgres.log"
    orphan = int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
    os.kill(orphan, signal.SIGSTOP)
    os.kill(pid, signal.SIGKILL)

    def wake_it_when_it_was_in_the_way() -> None:
        until(lambda: "pre-existing shared memory block" in log.read_text())
        os.kill(orphan, signal.SIGCONT)

    threading.Thread(target=wake_it_when_it_was_in_the_way).start()
    with embedded.servers(data_dir, durable=False):
        assert ask("SELECT 1") == 1


def test_a_pid_that_now_belongs_to_a_stranger_is_no_obstacle(data_dir):
    with embedded.servers(data_dir, durable=False):
        note = (places(data_dir).cluster / "postmaster.pid").read_text()
    stranger = subprocess.Popen(["sleep", "3600"])
    lines = [str(stranger.pid), *note.splitlines()[1:]]
    (places(data_dir).cluster / "postmaster.pid").write_text("\n".join(lines))
    with embedded.servers(data_dir, durable=False):
        assert ask("SELECT 1") == 1
    kill(stranger)


def test_a_server_that_dies_in_use_is_named(data_dir):
    with embedded.servers(data_dir, durable=False):
        assert embedded.failure() == ""
        redis.from_url(os.environ["REDIS_URL"]).shutdown(nosave=True)
        assert embedded.failure().startswith("Redis остановился. Запустите команду ещё раз; ")


@contextmanager
def paused(pid: int) -> Iterator[None]:
    """A machine that gives it no time: alive, and silent."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("server", [Postgres, Redis], ids=["PostgreSQL", "Redis"])
def test_a_server_that_is_slow_to_answer_is_alive_and_no_second_one_starts(data_dir, server):
    with embedded.servers(data_dir, durable=False):
        pid = server(places(data_dir)).pid()
        with paused(pid):
            assert embedded.failure() == ""
            found = server(places(data_dir))
            found.launch()
            assert found.process is None
        found.wait()
        assert server(places(data_dir)).pid() == pid


@pytest.mark.parametrize("server", [Postgres, Redis], ids=["PostgreSQL", "Redis"])
def test_a_server_that_is_slow_to_answer_is_waited_for_with_a_word(data_dir, server, monkeypatch, capsys):
    with embedded.servers(data_dir, durable=False):
        found = server(places(data_dir))
        pid = found.pid()
        capsys.readouterr()
        with monkeypatch.context() as patch:
            patch.setattr(patience, "TOLD_AFTER", 0)
            patch.setattr(server, "ASK_WITHIN", 1)
            patch.setattr(patience, "sleep", lambda _: os.kill(pid, signal.SIGCONT))
            os.kill(pid, signal.SIGSTOP)
            found.wait()
        assert capsys.readouterr().err == f"{found.name} ещё не отвечает, жду. Прервать: Ctrl-C. Журнал: {found.log}\n"


def test_another_command_that_starts_or_stops_the_servers_is_waited_for_with_a_word(tmp_path, monkeypatch, capsys):
    path = tmp_path / "start.lock"
    monkeypatch.setattr(users, "TOLD_AFTER", 0)
    with users.held(path):
        pass
    assert capsys.readouterr().err == ""
    with users.lock_file(path) as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        monkeypatch.setattr(patience, "sleep", lambda _: fcntl.flock(other, fcntl.LOCK_UN))
        with users.held(path):
            pass
    assert capsys.readouterr().err == "Жду: другая команда запускает или останавливает PostgreSQL и Redis.\n"


@pytest.mark.parametrize(
    ("last", "cause"), [("PANIC: could not write: No space left on device", "На диске нет места. "), ("FATAL: bye", "")]
)
def test_of_the_words_of_a_server_only_what_a_person_can_mend_is_told(tmp_path, last, cause):
    log = tmp_path / "postgres.log"
    log.write_text(f"LOG: starting\n{last}\n")
    tail = f"Запустите команду ещё раз; если повторится, причина в журнале: {log}"
    assert program.stopped("PostgreSQL", log) == f"PostgreSQL остановился. {cause}{tail}"


def test_half_made_cluster_is_made_again(empty_dir):
    data_dir = empty_dir
    (data_dir / "servers" / "postgres.new-1").mkdir(parents=True)
    with embedded.servers(data_dir, durable=False):
        assert ask("SELECT 1") == 1
        assert not (data_dir / "servers" / "postgres.new-1").exists()


def test_servers_named_from_outside_start_nothing(data_dir, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://a@b/c")
    monkeypatch.setenv("REDIS_URL", "redis://b")
    with embedded.servers(data_dir / "none"):
        assert not (data_dir / "none").exists()
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.delenv("REDIS_URL")


def test_long_and_odd_paths_get_a_short_socket(data_dir):
    deep = data_dir / "очень, длинный путь" / ("x" * 90)
    try:
        with embedded.servers(deep, durable=False):
            assert places(deep).sockets.parent == Path("/tmp")
            assert ask("SELECT 1") == 1
    finally:
        places(deep).sockets.rmdir()


# Refusals: one line each


def refusal(path: Path) -> str:
    with pytest.raises(EmbeddedError) as caught, embedded.servers(path, durable=False):
        pass
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_instead_of_a_directory_is_refused(data_dir):
    (data_dir / "file").touch()
    assert "не каталог" in refusal(data_dir / "file")


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
    assert "contains errors" in refusal(data_dir)
    config.write_text(good)


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
    with pytest.raises(EmbeddedError, match="другому пользователю"):
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
