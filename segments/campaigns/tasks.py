"""Alarm clocks only: what is due stands in the ledger, so a task lost or repeated changes nothing."""

import logging
import os
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from celery import shared_task
from celery.worker import state as worker_state
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from . import delivery, launch
from .models import Campaign

EARLY = timedelta(seconds=0.5)  # by so much a worker's clock may be off
log = logging.getLogger(__name__)


@shared_task(name="campaigns.start_due")
def start_due() -> None:
    if launch.start_due(timezone.now()):
        _wake(send_planned.delay)


@shared_task(name="campaigns.send_planned")
def send_planned(is_helper: bool = False) -> None:
    for _ in range(0 if is_helper else delivery.lanes(timezone.now()) - 1):
        _wake(partial(send_planned.delay, is_helper=True))
    sent = delivery.send_planned(delivery.PER_TASK, worker=worker_name(), now_fn=timezone.now, is_stopping=is_stopping)
    if sent.claimed == delivery.PER_TASK and not is_stopping():
        _wake(partial(send_planned.delay, is_helper=True))


@shared_task(name="campaigns.sweep")
def sweep() -> None:
    delivery.sweep(timezone.now())


def send_soon() -> None:
    """Wake a worker once the transaction is committed. Without a broker the next tick of the clock does the work."""
    transaction.on_commit(lambda: _wake(send_planned.delay))


def start_soon(campaign: Campaign) -> None:
    """Wake a worker for what a click set in motion: now, or when its grace is over."""
    if not campaign.is_leaving or campaign.next_due_at is None:
        send_soon()
        return
    wait = campaign.next_due_at - timezone.now() + EARLY
    transaction.on_commit(lambda: _wake(partial(start_due.apply_async, countdown=wait.total_seconds())))


def _wake(call: Callable[[], Any]) -> None:
    try:
        call()
    except OperationalError:
        log.warning("no broker, letters are left to the clock")


def worker_name() -> str:
    """One name per thread that sends: claims of two threads never mix."""
    return f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"[:100]


def is_stopping() -> bool:
    """Celery was told to end: claim nothing more, finish the letter in flight."""
    return worker_state.should_stop is not None or worker_state.should_terminate is not None
