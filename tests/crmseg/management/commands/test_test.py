import subprocess
from contextlib import nullcontext

import pytest
from django.core.management.base import CommandError

from crmseg.management.commands import test
from crmseg.management.commands.test import Command, skipped
from crmseg.starting import browser


@pytest.fixture
def no_chromium(monkeypatch):
    monkeypatch.setattr(browser, "find", lambda: "")
    monkeypatch.setattr(browser, "may_install", lambda: False)
    monkeypatch.delenv("CI", raising=False)


def test_without_chromium_browser_tests_are_skipped_with_one_line(no_chromium, capsys):
    assert Command().without_browser() == ["-m", "not browser"]
    assert capsys.readouterr().out == f"{skipped()}\n"


def test_asked_for_browser_tests_alone_it_skips_them_without_a_fault(no_chromium, monkeypatch):
    monkeypatch.setattr(test, "ready_servers", lambda home, count: nullcontext({}))
    monkeypatch.setattr(test.subprocess, "run", lambda line, **how: subprocess.CompletedProcess(line, 5))
    assert Command().run_pytest(["tests/e2e"]) == 0
    monkeypatch.setattr(browser, "find", lambda: "/usr/bin/chromium")
    assert Command().run_pytest(["tests/nothing"]) == 5


def test_in_ci_a_missing_chromium_is_a_failure(no_chromium, monkeypatch, capsys):
    monkeypatch.setenv("CI", "1")
    with pytest.raises(CommandError, match=r"^Нет Chromium, а с CI браузерные тесты обязательны\. "):
        Command().without_browser()
    monkeypatch.setattr(Command, "run_pytest", lambda self, arguments: self.without_browser())
    with pytest.raises(SystemExit) as ended:
        Command().run_from_argv(["manage.py", "test"])
    assert ended.value.code == 1
    said = capsys.readouterr()
    assert said.err.strip() == "Нет Chromium, а с CI браузерные тесты обязательны. Поставить: apt install chromium"
    assert "пропущены" not in said.out


def test_chromium_is_installed_where_that_is_allowed(no_chromium, monkeypatch, capsys):
    monkeypatch.setattr(browser, "may_install", lambda: True)
    monkeypatch.setattr(browser, "install", lambda: "/usr/bin/chromium")
    assert Command().without_browser() == []
    assert "Ставлю Chromium" in capsys.readouterr().out


def test_a_chromium_at_hand_is_used_without_a_word(monkeypatch, capsys):
    monkeypatch.setattr(browser, "find", lambda: "/usr/bin/chromium")
    assert Command().without_browser() == []
    assert capsys.readouterr().out == ""
