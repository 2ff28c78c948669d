"""One Redis that keeps nothing: PostgreSQL holds all truth, Redis only wakes workers."""

import socket
import struct
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from signal import SIGKILL, SIGTERM

from crmseg.embedded.binaries import redis_server
from crmseg.embedded.places import Places
from crmseg.embedded.program import failed, launch, silent, stop
from crmseg.patience import wait_until

NAME = "Redis"
FLAGS = ("--port", "0", "--unixsocketperm", "700", "--save", "", "--appendonly", "no", "--daemonize", "no")


class Redis:
    name = NAME
    ASK_WITHIN = 10.0  # seconds

    def __init__(self, place: Places) -> None:
        self.place = place
        self.process: subprocess.Popen[bytes] | None = None
        self.log = place.logs / "redis.log"

    def launch(self) -> None:
        if self.is_alive():
            return
        self.place.redis_socket.unlink(missing_ok=True)
        argv: list[str | Path] = [
            redis_server(self.place.account),
            *FLAGS,
            "--maxmemory-policy",
            "noeviction",
        ]
        argv += ["--unixsocket", self.place.redis_socket, "--dir", self.place.home]
        self.process, self.log = launch(self.place, "redis", argv)

    def wait(self) -> None:
        if not wait_until(self.answers, unless=self.is_gone, told=silent(NAME, self.log)):
            raise failed(NAME, self.log, self.process)

    def is_gone(self) -> bool:
        """One that we have just launched does not listen yet."""
        return self.process.poll() is not None if self.process else not self.is_alive()

    def is_alive(self) -> bool:
        """Somebody listens: the kernel takes a call for a program that is busy or asleep, never for a dead one."""
        try:
            self.call().close()
        except BlockingIOError:  # more are waiting for it than may
            return True
        except OSError:
            return False
        return True

    def answers(self) -> bool:
        try:
            with closing(self.call()) as line:
                line.settimeout(self.ASK_WITHIN)
                line.sendall(b"PING\r\n")
                return b"PONG" in line.recv(64)
        except OSError:
            return False

    def stop(self) -> None:
        """It keeps nothing: one too slow to say goodbye may be killed."""
        stop(NAME, self.pid, (SIGTERM, 20.0), (SIGKILL, 20.0))

    def pid(self) -> int | None:
        """Who listens: the kernel knows, also when Redis has no time to tell. Without a socket, whom we launched."""
        try:
            with closing(self.call()) as line:
                return listener(line) or None
        except OSError:
            return self.process.pid if self.process and self.process.poll() is None else None

    def call(self) -> socket.socket:
        line = socket.socket(socket.AF_UNIX)
        line.setblocking(False)
        try:
            line.connect(str(self.place.redis_socket))
        except OSError:
            line.close()
            raise
        return line


def listener(line: socket.socket) -> int:
    if sys.platform == "linux":
        return int(struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0])
    local, peer_pid = 0, 2  # SOL_LOCAL, LOCAL_PEERPID of macOS
    return int(struct.unpack("i", line.getsockopt(local, peer_pid, 4))[0])
