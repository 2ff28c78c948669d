"""Starting PostgreSQL: after one that was killed, and what is looked at before."""

import os
import pwd
import sys
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from crmseg import patience
from crmseg.embedded import EmbeddedError, program
from crmseg.embedded import places as places_module
from crmseg.embedded.places import places
from crmseg.embedded.postgres import Postgres
from tests.crmseg.conftest import as_root

HELD = 'FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use\nHINT:  Terminate "/d".\n'
FALLS = """FATAL:  could not read file "global/pg_filenode.map": read 0 of 524
LOG:  all server processes terminated; reinitializing
LOG:  database system was interrupted
"""


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


def cluster(data_dir: Path, **files: str) -> Postgres:
    server = Postgres(places(data_dir))
    for name, text in files.items():
        path = server.place.cluster / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    if server.place.account:
        os.chown(server.place.cluster, server.place.account.uid, -1)
    return server


@pytest.mark.parametrize(
    ("files", "missing"),
    [
        ({"PG_VERSION": "18\n", "global__x": ""}, "global/pg_control"),
        ({"global__pg_control": ""}, "PG_VERSION"),
        ({"base__1__x": ""}, "PG_VERSION"),
    ],
)
def test_a_database_without_one_file_is_damaged_and_not_to_be_thrown_away(empty_dir, files, missing):
    with pytest.raises(EmbeddedError, match=rf"^База \S+ повреждена, нет {missing}\. Верните её из копии\.$"):
        cluster(empty_dir, **files).check_cluster()


@pytest.mark.parametrize("version", ["", "\0\0\0"])
def test_a_database_whose_version_cannot_be_read_is_damaged(empty_dir, version):
    with pytest.raises(EmbeddedError, match="файл базы PG_VERSION повреждён: верните каталог из копии"):
        cluster(empty_dir, base__1__x="", PG_VERSION=version).check_cluster()


@as_root
def test_a_file_that_root_made_its_own_is_named_with_how_to_give_it_back(empty_dir):
    server = cluster(empty_dir, PG_VERSION="18\n", global__pg_control="")
    home = server.place.cluster
    with pytest.raises(EmbeddedError) as told:
        server.check_cluster()
    owner = pwd.getpwuid(server.place.account.uid).pw_name
    assert str(told.value).startswith(f"{home}/global/pg_control принадлежит root, и PostgreSQL его не откроет.")
    assert str(told.value).endswith(f" sudo chown -R {owner} {home}")


@as_root
def test_a_version_that_only_root_may_read_is_told_with_how_to_give_it_back(empty_dir):
    server = cluster(empty_dir, PG_VERSION="18\n")
    home, owner = server.place.cluster, pwd.getpwuid(server.place.account.uid)
    (home / "PG_VERSION").chmod(0o600)
    for directory in (home, *home.parents):
        if directory.is_relative_to(empty_dir):
            directory.chmod(0o711)
    os.seteuid(owner.pw_uid)
    try:
        with pytest.raises(EmbeddedError, match=rf"PG_VERSION принадлежит root, .* chown -R {owner.pw_name} {home}$"):
            server.version()
    finally:
        os.seteuid(0)


@as_root
def test_a_cluster_of_root_is_told_to_an_ordinary_user_with_how_to_give_it_back(empty_dir, monkeypatch):
    monkeypatch.setattr(places_module.os, "geteuid", lambda: 12345)
    server = cluster(empty_dir, PG_VERSION="18\n")
    with pytest.raises(
        EmbeddedError, match=rf"^(\S+) принадлежит root, .* sudo chown -R 12345 {server.place.cluster}$"
    ):
        server.check_cluster()


def test_a_directory_that_is_no_database_is_to_be_put_away(empty_dir):
    with pytest.raises(EmbeddedError, match="лежит не база PostgreSQL"):
        cluster(empty_dir, letter="").check_cluster()


DEAF = """
from signal import SIG_DFL, SIG_IGN, SIGINT, SIGQUIT, signal
signal(SIGINT, SIG_IGN)
signal(SIGQUIT, SIG_DFL)  # a script in the background begins without it
print(flush=True)
input()
"""


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_server_we_started_in_vain_is_ended_though_it_falls_again_and_again(empty_dir, monkeypatch, is_ours):
    server = Postgres(places(empty_dir))
    falling = Popen([sys.executable, "-c", DEAF], stdin=PIPE, stdout=PIPE)
    falling.stdout.readline()
    server.process = falling if is_ours else None
    monkeypatch.setattr(server, "END_WITHIN", 0.01)
    monkeypatch.setattr(server, "pid", lambda: falling.pid)
    monkeypatch.setattr(server, "comes_up", lambda: True)
    monkeypatch.setattr(server, "ensure_database", refuse)
    with pytest.raises(EmbeddedError, match="damaged"):
        server.wait()
    assert program.has_ended(falling.pid) is is_ours
    falling.communicate()


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_server_that_damage_brings_down_over_and_over_is_not_waited_for(empty_dir, monkeypatch, is_ours):
    server, ours = Postgres(places(empty_dir)), Popen(["sleep", "60"])
    server.process = ours if is_ours else None
    server.log = empty_dir / "postgres.log"
    server.log.write_text(FALLS)
    monkeypatch.setattr(server, "pid", lambda: ours.pid)
    monkeypatch.setattr(server, "answers", lambda: False)
    with pytest.raises(EmbeddedError, match=r"файл базы global/pg_filenode\.map повреждён"):
        server.wait()
    ours.kill()
    ours.wait()


def refuse() -> None:
    raise EmbeddedError("damaged")
