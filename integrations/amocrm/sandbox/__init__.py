"""A stand-in for amoCRM: the API v4 a client talks to, kept in memory, with a building firm's data in it.

The core (`core.Sandbox`) takes a request and returns an answer; `server` puts it behind HTTP and
`transport` behind httpx2 without a socket. Nothing here imports Django.
"""

from integrations.amocrm.sandbox.core import Sandbox
from integrations.amocrm.sandbox.http import Response

__all__ = ["Response", "Sandbox"]
