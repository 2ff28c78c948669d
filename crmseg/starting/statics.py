"""Collected static files, made once per state of the sources."""

import fcntl
import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command


def collect_if_stale() -> bool:
    """Old files stay: another process may still serve pages that name them."""
    root = Path(settings.STATIC_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp, state = root / ".state", state_of_sources()
        if stamp.exists() and stamp.read_text() == state:
            return False
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.write_text(state)
        return True


def are_collected() -> bool:
    """A page cannot be drawn without the list of their hashed names."""
    return settings.DEBUG or (Path(settings.STATIC_ROOT) / "staticfiles.json").exists()


def state_of_sources() -> str:
    digest = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = Path(storage.path(path)).stat()
            digest.update(f"{path}:{found.st_size}:{found.st_mtime_ns}\n".encode())
    return digest.hexdigest()
