"""The test database, named so that a process of its own can reach it: over a port or a unix socket."""

from urllib.parse import quote, urlencode

from django.db import connection


def url() -> str:
    known = connection.settings_dict
    who = quote(known["USER"]) + (f":{quote(known['PASSWORD'])}" if known["PASSWORD"] else "")
    if str(known["HOST"]).startswith("/"):
        return f"postgres://{who}@/{known['NAME']}?{urlencode({'host': known['HOST']})}"
    return f"postgres://{who}@{known['HOST']}:{known['PORT'] or 5432}/{known['NAME']}"
