"""One Redis that keeps nothing: PostgreSQL holds all truth, Redis only wakes workers."""

import re
import socket
import subprocess
from pathlib import Path

from crmseg.embedded.binaries import redis_server
from crmseg.embedded.places import Places
from crmseg.embedded.program import START_DEADLINE, failed, launch, wait_until

NAME = "Redis"
FLAGS = ("--port", "0", "--unixsocketperm", "700", "--save", "", "--appendonly", "no", "--daemonize", "no")


class Redis:
    name = NAME

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
        wait_until(lambda: self.is_alive() or self.is_gone(), START_DEADLINE)
        if not self.is_alive():
            raise failed(NAME, self.log)

    def is_alive(self) -> bool:
        return "PONG" in self.ask("PING")

    def is_gone(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def stop(self) -> None:
        self.ask("SHUTDOWN NOSAVE")
        wait_until(lambda: self.is_gone() if self.process else not self.is_alive(), 5.0)

    def pid(self) -> int | None:
        found = re.search(r"process_id:(\d+)", self.ask("INFO server"))
        return int(found[1]) if found else None

    def ask(self, command: str) -> str:
        """Redis' inline protocol: enough for three words, and no client library to import."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(2.0)
            try:
                line.connect(str(self.place.redis_socket))
                line.sendall(command.encode() + b"\r\n")
                return line.recv(65536).decode(errors="replace")
            except OSError:
                return ""
