import subprocess
import sys

import pytest

from crmseg.processes import tree
from crmseg.processes.supervisor import ProcessError
from tests.crmseg.conftest import ROOT, command, kill
from tests.crmseg.management.commands.test_serve import free_port

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
    finished = command(name, "--port", str(free_port()))
    kill(other)
    assert finished.returncode == 1
    assert finished.stderr.count("\n") == 1
    assert finished.stderr.startswith(f"На этих данных crmseg уже запущен: {empty_dir / place}. ")
    assert finished.stdout == ""
    assert not (empty_dir / place / "servers").exists()


def test_the_lock_of_a_killed_tree_is_free_again(tmp_path):
    other = other_tree(tmp_path)
    with pytest.raises(ProcessError), tree.only_one(tmp_path):
        pass
    kill(other)
    with tree.only_one(tmp_path):
        pass
