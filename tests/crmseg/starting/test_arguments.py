from importlib import import_module

import pytest
from django.core.management.base import CommandError

from crmseg.starting import arguments, helping
from tests.crmseg.conftest import command


def refusal(line: str) -> str:
    argv = ["manage.py", *line.split()]
    with pytest.raises(CommandError) as told:
        arguments.read(helping.own(argv[1]) or import_module(f"crmseg.management.commands.{argv[1]}").Command(), argv)
    assert "\n" not in str(told.value)
    return str(told.value)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("run_due --nope", "run_due: аргумента --nope нет. Команда не берёт аргументов"),
        ("create_api_key a b", "create_api_key: аргумента b нет. Аргументы: NAME, --scopes"),
        ("refresh_segments x", "refresh_segments: ID: «x» — не целое число. Аргументы: ID"),
        ("demo --contacts", "demo: после --contacts нужно значение. Аргументы: --check, "),
        ("serve --port", "serve: после --port нужно значение. Аргументы: --port, --host"),
        ("demo --check=1", "demo: --check указывают без значения. "),
        ("amocrm_sandbox --seed abc", "amocrm_sandbox: --seed: «abc» — не целое число. "),
        ("amocrm_sync --pu", "amocrm_sync: «--pu» можно понять по-разному: --pull, --push. "),
        ("benchmark nope", "benchmark: NAME: «nope» не подходит, можно board, import, send. Аргументы: NAME, "),
        ("benchmark send --nope", "benchmark: аргумента --nope нет. Аргументы: NAME, --letters"),
        ("benchmark import --nope", "benchmark: аргумента --nope нет. Аргументы: NAME, --contacts, --deals"),
        ("benchmark --nope", "benchmark: аргумента --nope нет. Аргументы: NAME, board --deals --times, "),
        ("benchmark import --deals x", "benchmark: --deals: «x» не подходит, нужно целое число от 1. Аргументы: "),
        ("benchmark import --deals -5", "benchmark: --deals: «-5» не подходит, нужно целое число от 1. "),
        ("benchmark send --letters 0", "benchmark: --letters: «0» не подходит, нужно целое число от 1. "),
        ("benchmark board --times=0", "benchmark: --times: «0» не подходит, нужно целое число от 1. "),
        ("amocrm_connect -v 9", "amocrm_connect: -v/--verbosity: «9» не подходит, можно 0, 1, 2, 3. "),
    ],
)
def test_arguments_that_do_not_fit_are_refused_in_one_russian_line(line, told):
    assert refusal(line).startswith(told)


def test_the_line_is_in_the_language_of_the_installation(monkeypatch):
    monkeypatch.setenv("LANGUAGE_CODE", "en")
    expected = "amocrm_sync: there is no argument --nope. Arguments: --full, --pull, --push, --reconcile"
    assert refusal("amocrm_sync --nope") == expected


def test_what_a_later_python_says_is_told_without_its_words(monkeypatch):
    monkeypatch.setattr(arguments, "WHAT_ARGPARSE_SAYS", {})
    assert refusal("run_due --nope") == "run_due: аргументы не подходят. Команда не берёт аргументов"


@pytest.mark.parametrize(
    "line",
    [
        "benchmark import --contacts 99999999999999999999",
        "benchmark import --deals 300001",
        "demo --contacts 99999999999999999999",
        "demo --contacts 200001",  # and half as many deals again
        "demo --check --deals 99999999999999999999",
    ],
)
def test_more_than_the_stand_in_holds_is_refused_by_whoever_starts_it(line):
    assert refusal(line) == "Стенд вмещает до 300000 контактов и до 300000 сделок."


def test_contacts_too_few_to_be_silent_are_refused_by_the_demo():
    told = "В круге до 5 сделок на контакт: для 1001 сделок нужно контактов от 201"
    assert refusal("demo --contacts 50 --deals 1001") == told


def test_a_size_of_a_benchmark_is_refused_in_english_too(monkeypatch):
    monkeypatch.setenv("LANGUAGE_CODE", "en")
    assert "--letters: “-1” does not fit, a whole number from 1 is needed. " in refusal("benchmark send --letters -1")


@pytest.mark.parametrize("name", ["migrate", "makemigrations", "no_such_command", ""])
def test_commands_of_others_are_not_ours(name):
    assert helping.own(name) is None


@pytest.mark.parametrize(
    ("name", "hint"), [("amocrm_sink", "Похожие: amocrm_sync, "), ("xyzzy", "Все команды: python3 manage.py help")]
)
def test_an_unknown_command_is_told_with_what_there_is(name, hint):
    with pytest.raises(CommandError) as told:
        arguments.refuse_unknown(name)
    assert str(told.value).startswith(f"Команды «{name}» нет. {hint}")


@pytest.mark.parametrize(
    "line",
    [
        "amocrm_sync --nope",
        "xyzzy --contacts 5",
        "amocrm_sandbox --port 99999",
        "create_api_key --scopes deals:read",
        "create_api_key Site",
        "create_api_key Site --scopes deals:nope",
    ],
)
def test_a_refused_command_ends_with_one_line_and_starts_no_server(empty_dir, line):
    finished = command(*line.split())
    assert (finished.returncode, finished.stdout, finished.stderr.count("\n")) == (1, "", 1)
    assert not finished.stderr.startswith(("usage", "CommandError"))
    assert not (empty_dir / "servers").exists()


def test_help_is_still_printed(empty_dir):
    finished = command("amocrm_sync", "--help")
    assert (finished.returncode, "--reconcile" in finished.stdout) == (0, True)
