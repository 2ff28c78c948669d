"""A task for a worker under test: it has begun when its file is there, and ends when that file is gone."""

from pathlib import Path

from celery import shared_task

from tests.patience import until


@shared_task(name="tests.wait")
def wait(file: str) -> None:
    Path(file).touch()
    until(lambda: not Path(file).exists())
