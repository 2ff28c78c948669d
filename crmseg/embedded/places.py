"""Where the servers' files are and whom they belong to: looks at the file system, changes nothing.

Ordinarily everything is in `DATA_DIR/servers`. PostgreSQL refuses root, so root runs the servers as another account;
when that account cannot reach DATA_DIR (a clone under /root), they live in `/var/lib/crmseg/…` and
`DATA_DIR/servers` is a link.
"""

import hashlib
import os
import pwd
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from crmseg.embedded.errors import EmbeddedError
from crmseg.words import gettext as _

SYSTEM_HOME = Path("/var/lib/crmseg")
SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_LIMIT = 107
PLAIN_PATH = re.compile(r"[A-Za-z0-9_./-]+")  # libpq reads a comma in a host as two hosts
ACCOUNTS = ("crmseg", "nobody")


@dataclass(frozen=True)
class Account:
    uid: int
    gid: int


@dataclass(frozen=True)
class Places:
    data_dir: Path
    home: Path
    account: Account | None
    """Whom the servers run as; None means as ourselves."""

    @property
    def link(self) -> Path:
        return self.data_dir / "servers"

    @property
    def cluster(self) -> Path:
        return self.home / "postgres"

    @property
    def sockets(self) -> Path:
        near = self.home / "run"
        fits = len(str(near / SOCKET_NAME)) <= SOCKET_PATH_LIMIT and PLAIN_PATH.fullmatch(str(near))
        return near if fits else Path("/tmp") / f"crmseg-{short_hash(self.home)}"  # noqa: S108 — owner is checked

    @property
    def redis_socket(self) -> Path:
        return self.sockets / "redis.sock"

    @property
    def locks(self) -> Path:
        return self.data_dir / "run"

    @property
    def logs(self) -> Path:
        return self.data_dir / "log"


def places(data_dir: Path) -> Places:
    data_dir = Path(os.path.abspath(data_dir))
    link = data_dir / "servers"
    home = Path(os.readlink(link)) if os.path.islink(link) else link  # where we may not look it is no link
    if os.geteuid() != 0:
        return Places(data_dir, home, None)
    account = owner_of(home / "postgres") or owner_of(home) or system_account()
    if home == link and not can_reach(account, data_dir):
        home = SYSTEM_HOME / short_hash(data_dir)
    return Places(data_dir, home, account)


def database_url(data_dir: Path) -> str:
    return f"postgres://crmseg@/crmseg?host={quote(str(places(data_dir).sockets))}"


def redis_url(data_dir: Path) -> str:
    return f"unix://{places(data_dir).redis_socket}"


def short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def system_account() -> Account:
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedError(_("PostgreSQL не запускается от root, а пользователя nobody нет. Создайте: useradd -r crmseg"))


def owner_of(directory: Path) -> Account | None:
    """The account an existing cluster or its home belongs to, unless that is root."""
    try:
        found = directory.stat()
    except OSError:
        return None
    return Account(found.st_uid, found.st_gid) if found.st_uid else None


def can_reach(account: Account, directory: Path) -> bool:
    """May the account walk down to this directory, which may not exist yet?"""
    chain = [directory, *directory.parents]
    return all(may(account, step, 0o1) for step in chain)


def may(account: Account, path: Path, right: int) -> bool:
    """`right` as in rwx of one group: 4 to read, 1 to enter."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return bool(~current_umask() & right)
    except OSError:
        return False
    mode = stat.S_IMODE(found.st_mode)
    shift = 6 if found.st_uid == account.uid else 3 if found.st_gid == account.gid else 0
    return (mode >> shift) & right == right


def current_umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
