"""Who finds the schema old either waits for whoever is bringing it up to date, or says that nobody is."""

from contextlib import ExitStack

import pytest

from crmseg import patience
from crmseg.embedded import EmbeddedError
from crmseg.starting import commandline, schema

NEW = {("segments", "0009_new")}


@pytest.fixture
def written(monkeypatch) -> set[tuple[str, str]]:
    """What the code brings and the database has not seen."""
    missing = set(NEW)
    monkeypatch.setattr(schema, "pending", lambda: set(missing))
    return missing


@pytest.mark.django_db
def test_a_forgotten_migration_is_missing_for_good(written, monkeypatch):
    monkeypatch.setattr(schema.time, "sleep", lambda seconds: pytest.fail("waited"))
    assert schema.missing_for_good() == NEW


@pytest.mark.django_db
def test_a_migration_that_runs_is_waited_for_with_one_word(written, monkeypatch, capsys):
    looks = []
    with ExitStack() as migrating:
        migrating.enter_context(schema.alone())

        def sleep(seconds: float) -> None:
            looks.append(schema.is_being_changed())
            if len(looks) == 2:
                written.clear()

        monkeypatch.setattr(schema.time, "sleep", sleep)
        assert schema.missing_for_good() == set()
    assert looks == [True, True]
    assert capsys.readouterr().err == "Жду: базу обновляет другая команда, осталось миграций: 1.\n"


@pytest.mark.django_db
def test_who_has_something_to_apply_too_waits_for_the_other_with_one_word(monkeypatch, capsys):
    monkeypatch.setattr(schema, "TOLD_AFTER", 0)
    with ExitStack() as other:
        other.enter_context(schema.alone())
        assert capsys.readouterr().err == ""
        monkeypatch.setattr(patience, "sleep", lambda _: other.close())
        with schema.alone():
            assert capsys.readouterr().err == "Жду: базу обновляет другая команда.\n"


@pytest.mark.django_db
def test_the_word_that_somebody_migrates_ends_with_him():
    with pytest.raises(KeyError):
        break_off()
    seen = [schema.is_being_changed() for _ in range(1000)]
    assert not seen[-1]


def break_off() -> None:
    with schema.alone():
        assert schema.is_being_changed()
        raise KeyError


@pytest.mark.django_db
def test_a_command_on_an_old_schema_is_refused_with_the_next_step(written):
    with pytest.raises(EmbeddedError, match=r"не применено миграций: 1\. Выполните: python3 manage\.py migrate$"):
        commandline.refuse_unapplied()
    written.clear()
    commandline.refuse_unapplied()
