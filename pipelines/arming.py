"""A restored database starts disarmed: nothing is sent and nothing written to amoCRM until a person says so (D13).

What flows in: where the database stands now: the cluster, its timeline (a recovery opens a new one), the database and
the table itself (a dump makes both anew); of an embedded cluster also its files (a copied directory has others). What
flows out: ``is_armed``, asked by everyone who acts on the outside world. Elsewhere than last time it is a copy: it may
repeat what the original has done since, and transaction ids may have started anew, so the log is stamped anew before
anybody reads it. A stopped cluster of one's own server, copied file by file, looks the same: that one is not noticed.

A failover to a replica opens a timeline too, and may have lost the last transactions: it asks the same question.
"""

import logging
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction

from crmseg.words import gettext as _

from . import changes
from .models import Home

log = logging.getLogger(__name__)

LOOK = """
SELECT place.here, home.server, home.disarmed_at
FROM (
    SELECT system_identifier
        || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)
        || '/' || (SELECT oid FROM pg_database WHERE datname = current_database())
        || '/' || 'pipelines_home'::regclass::oid
        || coalesce('/' || nullif(current_setting('crmseg.files', true), ''), '')
    FROM pg_control_system()
) AS place (here)
LEFT JOIN pipelines_home AS home ON home.id = 1
"""


def is_armed(now: datetime) -> bool:
    return disarmed_at(now) is None


def held_back(what: str, page: str, now: datetime) -> str:
    """For a command to say: ``what`` it does not do, why, and on which ``page`` that ends; "" when it may."""
    if disarmed_at(now, is_told=True) is None:
        return ""
    told = _(
        "%(what)s: база восстановлена из копии, и прежняя установка могла уже сделать это сама. "
        "Администратор проверяет и включает отправку на странице amoCRM: %(url)s"
    )
    return told % {"what": what, "url": f"{settings.PUBLIC_URL}{page}"}


def disarmed_at(now: datetime, *, is_told: bool = False) -> datetime | None:
    """Since when it is disarmed; the first look of all remembers where the database lives.

    ``is_told``: who asks says it to a person, whose terminal needs no second word of it from the log.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOOK)
        here, known, since = cursor.fetchone()
    if known is None:
        Home.settle(here)
    elif here.startswith(f"{known}/"):  # by an older crmseg, which did not look at the files
        Home.objects.filter(server=known).update(server=here)
    elif known != here:
        return _has_moved(here, now, is_told).disarmed_at
    return since if known else None


@transaction.atomic
def _has_moved(here: str, now: datetime, is_told: bool) -> Home:
    home = Home.objects.select_for_update().get(pk=1)
    if home.server != here:
        changes.stamp_anew()
        home.disarm(here, now)
        said = "This database is a copy (%s): nothing is sent until an administrator allows it"
        log.error(said, here, extra={"is_told": is_told})
    return home
