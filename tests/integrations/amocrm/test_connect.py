"""integrations.amocrm.connect: an account is kept only when it really answers."""

import errno
import socket
import ssl
from io import StringIO
from threading import Thread

import httpx2
import pytest
from django.core.management import CommandError, call_command

from integrations.amocrm import connect
from integrations.amocrm.client import AmoClient
from integrations.amocrm.connect import ConnectionRefused, clean_address
from integrations.amocrm.limiter import Unlimited
from integrations.amocrm.management.commands import amocrm_connect
from integrations.amocrm.models import Account, ImportStep, Link
from integrations.amocrm.sandbox.faults import Fault
from integrations.amocrm.sandbox.transport import transport
from pipelines import changes
from pipelines.models import Origin

from .conftest import NOW

ADDRESSES = [
    ("demo.amocrm.ru", "https://demo.amocrm.ru"),
    (" https://Demo.amocrm.ru/leads/pipeline/ ", "https://demo.amocrm.ru"),
    ("http://127.0.0.1:8765", "http://127.0.0.1:8765"),
    ("http://192.168.1.5:8765", "http://192.168.1.5:8765"),
    ("http://sandbox:8765", "http://sandbox:8765"),
]


@pytest.mark.parametrize(("typed", "address"), ADDRESSES)
def test_address_as_people_type_it(typed, address):
    assert clean_address(typed) == address


@pytest.mark.parametrize(
    "typed",
    [
        "ftp://a.b",
        "",
        "https://",
        "http://a:99999999",
        "javascript:alert(1)",
        "foo",
        "foo bar.ru",
        "http://a..ru",
        "http://[::1",
        "http://[x]",
        "ёё--.",
        "https://demo.amocrm.ru@evil.example",
        "https://user:pass@demo.amocrm.ru",
        "http://demo.amocrm.ru",
        "http://8.8.8.8",
    ],
)
def test_what_is_no_address_is_refused(typed):
    with pytest.raises(ConnectionRefused) as caught:
        clean_address(typed)
    assert caught.value.field == "base_url"


@pytest.mark.parametrize("token", ["", "  ", "токен", "a b", "a\nb"])
def test_what_is_no_token_is_refused_before_anybody_is_asked(token):
    with pytest.raises(ConnectionRefused) as caught:
        connect.check("https://demo.amocrm.ru", token, NOW)
    assert caught.value.field == "token"


CALL = "amocrm_connect --base-url https://company.amocrm.ru --token ТОКЕН"
CLOSED = (
    "Не удалось связаться: нет соединения с 127.0.0.1:1"
    " (в соединении отказано: сервер не запущен или слушает другой порт). Проверьте адрес и порт"
)
CALLS = [
    ([], f"Укажите --base-url и --token: {CALL}"),
    (["--base-url", "foo", "--token", "t"], "Укажите адрес вида https://company.amocrm.ru"),
    (["--base-url", "demo.amocrm.ru"], f"Укажите --token: {CALL}"),
    (["--base-url", "http://127.0.0.1:1", "--token", "t"], CLOSED),
]


@pytest.mark.django_db
def test_command_asks_for_the_token_in_a_terminal(monkeypatch):
    asked = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr(amocrm_connect, "getpass", lambda words: asked.append(words) or "t")
    with pytest.raises(CommandError, match="Не удалось связаться: нет соединения"):
        call_command("amocrm_connect", "--base-url", "http://127.0.0.1:1")
    assert asked == ["Токен (не виден, пока вводите): "]


@pytest.mark.django_db
@pytest.mark.parametrize(("arguments", "told"), CALLS)
def test_command_says_in_one_line_what_is_wrong(arguments, told):
    with pytest.raises(CommandError) as caught:
        call_command("amocrm_connect", *arguments)
    assert (str(caught.value), caught.value.returncode) == (told, 1)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://127.0.0.1:8111/x", "после имени сайта ничего не нужно: https://crm.example.com, получено «"),
        ("bar", "ожидался адрес вида https://crm.example.com, получено «"),
        ("ftp://crm.ru", "ожидался адрес вида https://crm.example.com, получено «"),
    ],
)
@pytest.mark.django_db
def test_address_to_call_is_checked_before_anybody_is_asked(monkeypatch, address, told):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr(amocrm_connect, "getpass", lambda words: pytest.fail("asked"))
    monkeypatch.setattr(connect, "check", lambda *_: pytest.fail("asked"))
    with pytest.raises(CommandError) as caught:
        call_command("amocrm_connect", "--base-url", "http://127.0.0.1:1", "--public-url", address)
    assert str(caught.value) == f"--public-url: {told}{address}»."


@pytest.mark.django_db
def test_address_to_call_is_subscribed_as_the_setting_would_be(box, monkeypatch):
    checked = check(box)
    monkeypatch.setattr(connect, "check", lambda *_: checked)
    monkeypatch.setattr(
        amocrm_connect, "AmoClient", lambda account: AmoClient(account, limiter=Unlimited(), transport=transport(box))
    )
    options = ["--base-url", box.base_url, "--token", box.token, "--public-url", " https://crm.example.ru/ "]
    call_command("amocrm_connect", *options, stdout=StringIO())
    account = Account.objects.get()
    assert account.hook_url == f"https://crm.example.ru/settings/amocrm/hook/{account.hook_secret}/"


@pytest.mark.parametrize("port", [99999, -1])
def test_stand_in_says_which_ports_there_are(port):
    with pytest.raises(CommandError, match="от 0 до 65535"):
        call_command("amocrm_sandbox", port=port)


def check(box, token: str | None = None):
    return connect.check(box.base_url, token or box.token, NOW, limiter=Unlimited(), transport=transport(box))


@pytest.mark.django_db
def test_good_token_is_kept_with_what_the_account_says(box):
    account = connect.connect(check(box), NOW)
    assert (account.amo_id, account.timezone, account.state) == (box.account_id, "Europe/Moscow", "importing")
    assert Account.objects.get().token == box.token


REFUSALS = [("wrong", "token"), ("manager", "token")]


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "field"), REFUSALS)
def test_bad_token_is_refused_by_its_field(box, kind, field):
    with pytest.raises(ConnectionRefused) as caught:
        check(box, box.manager_token if kind == "manager" else "wrong")
    assert caught.value.field == field
    assert not Account.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["close", "500", "403_html", "truncated"])
def test_host_that_does_not_answer_is_refused(box, kind):
    box.faults.waiting.append(Fault(kind))
    with pytest.raises(ConnectionRefused) as caught:
        check(box)
    assert caught.value.field == "base_url"


@pytest.mark.django_db
def test_trying_a_connection_breaks_nothing_of_the_one_there_is(box):
    connect.connect(check(box), NOW)
    box.faults.waiting.append(Fault("403_html"))
    with pytest.raises(ConnectionRefused, match="закрыл доступ"):
        check(box)
    assert Account.objects.get().breaker_until is None


@pytest.mark.django_db
def test_same_account_again_keeps_its_place(box):
    account = connect.connect(check(box), NOW)
    account.put(imported_at=NOW, cursors={"contacts": 5})
    ImportStep.objects.create(entity="users", position=0, state="done")
    account.need_repair("отозван")
    again = connect.connect(check(box), NOW)
    assert (again.state, again.cursors, again.hook_secret) == ("connected", {"contacts": 5}, account.hook_secret)


@pytest.mark.django_db
def test_another_account_is_not_mixed_in(box):
    account = connect.connect(check(box), NOW)
    account.put(amo_id=5)
    Link.objects.create(entity="contact", amo_id=1, local_id=1)
    with pytest.raises(ConnectionRefused):
        connect.connect(check(box), NOW)


@pytest.mark.django_db
def test_what_was_done_before_the_connection_is_not_written_there(box, monkeypatch):
    monkeypatch.setattr(changes, "safe_horizon", lambda: 2**62)
    changes.record("deal.moved", 1, origin=Origin.UI, at=NOW)
    connect.connect(check(box), NOW)
    with changes.reading("amocrm.push") as batch:
        assert batch == []


def refused(typed, **options):
    with pytest.raises(ConnectionRefused) as caught:
        connect.check(typed, "t", NOW, limiter=Unlimited(), **options)
    assert caught.value.field == "base_url"
    return caught.value.reason


def failing(error):
    def fail(request):
        raise httpx2.ConnectError("failed", request=request) from error

    return httpx2.MockTransport(fail)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "error", "told"),
    [
        (
            "nope.invalid",
            socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
            "нет соединения с nope.invalid (сервера с таким именем нет). Проверьте, нет ли в адресе опечатки",
        ),
        (
            "company.amocrm.ru",
            OSError(errno.ENETUNREACH, "Network is unreachable"),
            "нет соединения с company.amocrm.ru (до сервера нет пути по сети). "
            "Проверьте, есть ли на сервере crmseg интернет",
        ),
        (
            "192.168.0.5:8100",
            ssl.SSLError("wrong version number"),
            "нет соединения с 192.168.0.5:8100 (сервер отвечает без шифрования). "
            "Если это http, укажите адрес с ним: http://192.168.0.5:8100",
        ),
        (
            "https://company.amocrm.ru",
            ssl.SSLError("wrong version number"),
            "нет соединения с company.amocrm.ru (сервер отвечает без шифрования). Проверьте адрес и порт",
        ),
        ("company.amocrm.ru", None, "нет соединения с company.amocrm.ru. Повторите через несколько минут"),
    ],
)
def test_who_is_not_reached_is_told_with_what_to_do(typed, error, told):
    assert refused(typed, transport=failing(error)) == f"Не удалось связаться: {told}"


@pytest.mark.django_db
def test_trouble_of_the_other_side_asks_to_try_again():
    answer = httpx2.MockTransport(lambda _request: httpx2.Response(503))
    assert refused("company.amocrm.ru", transport=answer).endswith("(код 503). Повторите через несколько минут")


@pytest.mark.django_db
def test_address_without_its_http_is_told_so():
    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=_plain, args=[server], daemon=True).start()
        address = f"127.0.0.1:{server.getsockname()[1]}"
        assert refused(address).endswith(f"Если это http, укажите адрес с ним: http://{address}")


def _plain(server):
    line, _address = server.accept()
    with line:
        line.recv(4096)
        line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
