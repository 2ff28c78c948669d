"""The stand-in over HTTP, through httpx2, and as a command."""

import signal
import subprocess
import sys
import threading

import httpx2
import pytest
from django.core.management import CommandError, call_command

from integrations.amocrm.management.commands import amocrm_sandbox
from integrations.amocrm.sandbox.server import serve
from integrations.amocrm.sandbox.transport import transport
from tests.patience import PATIENCE


@pytest.fixture
def server(box):
    server = serve(0, box)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def client(box, **more):
    return httpx2.Client(base_url=box.base_url, headers={"Authorization": f"Bearer {box.token}"}, **more)


def test_keep_alive_connection_serves_reads_writes_and_empty_answers(box, server):
    with client(box) as http:
        assert http.get("/api/v4/leads", params={"limit": 5}).json()["_page"] == 1
        assert http.post("/api/v4/leads", json=[{"name": "Дом"}]).status_code == 200
        assert http.get("/api/v4/leads/1").status_code == 204
        assert http.delete("/api/v4/leads/1").status_code == 405
        answer = http.get("/api/v4/account")
    assert (answer.http_version, answer.headers["Server"]) == ("HTTP/1.1", "nginx")


def test_links_lead_to_the_bound_port(box, server):
    with client(box) as http:
        following = http.get("/api/v4/leads", params={"limit": 5}).json()["_links"]["next"]["href"]
        assert http.get(following).json()["_page"] == 2


def test_closed_connection_is_an_error_for_the_client(box, server):
    with client(box) as http:
        http.post("/__sandbox__/faults", json={"next": [{"kind": "close"}]})
        with pytest.raises(httpx2.RemoteProtocolError):
            http.get("/api/v4/leads")
        assert http.get("/api/v4/leads").status_code == 200


def test_many_clients_at_once_get_whole_answers(box, server):
    seen = []

    def walk():
        with client(box) as http:
            seen.extend(
                http.post("/api/v4/leads", json=[{"name": "Дом"}]).json()["_embedded"]["leads"] for _ in range(5)
            )

    threads = [threading.Thread(target=walk) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({row["id"] for rows in seen for row in rows}) == 30


def test_transport_needs_no_socket(box):
    with client(box, transport=transport(box)) as http:
        assert http.get("/api/v4/contacts", params={"filter[id][]": [1, 2]}).status_code == 204
        assert http.patch("/api/v4/leads", json=[]).json()["detail"] == "Request data can not be empty"


def test_command_prints_address_and_token_and_stops_when_told():
    line = [sys.executable, "manage.py", "amocrm_sandbox", "--port", "0", "--contacts", "20", "--deals", "20"]
    line += ["--no-limits", "--webhook-url", "http://127.0.0.1:9/in"]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    url, token = (process.stdout.readline().split(": ", 1)[1].strip() for _ in range(2))
    answer = httpx2.get(f"{url}/api/v4/webhooks", headers={"Authorization": f"Bearer {token}"}).json()
    assert answer["_embedded"]["webhooks"][0]["destination"] == "http://127.0.0.1:9/in"
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, "")


@pytest.mark.parametrize("place", [".", "none/stand.jsonl", "/proc/stand.jsonl", "notes.txt"])
def test_a_file_that_cannot_keep_the_account_is_one_line(tmp_path, place):
    (tmp_path / "notes.txt").write_text("Позвонить Марии\n")
    with pytest.raises(CommandError) as refusal:
        call_command("amocrm_sandbox", port=0, journal=tmp_path / place, contacts=1, deals=1)
    assert (refusal.value.returncode, str(refusal.value).count("\n")) == (1, 0)
    assert (tmp_path / "notes.txt").read_text() == "Позвонить Марии\n"


def test_busy_port_is_one_line_with_the_port_in_it(server):
    with pytest.raises(CommandError) as refusal:
        call_command("amocrm_sandbox", port=server.server_port)
    port = server.server_port
    assert str(refusal.value) == f"Порт {port} занять не удалось: порт занят. Укажите другой: --port {port + 1}"
    assert (refusal.value.returncode, str(refusal.value).count("\n")) == (1, 0)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("--contacts 0 --deals 10", "Сделке нужен контакт: укажите хотя бы один контакт или ноль сделок."),
        ("--contacts=-1", "Число контактов и сделок не может быть меньше нуля."),
        ("--contacts 99999999999999999999", "Стенд вмещает до 300000 контактов и до 300000 сделок."),
        ("--deals 99999999999999999999", "Стенд вмещает до 300000 контактов и до 300000 сделок."),
        ("--seed 99999999999999999999", "Число, от которого зависят данные, — до 18 знаков."),
        ("--now 99999999999999999999", "--now — секунда unix от 0 до 4102444799."),
    ],
)
def test_what_cannot_be_planted_is_refused_before_a_port_is_taken(monkeypatch, line, told):
    monkeypatch.setattr(amocrm_sandbox, "serve", lambda port: pytest.fail("a port was taken"))
    with pytest.raises(CommandError) as refusal:
        call_command("amocrm_sandbox", *line.split())
    assert (str(refusal.value), refusal.value.returncode) == (told, 1)


@pytest.mark.parametrize(
    "url", ["nonsense", "", "ftp://h/in", "http://", "http:///in", "https://h:port/in", "http://h /"]
)
def test_what_cannot_be_called_is_no_subscriber(monkeypatch, url):
    monkeypatch.setattr(amocrm_sandbox, "serve", lambda port: pytest.fail("a port was taken"))
    with pytest.raises(CommandError) as refusal:
        call_command("amocrm_sandbox", f"--webhook-url={url}")
    told = f"--webhook-url: ожидался адрес вида http://127.0.0.1:8000/hook, получено «{url}»."
    assert (str(refusal.value), refusal.value.returncode) == (told, 1)
