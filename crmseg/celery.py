"""The Celery app and the whole beat table: what wakes up, and how often.

Every entry only wakes a worker; what is due is found by state in PostgreSQL, so a lost tick delays and loses nothing.
"""

import os
import sys

from celery import Celery
from celery.schedules import crontab
from kombu.transport import TRANSPORT_ALIASES

from crmseg.starting import standalone

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crmseg.settings")

if standalone.is_celery(sys.argv):
    standalone.refuse_celery(sys.argv)

TRANSPORT_ALIASES |= dict.fromkeys(("redis", "rediss"), "crmseg.broker:Transport")

app = Celery("crmseg")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

app.conf.task_routes = {
    "segments.*": {"queue": "heavy"},
    "amocrm.continue_import": {"queue": "heavy"},  # translating pages is work for a processor of its own
}

HEAVY = {"expires": 60}
IO = {"expires": 20}

app.conf.beat_schedule = {
    "start due campaigns": {"task": "campaigns.start_due", "schedule": 10.0, "options": IO},
    "send what is planned": {"task": "campaigns.send_planned", "schedule": 10.0, "options": IO},
    "sweep expired leases": {"task": "campaigns.sweep", "schedule": 30.0, "options": IO},
    "follow changes": {"task": "segments.follow_changes", "schedule": 10.0, "options": HEAVY},
    "refresh segments": {"task": "segments.refresh_stale", "schedule": 300.0, "options": HEAVY},
    "refresh every segment": {
        "task": "segments.refresh_all",
        "schedule": crontab(hour="3", minute="17"),
        "options": HEAVY,
    },
    "read receipts": {"task": "amocrm.read_receipts", "schedule": 10.0, "options": IO},
    "pull": {"task": "amocrm.pull", "schedule": 120.0, "options": IO},
    "continue import": {"task": "amocrm.continue_import", "schedule": 20.0, "options": HEAVY},
    "push": {"task": "amocrm.push", "schedule": 10.0, "options": IO},
}
