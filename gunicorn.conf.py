"""Read by `gunicorn crmseg.wsgi` in this directory: what is wrong around the site is told before it begins.

By another process: this one lives as long as the site and must not keep our modules, or a reload would mix old and
new code. Once per start: a server that is away while the site reloads must not end it. `serve` has asked already.
"""

import os
import socket
import subprocess
import sys
from typing import Any

ASKED = "CRMSEG_ASKED_BY"


def ask(door: str) -> None:
    """Of `crmseg.starting.standalone`: the line that it tells, if any, is the last one."""
    try:
        asking = f"from crmseg.starting import standalone; standalone.{door}"
        if subprocess.run([sys.executable, "-c", asking], check=False).returncode:
            sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def on_starting(server: Any) -> None:
    """gunicorn itself tries a taken port again and again, with two lines each time."""
    if "GUNICORN_FD" in os.environ or "LISTEN_FDS" in os.environ:  # the port was handed over
        return
    for address in server.cfg.address:
        if not isinstance(address, tuple):
            continue
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
            except OSError:
                ask(f"refuse_address({address[0]!r}, {address[1]})")


if "CRMSEG_GATE" not in os.environ and os.environ.get(ASKED) != str(os.getpid()):
    os.environ[ASKED] = str(os.getpid())
    ask("refuse_site()")
