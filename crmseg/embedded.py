"""PostgreSQL and Redis from wheels, started and stopped with the command that needs them."""

import secrets
from pathlib import Path
from urllib.parse import quote


def database_url(data_dir: Path) -> str:
    return f"postgres://crmseg@/crmseg?host={quote(str(data_dir / 'run'))}"


def redis_url(data_dir: Path) -> str:
    return f"unix://{data_dir / 'run' / 'redis.sock'}"


def local_secret(data_dir: Path, name: str) -> str:
    """A secret generated once and kept in the data directory, readable by its owner only."""
    path = data_dir / "secrets" / name
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(secrets.token_urlsafe(48))
        path.chmod(0o600)
    return path.read_text().strip()
