"""Who uses the servers: the first starts them, the last stops them, whatever happens to those in between."""

import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from crmseg.embedded.binaries import make_system_home
from crmseg.embedded.errors import EmbeddedError, belongs_to_another, explain
from crmseg.embedded.places import Account, Places, database_url, places, redis_url
from crmseg.embedded.postgres import Postgres
from crmseg.embedded.program import stopped
from crmseg.embedded.redis import Redis
from crmseg.interrupts import ended_by_signals, undisturbed
from crmseg.patience import wait_until
from crmseg.words import gettext as _

Server = Postgres | Redis

TOLD_AFTER = 3.0  # seconds: nobody else has said a word yet
_relied_on: list[Server] = []


def failure() -> str:
    """One line about the first embedded server this process started or found, and that is gone now; or nothing."""
    for server in _relied_on:
        if not server.is_alive():
            return stopped(server.name, server.log)
    return ""


def failure_of_a_broken_line() -> str:
    """The same after a connection broke: that comes a moment before its server is gone, and one that ends is silent."""
    wait_until(lambda: bool(failure()) or all(server.answers() for server in _relied_on), seconds=60.0, pause=0.1)
    return failure()


@contextmanager
def servers(data_dir: Path, *, durable: bool = True, quick_commits: bool = False) -> Iterator[None]:
    """Both servers answer inside the block, except those that DATABASE_URL and REDIS_URL name."""
    need_database, need_redis = not os.environ.get("DATABASE_URL"), not os.environ.get("REDIS_URL")
    if not (need_database or need_redis):
        with ended_by_signals():
            yield
        return
    with ExitStack() as stack:
        stack.enter_context(ended_by_signals())
        try:
            place = prepare(places(data_dir))
            needed: list[Server] = [Postgres(place, durable, quick_commits)] if need_database else []
            needed += [Redis(place)] if need_redis else []
            stack.enter_context(using(place, needed))
        except OSError as error:
            raise explain(error, data_dir) from error
        stack.enter_context(exported(environment(data_dir, need_database, need_redis)))
        _relied_on[:] = needed
        stack.callback(_relied_on.clear)
        yield


@contextmanager
def private(data_dir: Path, *, durable: bool = True) -> Iterator[dict[str, str]]:
    """Both servers for somebody else, whatever this process uses: the variables to give them."""
    try:
        place = prepare(places(data_dir))
        with using(place, [Postgres(place, durable), Redis(place)]):
            yield environment(data_dir, True, True)
    except OSError as error:
        raise explain(error, data_dir) from error


@contextmanager
def using(place: Places, needed: list[Server]) -> Iterator[None]:
    with lock_file(place.locks / "users.lock") as users:
        try:
            with held(place.locks / "start.lock"):
                fcntl.flock(users, fcntl.LOCK_SH)
                start(needed)
            yield
        finally:
            with undisturbed(), held(place.locks / "start.lock"):
                leave(users, place, needed)


def start(needed: list[Server]) -> None:
    for server in needed:
        server.launch()
    for server in needed:
        server.wait()


def leave(users: int, place: Places, needed: list[Server]) -> None:
    """The last one out stops both, also the one that only an earlier command had needed."""
    if not is_taken(users):
        return
    found: tuple[Server, ...] = (Redis(place), Postgres(place))
    for server in {server.name: server for server in (*found, *needed)}.values():
        server.stop()


# Locks and variables


@contextmanager
def lock_file(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def held(path: Path) -> Iterator[None]:
    with lock_file(path) as descriptor:
        told = _("Жду: другая команда запускает или останавливает PostgreSQL и Redis.")
        wait_until(partial(is_taken, descriptor), told=told, told_after=TOLD_AFTER, pause=0.05)
        yield


def is_taken(descriptor: int) -> bool:
    """By us, alone; it is not waited for."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def exported(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def environment(data_dir: Path, need_database: bool, need_redis: bool) -> dict[str, str]:
    """CRMSEG_EMBEDDED tells our children that the URL is still the embedded default."""
    values = {"DATABASE_URL": database_url(data_dir), "CRMSEG_EMBEDDED": "1"} if need_database else {}
    return values | ({"REDIS_URL": redis_url(data_dir)} if need_redis else {})


# Directories


def prepare(place: Places) -> Places:
    for directory in (place.data_dir, place.locks, place.logs):
        directory.mkdir(parents=True, exist_ok=True)
    if place.home != place.link:
        settle_outside(place)
    own_directory(place.home, place.account)
    own_directory(place.sockets, place.account)
    if place.account:
        hand_over_all(place.cluster, place.account)
    return place


def settle_outside(place: Places) -> None:
    """DATA_DIR keeps a link to where its servers are.

    A home no link leads to belonged to a deleted DATA_DIR: its keys are lost with it, so it is not taken over but
    set aside (the latest one is kept).
    """
    if place.link.is_symlink():
        return
    with held(place.locks / "start.lock"):
        make_system_home()
        if place.home.exists() and not place.link.is_symlink():
            if (place.home / "postgres").exists():
                Postgres(place).stop()
            aside = place.home.with_name(f"{place.home.name}.old")
            shutil.rmtree(aside, ignore_errors=True)
            place.home.rename(aside)
        place.home.mkdir(exist_ok=True)
        if not place.link.is_symlink():
            place.link.symlink_to(place.home)


def own_directory(directory: Path, account: Account | None) -> None:
    """Ours or the servers' account's alone; one that a stranger made first (under /tmp) is refused."""
    uid = account.uid if account else os.geteuid()
    directory.mkdir(mode=0o700, exist_ok=True)
    found = directory.lstat()
    if account and found.st_uid == os.geteuid() != uid:
        hand_over(directory, account)
    elif found.st_uid != uid:
        raise belongs_to_another(directory, uid, directory)
    directory.chmod(0o700)


def hand_over_all(cluster: Path, account: Account) -> None:
    """One that root brought back from a copy. The directory itself is the last: so long nobody else gets into it."""
    if cluster.is_symlink() or not cluster.exists() or cluster.lstat().st_uid != 0:
        return
    for path in (*cluster.rglob("*"), cluster):
        found = path.lstat()
        if found.st_uid == 0 and (stat.S_ISDIR(found.st_mode) or found.st_nlink == 1):
            hand_over(path, account)
    cluster.chmod(0o700)


def hand_over(path: Path, account: Account) -> None:
    try:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
    except PermissionError as error:
        raise EmbeddedError(
            _(
                "PostgreSQL не запускается от root, а сменить пользователя здесь нельзя. "
                "Запустите от обычного пользователя или задайте DATABASE_URL."
            )
        ) from error
