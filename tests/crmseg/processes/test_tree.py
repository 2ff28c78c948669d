import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from crmseg.processes import tree
from crmseg.processes.supervisor import ProcessError
from tests.crmseg.conftest import ROOT, as_root, command, kill

NOBODY = 65534
HOLDER = (
    "import sys; from pathlib import Path; from crmseg.processes.tree import only_one\n"
    "with only_one(Path(sys.argv[1])): print('up', flush=True); sys.stdin.read()"
)


def other_tree(path) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "up\n"
    return process


@pytest.mark.parametrize(("name", "place"), [("serve", "."), ("demo", "demo")])
def test_a_second_tree_on_the_same_data_is_refused_in_one_line(empty_dir, name, place):
    other = other_tree(empty_dir / place)
    with socket.create_server(("127.0.0.1", 0)) as its_port:
        finished = command(name, "--port", str(its_port.getsockname()[1]))
    kill(other)
    assert finished.returncode == 1
    assert finished.stderr.count("\n") == 1
    assert finished.stderr.startswith(f"На этих данных crmseg уже запущен: {empty_dir / place}. ")
    assert finished.stdout == ""
    assert not (empty_dir / place / "servers").exists()


@as_root
def test_what_root_writes_into_the_directory_of_another_is_theirs_in_the_end(empty_dir):
    os.chown(empty_dir, NOBODY, NOBODY)
    (empty_dir / "servers").mkdir()
    with tree.only_one(empty_dir):
        (empty_dir / "log").mkdir()
        (empty_dir / "log" / "web.log").touch()
    names = ("tree.lock", "log", "log/web.log", "servers")
    assert [(empty_dir / name).stat().st_uid for name in names] == [NOBODY, NOBODY, NOBODY, 0]


def test_files_of_another_are_told_from_a_directory_of_another(tmp_path, monkeypatch):
    def refuse(path, *how):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ProcessError, match=rf"^Файлы каталога {tmp_path} .* sudo chown -R {os.geteuid()} {tmp_path}$"):
        tree.only_one(tmp_path).__enter__()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(ProcessError, match=rf"^В каталог {tmp_path} нельзя писать: нет прав"):
        tree.only_one(tmp_path).__enter__()


def test_the_lock_of_a_killed_tree_is_free_again(tmp_path):
    other = other_tree(tmp_path)
    with pytest.raises(ProcessError), tree.only_one(tmp_path):
        pass
    kill(other)
    with tree.only_one(tmp_path):
        pass


def test_a_site_still_at_its_gate_is_stopped_by_what_it_hears_there():
    supervisor = Children()
    web = tree.Web(supervisor, "127.0.0.1", 1)
    assert supervisor.child.stop_signal == signal.SIGQUIT
    web.open()
    assert supervisor.child.stop_signal == signal.SIGTERM


def test_the_clock_is_a_process_of_its_own_and_the_only_one(tmp_path, settings):
    settings.CELERY_BEAT_SCHEDULE_FILENAME = str(tmp_path / "run" / "beat")
    supervisor = Children()
    tree.start_workers(supervisor)
    clocks = [name for name, argv in supervisor.started.items() if {"beat", "-B"} & set(argv)]
    assert clocks == ["beat"]
    assert supervisor.started.keys() == {"worker-io", "worker-heavy", "beat"}


def test_the_clock_has_where_to_keep_its_schedule_also_beside_servers_of_ones_own(tmp_path, settings):
    settings.CELERY_BEAT_SCHEDULE_FILENAME = str(tmp_path / "run" / "beat")
    supervisor = Children()
    tree.start_workers(supervisor)
    clock = supervisor.started["beat"]
    assert Path(clock[clock.index("--schedule") + 1]).parent.is_dir()


class Children:
    """Starts nothing."""

    def __init__(self):
        self.started = {}

    def start(self, name, argv, **how):
        self.started[name] = argv
        self.child = SimpleNamespace(name=name, stop_signal=how.get("stop_signal", signal.SIGTERM))
        return self.child

    def wait_ready(self, child, ready):
        assert child is self.child
