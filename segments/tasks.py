"""Doors for workers; what is due is found in the database, so a lost call delays and loses nothing."""

import logging
from typing import Any

from celery import Task, shared_task
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from . import gallery, membership
from .models import Segment

logger = logging.getLogger(__name__)


@shared_task(name="segments.follow_changes")
def follow_changes() -> None:
    membership.follow_changes(timezone.now)


@shared_task(name="segments.refresh_stale")
def refresh_stale() -> None:
    gallery.follow_norms(timezone.now())
    membership.refresh_stale(timezone.now)


@shared_task(name="segments.refresh_all")
def refresh_all() -> None:
    gallery.ensure(timezone.now())
    membership.refresh_all(timezone.now)


@shared_task(name="segments.refresh")
def refresh(*, segment: int) -> None:
    found = Segment.objects.alive().filter(pk=segment).first()
    if found:
        membership.refresh(found, now=timezone.now())


def refresh_soon(segment: Segment) -> None:
    """Wake a worker once the transaction is committed. Without a broker the next tick of the clock does the work."""
    transaction.on_commit(lambda: _send(refresh, segment=segment.pk))


def refresh_all_soon() -> None:
    transaction.on_commit(lambda: _send(refresh_all))


def _send(task: Task, **values: Any) -> None:
    try:
        task.delay(**values)
    except OperationalError:
        logger.warning("%s %s: no broker, left to the clock", task.name, values)
