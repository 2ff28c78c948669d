"""integrations.amocrm.pause and bars: while amoCRM makes us wait, everybody learns why and until when."""

import io
import logging
import re
import zlib
from datetime import timedelta
from threading import Event

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from crmseg.accounts.models import Role
from integrations.amocrm import bars, importing, pause, views
from integrations.amocrm.bars import Bars
from integrations.amocrm.client import AmoClient
from integrations.amocrm.limiter import Unlimited
from integrations.amocrm.lock import only_one
from integrations.amocrm.models import Account, ImportStep, Push
from integrations.amocrm.sandbox.faults import Fault
from integrations.amocrm.sandbox.transport import transport
from integrations.http import Temporary
from tests import database
from tests.factories import UserFactory
from tests.patience import PATIENCE

from .conftest import NOW

PAGE = "/settings/amocrm/"
CLOSED = "amoCRM временно закрыл доступ по API"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def browser(db, client_of_role):
    return client_of_role(Role.ADMIN)


def stopped(client, box, kind: str = "403_html") -> Account:
    """A worker's import that met a fault."""
    box.faults.waiting.append(Fault(kind, path_prefix="/api/v4/contacts"))
    assert not importing.run_import(client, wait=None)
    return Account.objects.get()


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("403_html", CLOSED),
        ("429", "Запросов слишком много, сервер просит подождать"),
        ("502_html", "Сервер временно не справляется (код 502)"),
    ],
)
def test_page_says_why_the_import_waits_and_until_when(browser, client, box, kind, told):
    stopped(client, box, kind)
    ImportStep.objects.exclude(error="").update(next_try_at=timezone.now() + timedelta(minutes=5))
    body = browser.get(PAGE).content.decode()
    assert body.count(told) == 1
    assert re.search(r"Следующая попытка (в \d\d:\d\d, через 5|: завтра)", body)


def test_page_names_the_request_for_their_support_and_calls_it_no_answer(browser, client, box):
    stopped(client, box)
    body = browser.get(PAGE).content.decode()
    assert re.search(r"X-Request-Id: [0-9a-f-]{36}", body)
    assert "Ответ сервера" not in body


def test_page_of_an_english_reader_is_english(browser, client, box):
    stopped(client, box)
    reader = UserFactory(name="Julia Reed", role=Role.ADMIN, language="en")
    browser.force_login(reader)
    body = browser.get(PAGE).content.decode()
    assert "Next attempt at" in body
    assert CLOSED not in body


def test_admin_tries_now_and_one_caller_gets_through(browser, client, box, monkeypatch):
    account = stopped(client, box)
    assert account.breaker_until > timezone.now() + timedelta(minutes=10)
    push = Push.objects.create(kind="tag", entity="contact", local_id=1, cause="x", next_try_at=account.breaker_until)
    for task in (views.tasks.continue_import, views.tasks.pull_changes, views.tasks.push_changes):
        monkeypatch.setattr(task, "delay", lambda: None)
    assert "Попробовать сейчас" in browser.get(PAGE).content.decode()
    browser.post(reverse("amocrm:try_now"))
    client.account.refresh_from_db()
    assert Push.objects.due(timezone.now()).get() == push
    assert importing.run_import(client, wait=None)
    assert Account.objects.get().breaker_until is None


def test_s13_who_is_at_work_already_learns_of_the_shut_door(client, box):
    with AmoClient(Account.objects.get(), limiter=Unlimited(), transport=transport(box)) as other:
        other.get("account")
        box.faults.waiting.append(Fault("403_html"))
        with pytest.raises(Temporary):
            client.get("account")
        asked = len(box.requests)
        with pytest.raises(Temporary) as told, other.pages("contacts", "contacts") as pages:
            next(pages)
        assert (len(box.requests), told.value.reason.code) == (asked, "amo_closed")
        Account.objects.update(breaker_until=timezone.now())
        assert (other.get("account")["id"], Account.objects.get().breaker_until) == (client.account.amo_id, None)
        assert client.get("account")["id"] == client.account.amo_id


def test_time_that_amocrm_named_itself_is_kept(browser, client, box):
    stopped(client, box, "429")
    before = ImportStep.objects.exclude(error="").get().next_try_at
    assert "Попробовать сейчас" not in browser.get(PAGE).content.decode()
    browser.post(reverse("amocrm:try_now"))
    assert ImportStep.objects.exclude(error="").get().next_try_at == before


def test_auditor_has_no_button(client_of_role, client, box):
    stopped(client, box)
    body = client_of_role(Role.AUDITOR).get(PAGE).content.decode()
    assert CLOSED in body
    assert "Попробовать сейчас" not in body


def test_failed_reading_of_a_connected_account_is_told_too(client, box, browser):
    account = client.account
    account.finish_import()
    account.put(breaker_until=timezone.now() + timedelta(minutes=9))
    account.open_breaker(importing.Reason("amo_closed"), timezone.now())
    body = browser.get(PAGE).content.decode()
    assert "Обмен ждёт." in body
    assert body.count(CLOSED) == 1


TIMES = [
    (timedelta(seconds=-1), "Пробуем снова"),
    (timedelta(seconds=30), "Следующая попытка через 30 с"),
    (timedelta(minutes=15), "Следующая попытка в 14:15, через 15\u00a0мин"),
    (timedelta(days=1), "Следующая попытка: завтра, 14:00"),
]


@pytest.mark.parametrize(("left", "told"), TIMES)
def test_next_attempt_in_words(left, told):
    with translation.override("ru"):
        assert pause.next_try(NOW + left, NOW) == told


def waiting_step(**values) -> ImportStep:
    importing.prepare()
    step = ImportStep.objects.get(entity="contacts")
    step.start(timezone.now())
    step.wait(importing.Reason("amo_closed", detail="Forbidden"), 900.0, timezone.now())
    return step


@pytest.mark.django_db
def test_bar_of_a_terminal_says_why_it_waits_within_eighty_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    terminal = Terminal()
    with Bars(terminal) as drawn:
        drawn.step(waiting_step())
    reason, left = terminal.getvalue().split("\x1b[2K")[1:]
    assert "8/14 Контакты" in reason
    assert reason.endswith(f"{CLOSED}\n\r")
    assert re.fullmatch(r" {8}Следующая попытка в \d\d:\d\d, через 15\u00a0мин\n", left)


@pytest.mark.django_db
def test_wait_counts_down_in_the_bar_and_ends_when_told(monkeypatch):
    slept = []
    monkeypatch.setattr(bars, "sleep", slept.append)
    terminal = Terminal()
    with Bars(terminal) as drawn:
        drawn.step(waiting_step())
        before = terminal.getvalue().count("\r")
        drawn.wait(900.0, lambda: len(slept) == 3)
    assert slept == [1.0, 1.0, 1.0]
    assert terminal.getvalue().count("\r") == before + 3 + 1
    assert terminal.getvalue().endswith("Пробуем снова, ответа ждём до 30 с\n")


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass by sleeping only."""
    passed = [0.0]
    monkeypatch.setattr(bars, "monotonic", lambda: passed[0])
    monkeypatch.setattr(bars, "sleep", lambda seconds: passed.__setitem__(0, passed[0] + seconds))
    return passed


@pytest.mark.django_db
def test_wait_is_told_once_a_minute_where_there_is_no_terminal(clock):
    file = io.StringIO()
    with Bars(file) as drawn:
        drawn.step(waiting_step())
        drawn.wait(181.0)
    lines = file.getvalue().splitlines()
    assert len(lines) == 4
    assert all(re.search(rf"8/14 Контакты .*{CLOSED}\. Следующая попытка в \d\d:\d\d", line) for line in lines)


def test_progress_is_told_every_few_seconds_where_there_is_no_terminal(clock):
    file = io.StringIO()
    with Bars(file) as drawn:
        for _page in range(13):
            drawn.count("contacts", 250)
            clock[0] += 1
    assert [line.split()[-1] for line in file.getvalue().splitlines()] == ["1250", "2250", "3250"]


def test_silence_is_told_too(monkeypatch):
    monkeypatch.setattr(bars, "PLAIN_EVERY", 0.05)
    told = Event()

    class File(io.StringIO):
        def write(self, text: str) -> int:
            told.set()
            return super().write(text)

    file = File()
    with Bars(file):
        assert told.wait(PATIENCE)
    assert file.getvalue().startswith("· начинаю  ничего нового 0 с\n")


@pytest.mark.django_db
def test_next_wait_is_told_at_once(clock):
    file, step = io.StringIO(), waiting_step()
    with Bars(file) as drawn:
        drawn.step(step)
        drawn.wait(8.0)
        step.wait(importing.Reason("amo_closed"), 900.0, timezone.now())
        drawn.step(step)
        drawn.wait(8.0)
    assert len(file.getvalue().splitlines()) == 2


class Heard(io.StringIO):
    """A file; what comes into it after a step is what the pulse says of the silence."""

    def __init__(self) -> None:
        super().__init__()
        self.is_told = Event()

    def write(self, text: str) -> int:
        if "ничего нового" in text:
            self.is_told.set()
        return super().write(text)


def silence_after(monkeypatch, do) -> str:
    """The line that tells of the silence that comes after."""
    file = Heard()
    with Bars(file) as drawn:
        do(drawn)
        monkeypatch.setattr(bars, "PLAIN_EVERY", 0.05)
        assert file.is_told.wait(PATIENCE)
    return next(line for line in file.getvalue().splitlines() if "ничего нового" in line)


@pytest.mark.django_db
def test_silence_after_a_step_names_the_next_one(monkeypatch):
    step = moving_step(state="done")
    line = silence_after(monkeypatch, lambda drawn: drawn.step(step))
    assert re.search(r"· +9/14 Сделки +0  жду ответа amoCRM  ничего нового", line)


@pytest.mark.django_db
def test_silence_after_a_wait_says_how_long_the_answer_is_waited_for(monkeypatch):
    step = waiting_step()
    monkeypatch.setattr(bars, "sleep", lambda seconds: None)

    def wait(drawn: Bars) -> None:
        drawn.step(step)
        drawn.wait(0.01)

    line = silence_after(monkeypatch, wait)
    assert f"{CLOSED}. Пробуем снова, ответа ждём до 30 с  ничего нового" in line


@pytest.mark.django_db
def test_unchanged_work_of_another_process_is_told_once_a_minute(clock):
    waiting_step()
    file = io.StringIO()
    with Bars(file) as drawn:
        for _second in range(121):
            drawn.busy()
        assert len(file.getvalue().splitlines()) == 3
        ImportStep.objects.filter(position=0).update(done=25)
        for _second in range(5):
            drawn.busy()
    assert len(file.getvalue().splitlines()) == 4


@pytest.mark.django_db
def test_the_work_of_another_process_is_waited_for_and_told(clock, monkeypatch):
    file, key = io.StringIO(), [zlib.crc32(b"amocrm.import")]
    waiting_step().advance("next", 250, timezone.now())
    ImportStep.objects.filter(position__lt=7).update(state="done")
    with database.another() as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", key)
        monkeypatch.setattr(bars, "sleep", lambda seconds: cursor.execute("SELECT pg_advisory_unlock(%s)", key))
        with Bars(file) as drawn, only_one("import", drawn.busy) as mine:
            assert mine
    assert re.search(r"8/14 Контакты +250  этим занят другой процесс, жду его\n", file.getvalue())


@pytest.mark.django_db
def test_who_waits_for_another_process_names_the_time_that_one_waits_for(clock):
    waiting_step()
    ImportStep.objects.filter(position__lt=7).update(state="done")
    file = io.StringIO()
    with Bars(file) as drawn:
        drawn.busy()
    told = rf"жду его\. {CLOSED}\. Следующая попытка в \d\d:\d\d, через 15\u00a0мин\n"
    assert re.search(told, file.getvalue())


def test_who_waits_for_another_pass_names_the_time_too(client, box, clock):
    client.account.finish_import()
    client.account.open_breaker(importing.Reason("amo_closed"), timezone.now())
    file = io.StringIO()
    with Bars(file) as drawn:
        drawn.busy()
    assert re.search(rf"жду его\. {CLOSED}\. Следующая попытка в \d\d:\d\d", file.getvalue())


def test_log_is_quiet_while_bars_are_drawn(caplog):
    with Bars(io.StringIO()):
        logging.getLogger("integrations.amocrm").warning("between the bars")
    logging.getLogger("integrations.amocrm").warning("after them")
    assert [record.message for record in caplog.records] == ["after them"]


def moving_step(**values: object) -> ImportStep:
    """For so long that the seconds of the test itself are nothing beside."""
    importing.prepare()
    ImportStep.objects.filter(position__lt=7).update(state="done")
    step = ImportStep.objects.get(entity="contacts")
    step.start(timezone.now() - timedelta(hours=10))
    step.done = 3600 * 1250
    for name, value in values.items():
        setattr(step, name, value)
    step.save()
    return step


def test_page_says_which_step_how_far_how_fast_and_what_amocrm_does_not_tell(browser, account):
    moving_step()
    body = browser.get(PAGE).content.decode()
    assert "Шаг 8 из 14." in body
    assert re.search(r"≈ 12\d в секунду", body)
    assert "Сколько записей всего, amoCRM не говорит" in body


def test_import_anew_is_compared_with_the_last_one(browser, account):
    moving_step(state="done")
    importing.start_over(account)
    ImportStep.objects.filter(entity="contacts").update(state="running", done=300)
    assert ImportStep.objects.get(entity="contacts").total == 3600 * 1250
    assert "300 из ≈ 4 500 000" in " ".join(browser.get(PAGE).content.decode().split())


@pytest.mark.django_db
def test_pause_does_not_slow_the_rate_that_is_shown():
    step, now = moving_step(), timezone.now()
    step.start(now - timedelta(seconds=5))
    assert step.rate(now) == 0
    step.done += 500
    assert step.rate(now) == 100
