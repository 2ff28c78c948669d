"""Starting PostgreSQL after one that was killed."""

from subprocess import Popen

from crmseg import patience
from crmseg.embedded.places import places
from crmseg.embedded.postgres import Postgres

HELD = 'FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use\nHINT:  Terminate "/d".\n'


def test_orphans_of_a_killed_server_are_waited_for_with_a_word_of_their_own(empty_dir, monkeypatch, capsys):
    server, pauses, tries = Postgres(places(empty_dir)), [], iter([False, False, False, True])
    server.log = empty_dir / "postgres.log"
    server.log.write_text(HELD)
    server.process = Popen(["true"])
    server.process.wait()
    monkeypatch.setattr(patience, "TOLD_AFTER", 0)
    monkeypatch.setattr(patience, "sleep", pauses.append)
    monkeypatch.setattr(Postgres, "launch", lambda self: None)
    monkeypatch.setattr(Postgres, "ensure_database", lambda self: None)
    monkeypatch.setattr(Postgres, "comes_up", lambda self: next(tries))
    server.wait()
    told = f"Жду, пока закончатся последние процессы прежнего PostgreSQL. Прервать: Ctrl-C. Журнал: {server.log}\n"
    assert (capsys.readouterr().err, pauses) == (told, [0.5] * 3)
