"""`--help` of every command of ours is in the language of the installation."""

import os
import re

import pytest
from django.core.management import get_commands

from crmseg.starting import arguments, helping
from tests.crmseg.conftest import command

OURS = sorted(name for name in get_commands() if helping.own(name))
CYRILLIC = re.compile("[А-Яа-яЁё]+")
ENGLISH = re.compile(r"usage:|options:|positional|show this|exit\.|verbosity level|the |stack trace", re.IGNORECASE)


@pytest.mark.parametrize("name", OURS)
def test_help_is_russian_by_default(name):
    shown = helping.parser_of(helping.own(name), ["manage.py", name]).format_help()
    assert shown.startswith(f"Вызов: manage.py {name} ")
    assert ENGLISH.findall(shown) == []
    undescribed = [line for line in shown.splitlines() if re.fullmatch(r"  --[\w-]+( [A-Z_]{1,9})?", line)]
    assert undescribed == []


def test_help_of_an_english_installation_is_english(empty_dir):
    env = {**os.environ, "LANGUAGE_CODE": "en"}
    overview, demo = command("help", env=env), command("help", "demo", env=env)
    assert (overview.returncode, demo.returncode) == (0, 0)
    assert CYRILLIC.findall(overview.stdout + demo.stdout) == []
    assert all(f"  {name} " in overview.stdout for name in OURS)
    assert demo.stdout.startswith("Usage: manage.py demo [-h] [--check]")


def test_help_of_others_stays_theirs(empty_dir):
    assert command("help", "migrate").stdout.startswith("usage: manage.py migrate")


@pytest.mark.parametrize("line", ["benchmark --help", "benchmark import --help"])
def test_help_of_the_benchmarks_tells_the_sizes_of_each(line, capsys):
    argv = ["manage.py", *line.split()]
    with pytest.raises(SystemExit):
        arguments.read(helping.own("benchmark"), argv)
    shown = " ".join(capsys.readouterr().out.split())
    assert "board --deals 50800 --times 7, import --contacts 10000 --deals 10000, send --letters 2000" in shown
