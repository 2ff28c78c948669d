"""The site for `serve`: loads while its parent still looks after the schema and static files, answers when told to.

The parent holds the other end of a pipe and closes it when all is ready; a worker started later finds it closed.
"""

import os
from importlib import import_module

import django
from django.conf import settings

django.setup()
import_module(settings.ROOT_URLCONF)
if gate := os.environ.get("CRMSEG_GATE"):
    os.read(int(gate), 1)

from crmseg.wsgi import application  # noqa: E402 — building the middleware reads the collected files

__all__ = ["application"]
