"""Alarm clocks only: what is due stands in the ledger, so a task lost or repeated changes nothing."""

import os
import socket
import threading

from celery import shared_task
from celery.worker import state as worker_state
from django.utils import timezone

from . import delivery, launch


@shared_task(name="campaigns.start_due")
def start_due() -> None:
    if launch.start_due(timezone.now()):
        send_planned.delay()


@shared_task(name="campaigns.send_planned")
def send_planned(is_helper: bool = False) -> None:
    for _ in range(0 if is_helper else delivery.lanes(timezone.now()) - 1):
        send_planned.delay(is_helper=True)
    sent = delivery.send_planned(delivery.PER_TASK, worker=worker_name(), now_fn=timezone.now, is_stopping=is_stopping)
    if sent.claimed == delivery.PER_TASK and not is_stopping():
        send_planned.delay(is_helper=True)


@shared_task(name="campaigns.sweep")
def sweep() -> None:
    delivery.sweep(timezone.now())


def worker_name() -> str:
    """One name per thread that sends: claims of two threads never mix."""
    return f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"[:100]


def is_stopping() -> bool:
    """Celery was told to end: claim nothing more, finish the letter in flight."""
    return worker_state.should_stop is not None or worker_state.should_terminate is not None
