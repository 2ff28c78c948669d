import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crmseg import patience
from crmseg.processes.supervisor import ProcessError, Supervisor, answers
from tests.crmseg.conftest import ROOT, is_running
from tests.patience import until

SLEEP = [sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(3600)"]


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def has_said(path: Path, word: str) -> bool:
    return path.exists() and word in path.read_text()


def test_output_goes_to_a_log_of_the_same_name(tmp_path):
    with Supervisor(tmp_path) as tree:
        child = tree.start("talker", SLEEP)
        tree.wait_ready(child, lambda: has_said(tmp_path / "talker.log", "ready"))
    assert not is_running(child.process.pid)


def test_a_child_that_ends_is_named_with_its_log_and_without_its_english(tmp_path):
    with Supervisor(tmp_path) as tree:
        tree.start("talker", python("import sys; sys.exit('no bread')"))
        with pytest.raises(ProcessError, match=r"^talker остановился, код 1\. .* причина в журнале: .*talker\.log$"):
            tree.watch(every=0.01)
        assert "no bread" in (tmp_path / "talker.log").read_text()


def test_a_child_that_ends_while_awaited_is_named(tmp_path):
    with Supervisor(tmp_path) as tree:
        child = tree.start("mute", python(""))
        with pytest.raises(ProcessError, match=r"^mute остановился, код 0\."):
            tree.wait_ready(child, lambda: False)


def test_a_child_that_is_slow_to_get_ready_is_waited_for_with_a_word(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(patience, "TOLD_AFTER", 0)
    looks = iter([False, False, False, True])
    with Supervisor(tmp_path) as tree:
        child = tree.start("slow", SLEEP)
        tree.wait_ready(child, lambda: next(looks))
        assert capsys.readouterr().err == f"slow ещё не отвечает, жду. Прервать: Ctrl-C. Журнал: {child.log}\n"


def test_what_dies_beside_the_children_is_noticed(tmp_path):
    with (
        Supervisor(tmp_path, others=lambda: "Redis остановился: out of memory") as tree,
        pytest.raises(ProcessError, match="out of memory"),
    ):
        tree.watch()


def test_a_server_that_died_is_named_before_the_child_that_died_of_it(tmp_path):
    with Supervisor(tmp_path, others=lambda: "PostgreSQL остановился") as tree:
        tree.start("web", python("")).process.wait()
        assert tree.failure() == "PostgreSQL остановился"


def test_a_child_may_be_stopped_by_a_signal_of_its_own(tmp_path):
    deaf_to_requests = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True)"
    with Supervisor(tmp_path) as tree:
        child = tree.start("heavy", python(deaf_to_requests + "; time.sleep(3600)"), stop_signal=signal.SIGQUIT)
        tree.wait_ready(child, lambda: has_said(tmp_path / "heavy.log", "up"))
    assert child.process.returncode == -signal.SIGQUIT


def test_what_the_children_lean_on_is_looked_after_too(tmp_path):
    with Supervisor(tmp_path) as outside, Supervisor(tmp_path, others=outside.failure) as tree:
        outside.start("catcher", python(""))
        with pytest.raises(ProcessError, match="catcher остановился"):
            tree.watch(every=0.01)


def test_support_is_stopped_after_those_who_lean_on_it(tmp_path):
    says_goodbye = (
        "import signal, sys, time\n"
        "def bye(*_): print(f'{time.monotonic_ns()}', flush=True); sys.exit()\n"
        "signal.signal(signal.SIGTERM, bye); print('ready', flush=True); time.sleep(3600)"
    )
    with Supervisor(tmp_path) as outside, Supervisor(tmp_path, others=outside.failure) as tree:
        for name, supervisor in (("catcher", outside), ("worker", tree)):
            child = supervisor.start(name, python(says_goodbye))
            supervisor.wait_ready(child, lambda name=name: has_said(tmp_path / f"{name}.log", "ready"))
    ended = {name: int((tmp_path / f"{name}.log").read_text().split()[-1]) for name in ("catcher", "worker")}
    assert ended["worker"] < ended["catcher"]


def test_a_child_deaf_to_requests_is_killed_with_its_own_children(tmp_path, monkeypatch):
    monkeypatch.setattr("crmseg.processes.supervisor.STOP_WITHIN", 0.1)
    deaf = (
        "import signal, subprocess, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(subprocess.Popen(['sleep', '3600']).pid, flush=True); time.sleep(3600)"
    )
    with Supervisor(tmp_path) as tree:
        child = tree.start("deaf", python(deaf))
        tree.wait_ready(child, lambda: has_said(tmp_path / "deaf.log", "\n"))
    grandchild = int((tmp_path / "deaf.log").read_text())
    assert not is_running(child.process.pid)
    until(lambda: not is_running(grandchild))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the children of a killed parent")
def test_children_end_with_a_killed_parent(tmp_path):
    code = (
        "import sys; from pathlib import Path; from crmseg.processes.supervisor import Supervisor\n"
        "with Supervisor(Path(sys.argv[1])) as tree:\n"
        "    print(tree.start('one', ['sleep', '3600']).process.pid, flush=True); tree.watch()"
    )
    parent = subprocess.Popen(
        [*python(code), str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    until(lambda: not is_running(child))


def test_any_page_of_a_server_that_is_up_is_an_answer(live_server):
    assert answers(f"{live_server.url}/no-such-page")
    assert not answers("http://127.0.0.1:1/")
