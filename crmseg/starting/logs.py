"""What goes to the log: lines as JSON for LOG_FORMAT=json, and of requests only what somebody can use.

What a command has said itself, in the words of the installation, its stderr does not repeat; others still get it.
"""

import json
import logging

from django.conf import settings
from django.http import HttpRequest

REFUSAL = "%s %s %s: %s"


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class Untold(logging.Filter):
    """For text on stderr: a machine that reads JSON, and Sentry, know nothing of what the command said beside."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not getattr(record, "is_told", False)


class Requests(logging.Filter):
    """For the loggers of Django. A refusal is one line: who, what. A missing page is no news. A failure is told by
    `crmseg.web.errors`, under the number that the person saw.

    Django is set up twice in a web process, so a record may pass twice.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        status = getattr(record, "status_code", 0)
        if status == 404 or (status == 500 and record.exc_info and not settings.DEBUG):
            return False
        request = getattr(record, "request", None)
        if 400 <= status < 500 and request is not None:
            record.exc_info = record.exc_text = None
            if record.name == "django.request" and record.msg != REFUSAL:  # others name their host or header
                path = record.args[-1] if isinstance(record.args, tuple) and record.args else "?"  # escaped by Django
                record.msg, record.args = REFUSAL, (status, request.method, path, who(request))
        return True


def who(request: HttpRequest) -> str:
    """By number: names and addresses of people do not belong into a log. Asks the database for nothing."""
    if key := getattr(request, "auth", None):
        return f"key {key.pk}"
    user = getattr(request, "_cached_user", None)
    return f"user {user.pk} ({user.role})" if user is not None and user.is_authenticated else "a stranger"
