import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from crmseg import embedded, patience
from crmseg.embedded import program, users
from crmseg.embedded.places import places
from crmseg.embedded.postgres import Postgres
from crmseg.embedded.redis import Redis
from tests.crmseg.conftest import ROOT, ask, create_table, holder, is_running, kill, postmaster
from tests.patience import until


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


def test_servers_whose_sockets_are_gone_are_stopped_all_the_same(data_dir):
    with embedded.servers(data_dir, durable=False):
        pids = [server(places(data_dir)).pid() for server in (Postgres, Redis)]
        shutil.rmtree(places(data_dir).sockets)
        assert embedded.failure().startswith("Redis остановился. ")
    assert [is_running(pid) for pid in pids] == [False, False]


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
