import pytest
from django.core.exceptions import ImproperlyConfigured

from crmseg.starting import environment


def told(read, *arguments) -> str:
    """The fault that reading leaves, or nothing."""
    read(*arguments)
    try:
        environment.refuse_faults()
    except ImproperlyConfigured as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "address",
    ["crm.example.ru", "https://", "https://срм.рф", "https://crm.example.ru:port", "https://a b.ru", "ftp://crm.ru"],
)
def test_address_of_the_site_is_whole(monkeypatch, address):
    monkeypatch.setenv("PUBLIC_URL", address)
    assert told(environment.site, "PUBLIC_URL", "").startswith("PUBLIC_URL: ожидался адрес вида https://")


@pytest.mark.parametrize("address", ["http://", "ftp://crm.ru/"])
def test_address_of_the_site_is_told_as_it_was_written(monkeypatch, address):
    monkeypatch.setenv("PUBLIC_URL", address)
    assert told(environment.site, "PUBLIC_URL", "").endswith(f"получено «{address}».")


@pytest.mark.parametrize("behind", ["/crm/", "?a=1", "/#top"])
def test_address_of_the_site_ends_with_its_name(monkeypatch, behind):
    monkeypatch.setenv("PUBLIC_URL", f"https://crm.example.ru{behind}")
    assert told(environment.site, "PUBLIC_URL", "").startswith("PUBLIC_URL: после имени сайта ничего не нужно")


@pytest.mark.parametrize("address", ["http://127.0.0.1:8000", "https://xn--h1ajf.xn--p1ai/", "http://[::1]:8000"])
def test_addresses_that_fit_are_taken(monkeypatch, address):
    monkeypatch.setenv("PUBLIC_URL", address)
    assert environment.site("PUBLIC_URL", "") == address.rstrip("/")
    assert told(environment.site, "PUBLIC_URL", "") == ""


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("info@ozero.ru", "info@ozero.ru"),
        ("<info@ozero.ru>", "info@ozero.ru"),
        ("Дом у озера <info@Ozero.ru>", "Дом у озера <info@ozero.ru>"),
        ("Дом <info@пример.рф>", "Дом <info@xn--e1afmkfd.xn--p1ai>"),
        ('"Озеро, дом" <info@ozero.ru>', '"Озеро, дом" <info@ozero.ru>'),
        ("Озеро, дом <info@ozero.ru>", '"Озеро, дом" <info@ozero.ru>'),
        ('ООО "Озеро" <info@ozero.ru>', r'"ООО \"Озеро\"" <info@ozero.ru>'),
        ("crmseg@localhost", "crmseg@localhost"),
    ],
)
def test_sender_is_one_address_with_or_without_a_name(monkeypatch, written, kept):
    monkeypatch.setenv("DEFAULT_FROM_EMAIL", written)
    assert environment.sender("DEFAULT_FROM_EMAIL", "") == kept
    assert told(environment.sender, "DEFAULT_FROM_EMAIL", "") == ""


@pytest.mark.parametrize(
    "written",
    [
        "garbage",
        "Имя <без собаки>",
        "a@b.ru, c@d.ru",
        "a@b.ru c@d.ru",
        "Дом <a@b.ru>, Сад <c@d.ru>",
        "a@b.ru <c@d.ru>",
        "Дом <a@b.ru",
        "Дом <>",
        "a@b.ru;",
        "a@-b.ru",
        "a@b..ru",
        "a.@b.ru",
        "a@пример..рф",
        "a@😀.рф",
        "Дом\nBcc: x <a@b.ru>",
        f"{'a' * 65}@b.ru",
    ],
)
def test_what_is_no_sender_is_told(monkeypatch, written):
    monkeypatch.setenv("DEFAULT_FROM_EMAIL", written)
    line = told(environment.sender, "DEFAULT_FROM_EMAIL", "")
    assert line.startswith("DEFAULT_FROM_EMAIL: ожидался один адрес вида «Дом у озера <info@example.ru>», получено «")
    assert len(line.splitlines()) == 1


def test_sender_whom_only_some_servers_take_is_told(monkeypatch):
    monkeypatch.setenv("DEFAULT_FROM_EMAIL", "Дом <инфо@пример.рф>")
    line = told(environment.sender, "DEFAULT_FROM_EMAIL", "")
    assert line.startswith("DEFAULT_FROM_EMAIL: слева от @ годятся только латинские буквы, цифры и знаки, получено «")


def test_sender_that_is_not_given_is_the_usual_one(monkeypatch):
    monkeypatch.setenv("DEFAULT_FROM_EMAIL", " ")
    assert environment.sender("DEFAULT_FROM_EMAIL", "crmseg <crmseg@localhost>") == "crmseg <crmseg@localhost>"


@pytest.mark.parametrize("name", ["https://crm.ru", "crm.ru:8000", "crm.ru www.ru", "crm.ru/", "срм.рф", "*.crm.ru"])
def test_names_of_the_site_are_names_only(monkeypatch, name):
    monkeypatch.setenv("ALLOWED_HOSTS", f"localhost,{name}")
    assert told(environment.hosts, "ALLOWED_HOSTS").endswith(f"без https:// и порта, получено «{name}».")


@pytest.mark.parametrize(
    "address", ["127.0.0.1:6379", "http://redis:6379/0", "redis://redis:port/0", "redis://redis/x"]
)
def test_address_of_redis_names_a_database_by_number(address):
    assert told(environment.redis, address) == "REDIS_URL: ожидался адрес вида redis://:password@host:6379/0."


@pytest.mark.parametrize(
    "address", ["redis://redis", "rediss://:p@redis:6380/12", "redis://redis/", "unix:///run/redis"]
)
def test_addresses_of_redis_that_fit_are_taken(address):
    assert environment.redis(address) == address
    assert told(environment.redis, address) == ""


def test_names_that_fit_are_taken(monkeypatch):
    monkeypatch.setenv("ALLOWED_HOSTS", ".example.ru, 10.0.0.1,[::1],*")
    assert environment.hosts("ALLOWED_HOSTS") == [".example.ru", "10.0.0.1", "[::1]", "*"]
    assert told(environment.hosts, "ALLOWED_HOSTS") == ""


@pytest.mark.parametrize("value", ["~no-such-person/data", "loop/data"])
def test_impossible_directory_is_told(monkeypatch, tmp_path, value):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.setenv("DATA_DIR", value)
    assert told(environment.directory, "DATA_DIR", tmp_path) == f"DATA_DIR: каталога «{value}» быть не может."


@pytest.mark.parametrize(
    ("secret", "says"),
    [
        ("", "не задан"),
        ("x", "слишком простой"),
        ("x" * 60, "слишком простой"),
        ("abcd" * 20, "слишком простой"),
        ("django-insecure-" + "0123456789" * 5, "слишком простой"),
        ("0123456789" * 5, ""),
    ],
)
def test_secrets_are_measured_as_django_does(secret, says):
    line = told(environment.refuse_weak, "SECRET_KEY", secret, 50)
    assert (says in line) if says else line == ""


def test_a_single_fault_stands_as_it_is():
    assert (
        environment.one_line(["DEBUG: ожидалось 1\nили 0.", "DEBUG: ожидалось 1 или 0."]) == "DEBUG: ожидалось 1 или 0."
    )


def test_several_faults_are_one_line_with_a_step_each():
    told = environment.one_line(["Redis недоступен. Проверьте REDIS_URL.", "SECRET_KEY не задан. Создать: x"])
    assert told == "Нужно исправить: 1) Redis недоступен. Проверьте REDIS_URL; 2) SECRET_KEY не задан. Создать: x."


def test_a_directory_that_cannot_hold_secrets_hides_no_other_fault(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("LOG_FORMAT", "xml")
    for name in ("secret_key", "field_key"):
        assert environment.local_secret(tmp_path / "file", name)
    lines = told(environment.choice, "LOG_FORMAT", ("text", "json"), "text").splitlines()
    assert (len(lines), lines[-1].partition(":")[0]) == (2, "LOG_FORMAT")


@pytest.mark.parametrize(
    ("query", "encrypted"),
    [("", False), ("?tls=1", True), ("?tls=on", True), ("/?tls=True", True), ("?tls=YES", True), ("?tls=off", False)],
)
def test_switch_to_encryption_is_written_as_any_other(query, encrypted):
    assert environment.smtp(f"smtp://crm:tayna@mail:587{query}")["starttls"] is encrypted
    assert told(environment.smtp, f"smtp://crm:tayna@mail:587{query}") == ""


@pytest.mark.parametrize(
    "behind", ["?tls=maybe", "?tls=", "?tls", "?TLS=1", "?starttls=1", "?tls=1&timeout=5", "#tls=1", "/tls=1"]
)
def test_switch_to_encryption_that_is_none_is_told(behind):
    line = told(environment.smtp, f"smtp://crm:tayna@mail:587{behind}")
    assert line == "EMAIL_URL: после имени сервера и порта годится только ?tls=1 или ?tls=0."
