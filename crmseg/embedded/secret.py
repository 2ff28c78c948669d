import os
import secrets
from pathlib import Path

from crmseg.embedded.errors import explain


def local_secret(data_dir: Path, name: str) -> str:
    """A secret generated once and kept in the data directory, readable by its owner only."""
    path = data_dir / "secrets" / name
    try:
        if not path.exists():
            _write_once(path, secrets.token_urlsafe(48))
        return path.read_text().strip()
    except OSError as error:
        raise explain(error, data_dir) from error


def _write_once(path: Path, value: str) -> None:
    """Two commands at once agree on one value: the link is made by the first only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(value)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
