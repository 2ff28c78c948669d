"""The stand-in behind HTTP/1.1 on the loopback: keep-alive, a thread per connection."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from integrations.amocrm.sandbox.core import Sandbox

HOST = "127.0.0.1"


class Server(ThreadingHTTPServer):
    """Bound at once, so that a busy port is known before anything is seeded; `sandbox` is set before serving."""

    daemon_threads = True
    request_queue_size = 64
    sandbox: Sandbox

    def __init__(self, port: int) -> None:
        super().__init__((HOST, port), Handler)
        self.base_url = f"http://{HOST}:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one piece
    timeout = 120
    server: Server

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        response = self.server.sandbox.handle(self.command, self.path, dict(self.headers.items()), body)
        if response.dropped:
            self.close_connection = True
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status != 204:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = answer

    def version_string(self) -> str:
        return "nginx"

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: the request log is in the control plane."""


def serve(port: int, sandbox: Sandbox | None = None) -> Server:
    """Bind and return (port 0 takes any free one); the caller runs `serve_forever()`, and `shutdown()` from
    another thread to stop."""
    server = Server(port)
    if sandbox is not None:
        server.sandbox = sandbox
        sandbox.base_url = server.base_url
    return server
