"""What beat wakes up for amoCRM; what is due is found in the database."""

from celery import shared_task
from django.utils import timezone

from segments.tasks import refresh_all_soon

from . import importing, plan, pull, push, receipts, session
from .models import Account

IMPORT_SECONDS = 50.0


@shared_task(name="amocrm.continue_import")
def continue_import() -> None:
    with session.working() as client:
        if not client or not client.account.is_importing:
            return
        if importing.run_import(client, wait=None, seconds=IMPORT_SECONDS):
            refresh_all_soon()


@shared_task(name="amocrm.pull")
def pull_changes() -> None:
    with session.usable() as client:
        if client and pull.is_due(client.account, timezone.now()):
            pull.pull(client, timezone.now())


@shared_task(name="amocrm.read_receipts")
def read_receipts() -> None:
    with session.usable() as client:
        if client:
            receipts.read_receipts(client, timezone.now())


@shared_task(name="amocrm.push")
def push_changes() -> None:
    if Account.objects.filter(imported_at__isnull=False).exists():
        plan.plan_pushes(timezone.now())  # also while nobody may write it: what waits is counted and shown
    with session.usable() as client:
        if client:
            push.push(client, timezone.now())
