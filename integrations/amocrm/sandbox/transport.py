"""The stand-in behind httpx2 without a socket, for tests of whatever talks to amoCRM."""

import httpx2

from integrations.amocrm.sandbox.core import Sandbox


def transport(sandbox: Sandbox) -> httpx2.BaseTransport:
    def answer(request: httpx2.Request) -> httpx2.Response:
        target = request.url.raw_path.decode("ascii")
        response = sandbox.handle(request.method, target, dict(request.headers), request.read())
        if response.dropped:
            raise httpx2.RemoteProtocolError("Server disconnected without sending a response.", request=request)
        return httpx2.Response(response.status, headers=response.headers, content=response.body, request=request)

    return httpx2.MockTransport(answer)
