"""PostgreSQL and Redis from wheels, started and stopped with the command that needs them.

Flows in: the data directory, and whether DATABASE_URL and REDIS_URL name servers of somebody else. Flows out:
both variables, for this process and its children.

Every command that uses the servers holds a shared lock on `run/users.lock`; starting and stopping happen under
`run/start.lock`. Whoever leaves and can take the users' lock for itself was the last and stops the servers. The
kernel drops the lock of a killed command, so its servers are simply found running by the next one.
"""

from crmseg.embedded.errors import EmbeddedError
from crmseg.embedded.places import database_url, redis_url
from crmseg.embedded.secret import local_secret
from crmseg.embedded.users import failure, failure_of_a_broken_line, private, servers

__all__ = [
    "EmbeddedError",
    "database_url",
    "failure",
    "failure_of_a_broken_line",
    "local_secret",
    "private",
    "redis_url",
    "servers",
]
