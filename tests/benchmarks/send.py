"""How many letters a second one worker sends, beside the bare SMTP hand-over of the same letters in the same run.

The catcher is a real SMTP server on 127.0.0.1 in a process of its own. A worker takes a whole campaign through the
ledger, first as one thread with one letter in flight, then with the lanes that a worker process has; then smtplib hands
the very letters that arrived over once more, one by one: what SMTP itself needs for them.
"""

import os
import re
import signal
import smtplib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from django.conf import settings
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from integrations.channels.catcher import HOST
from pipelines.models import Contact, ContactPoint
from segments.campaigns import delivery, launch
from segments.campaigns.models import Campaign, Consent, Message, Step
from segments.models import Membership, Segment

WORDS = "Посмотрели смету ещё раз: фундамент и кровлю можно разделить на два платежа, сроки при этом не изменятся. "
HTML = (
    "<h1>Здравствуйте, {{ contact.first_name | default: 'коллега' }}</h1>"
    + f"<p>{WORDS * 3}</p>" * 4
    + '<p><a href="https://domuozera.example/smeta">Открыть смету</a> {{ contact.company }}</p>'
)


def run(letters: int = 2_000) -> Iterator[dict[str, Any]]:
    settings.DEBUG = False  # else Django keeps the text of every statement
    with tempfile.TemporaryDirectory() as folder, catcher(Path(folder)) as port:
        settings.EMAIL_URL = {"host": HOST, "port": port, "user": "", "password": "", "ssl": False, "starttls": False}
        settings.CHANNELS = {"email": "integrations.channels.email.channel.EmailChannel"}
        rates = {lanes: _send(_campaign(letters), lanes) for lanes in (1, delivery.LANES)}
        sent = [_as_sent(path) for path in sorted(Path(folder).glob("*.eml"))][:letters]
        bare = _bare(port, sent)
    for lanes, rate in rates.items():
        of_bare = round(rate["per_second"] / bare["per_second"], 2)
        yield {"what": "one worker", "lanes": lanes, **rate, "of_bare": of_bare}
    yield {"what": "bare SMTP of the same letters", **bare, "bytes": sum(map(len, sent)) // max(len(sent), 1)}


@contextmanager
def catcher(folder: Path) -> Iterator[int]:
    command = [sys.executable, "-m", "integrations.channels.catcher", "--smtp-port=0", "--http-port=0", "--dir", folder]
    process = subprocess.Popen(command, cwd=settings.BASE_DIR, env=os.environ, stderr=subprocess.PIPE, text=True)
    try:
        found = re.search(r"smtp on (\d+)", process.stderr.readline() if process.stderr else "")
        assert found, "the catcher did not start"
        yield int(found[1])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def _campaign(letters: int) -> Campaign:
    """A segment of people with an address and a consent each, and a letter for them."""
    now = timezone.now()
    segment = Segment.objects.create(
        name=f"Замер {Segment.objects.count()}", rules={"field": "open_deals", "op": "gte", "value": 1}
    )
    people = [Contact(name=f"Елена Савина {n}", first_name="Елена", created_at=now) for n in range(letters)]
    people = Contact.objects.bulk_create(people, batch_size=2000)
    address = {person.pk: f"client{person.pk}@mail.example" for person in people}
    points = (ContactPoint(contact_id=pk, kind="email", value=value, raw=value) for pk, value in address.items())
    ContactPoint.objects.bulk_create(points, batch_size=2000)
    Membership.objects.bulk_create(
        (Membership(segment=segment, contact=person, entered_at=now) for person in people), batch_size=2000
    )
    consents = (
        Consent(address=value, channel="email", purpose="advertising", given=True, source="Форма", at=now)
        for value in address.values()
    )
    Consent.objects.bulk_create(consents, batch_size=2000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    campaign = Campaign.objects.create(name="Разбор сметы", segment=segment)
    Step.objects.create(campaign=campaign, subject="{{ contact.first_name }}, разберём вашу смету", html=HTML)
    return campaign


def _send(campaign: Campaign, lanes: int) -> dict[str, Any]:
    launch.launch(campaign, by=None, now=timezone.now())
    reverse("campaigns:list")  # a worker has read its addresses long ago
    began = perf_counter()
    with ThreadPoolExecutor(lanes) as pool:
        list(pool.map(_lane, range(lanes)))
    seconds = perf_counter() - began
    return _rate(Message.objects.filter(run__campaign=campaign, state=Message.State.ACCEPTED).count(), seconds)


def _lane(number: int) -> None:
    while delivery.send_planned(delivery.PER_TASK, worker=f"lane {number}", now_fn=timezone.now).claimed:
        pass
    connection.close()


def _as_sent(path: Path) -> bytes:
    """Without the two lines that the catcher put on top."""
    return path.read_bytes().split(b"\r\n", 2)[2]


def _bare(port: int, letters: list[bytes]) -> dict[str, Any]:
    began = perf_counter()
    with smtplib.SMTP(HOST, port) as smtp:
        for number, letter in enumerate(letters):
            smtp.sendmail("info@ozero.example", f"client{number}@mail.example", letter)
    return _rate(len(letters), perf_counter() - began)


def _rate(letters: int, seconds: float) -> dict[str, Any]:
    return {"letters": letters, "seconds": round(seconds, 2), "per_second": round(letters / seconds) if seconds else 0}
