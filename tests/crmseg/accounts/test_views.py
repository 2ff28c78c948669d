import re

import pytest
from django.urls import reverse

from crmseg.accounts.models import Role
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

PASSWORD = "dlinnyy-parol-1"


@pytest.fixture
def head():
    return UserFactory(role=Role.HEAD, email="head@domuozera.example")


def login(client, email, password=PASSWORD, **more):
    return client.post(reverse("accounts:login"), {"username": email, "password": password, **more})


def test_right_password_leads_to_the_first_section(client, head):
    response = login(client, "Head@DomUOzera.example")
    assert response.status_code == 302
    assert response["Location"] == "/"


@pytest.mark.parametrize("fields", [{"is_active": False}, {"password": None}, {"email": "other@domuozera.example"}])
def test_everyone_refused_hears_the_same(client, fields):
    UserFactory(**{"email": "head@domuozera.example"} | fields)
    response = login(client, "head@domuozera.example")
    assert response.status_code == 422
    assert "Почта или пароль не подходят" in response.content.decode()


@pytest.mark.parametrize(("email", "field"), [("head@domuozera.example", "password"), ("", "username")])
def test_refused_login_begins_in_the_field_to_mend(client, email, field):
    page = login(client, email, "ne-tot").content.decode()
    assert [re.search(r'name="(\w+)"', tag)[1] for tag in re.findall(r"<input[^>]*autofocus[^>]*>", page)] == [field]


def test_empty_form_says_what_to_fill(client):
    assert "Заполните это поле" in login(client, "", "").content.decode()


@pytest.mark.parametrize(
    ("asked", "led"),
    [
        ("/profile/", "/profile/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_login_leads_only_to_this_site(client, head, asked, led):
    assert login(client, head.email, next=asked)["Location"] == led


def test_pages_ask_for_a_login(client):
    assert client.get("/profile/")["Location"] == "/login/?next=/profile/"


def test_logging_out_needs_a_post(client, head):
    client.force_login(head)
    assert client.get(reverse("accounts:logout")).status_code == 405
    client.post(reverse("accounts:logout"))
    assert "_auth_user_id" not in client.session


def test_profile_keeps_language_and_theme(client, head):
    client.force_login(head)
    client.post(reverse("accounts:profile"), {"language": "en", "theme": "dark"})
    head.refresh_from_db()
    assert (head.language, head.theme) == ("en", "dark")
    page = client.get(reverse("accounts:profile")).content.decode()
    assert '<html lang="en" data-theme="dark">' in page


def test_profile_refuses_an_unknown_theme(client, head):
    client.force_login(head)
    assert client.post(reverse("accounts:profile"), {"language": "ru", "theme": "pink"}).status_code == 422


def test_login_page_remembers_the_choice_after_logging_out(client, head):
    client.force_login(head)
    client.post(reverse("accounts:profile"), {"language": "en", "theme": "dark"})
    client.post(reverse("accounts:logout"))
    assert '<html lang="en" data-theme="dark">' in client.get(reverse("accounts:login")).content.decode()


def test_stranger_may_choose_before_the_login(client):
    response = client.post(reverse("accounts:preferences"), {"theme": "light", "next": "/login/?next=/profile/"})
    assert response["Location"] == "/login/?next=/profile/"
    assert 'data-theme="light"' in client.get(reverse("accounts:login")).content.decode()


def test_choice_leads_only_to_this_site_and_ignores_the_unknown(client):
    response = client.post(reverse("accounts:preferences"), {"theme": "pink", "next": "https://evil.example/"})
    assert response["Location"] == "/"
    assert "theme" not in response.cookies


def test_browser_chooses_the_language_of_a_stranger(client):
    page = client.get(reverse("accounts:login"), headers={"Accept-Language": "en-US,en;q=0.9"}).content.decode()
    assert '<html lang="en">' in page


def test_policy_of_contents_allows_no_inline_script(client):
    policy = client.get(reverse("accounts:login"))["Content-Security-Policy"]
    assert "script-src 'self';" in policy + ";"
    assert "style-src-attr 'unsafe-inline'" in policy
    assert "frame-ancestors 'none'" in policy


def test_home_of_a_person_without_sections_is_the_profile(client, head, monkeypatch):
    monkeypatch.setattr("crmseg.web.navigation._items", {})
    client.force_login(head)
    assert client.get("/")["Location"] == reverse("accounts:profile")


def test_ui_kit_is_not_there_in_production(client, head, settings):
    client.force_login(head)
    settings.DEBUG = False
    assert client.get(reverse("web:ui_kit")).status_code == 404
    settings.DEBUG = True
    assert client.get(reverse("web:ui_kit")).status_code == 200
