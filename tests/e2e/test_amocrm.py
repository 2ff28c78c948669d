import re
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from crmseg.accounts.models import Role
from integrations.amocrm.importing import prepare
from integrations.amocrm.models import Account, ImportStep, Push, SegmentTag
from tests.factories import NOW, ContactFactory, CustomFieldFactory, SegmentFactory, UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def admin():
    return UserFactory(name="Юлия Щербакова", role=Role.ADMIN, email="admin@domuozera.example")


def test_connecting_is_accessible(browser_page, in_every_look, admin):
    page = browser_page(user=admin)
    page.goto(reverse("amocrm:page"))
    page.fill("[name=base_url]", "ftp://x")
    page.fill("[name=token]", "x")
    page.click("form.amocrm-form button[type=submit]")
    page.wait_for_selector("#id_base_url_error")
    in_every_look(page)


def test_import_in_all_its_trouble_is_accessible(browser_page, in_every_look, admin):
    Account.objects.create(
        base_url="https://domuozera.amocrm.ru",
        token="x",
        amo_id=1,
        name="Дом у озера",
        connected_at=NOW,
        imported_at=NOW,
        breaker_until=NOW,
        breaker_reason="amoCRM закрыл доступ по API",
        pull_error="domuozera.amocrm.ru не ответил вовремя",
    )
    prepare()
    ImportStep.objects.filter(position__lt=9).update(state="done", done=2000)
    ImportStep.objects.filter(position=9).update(error="Нет прав", next_try_at=NOW)
    CustomFieldFactory(name="Согласие на рассылку", form="boolean")
    contact = ContactFactory()
    for state in ("parked", "done"):
        Push.objects.create(
            kind="tag", entity="contact", local_id=contact.pk, cause=state, state=state, reason="нет", finished_at=NOW
        )
    page = browser_page(user=admin)
    page.goto(reverse("amocrm:page"))
    in_every_look(page)


def test_strip_vanishes_from_every_page_and_says_that_the_import_is_over(browser_page, admin):
    account = Account.objects.create(base_url="https://x.amocrm.ru", token="x", amo_id=1, name="Дом", connected_at=NOW)
    prepare()
    page = browser_page(user=admin, alone=True)
    page.clock.install()
    page.goto(reverse("contacts:list"))
    expect(page.locator("#import-banner")).to_be_visible()
    ImportStep.objects.update(state="done")
    account.finish_import()
    page.clock.run_for(5_500)
    expect(page.locator("#import-banner")).to_have_count(0)
    expect(page.locator(".toast")).to_contain_text("Импорт из amoCRM завершён")


def test_strip_and_page_of_the_import_move_together(browser_page, in_every_look, admin):
    account = Account.objects.create(base_url="https://x.amocrm.ru", token="x", amo_id=1, name="Дом", connected_at=NOW)
    prepare()
    page = browser_page(user=admin, alone=True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    page.clock.install()
    page.goto(reverse("amocrm:page"))
    ImportStep.objects.filter(position__lt=8).update(state="done", done=2000)
    ImportStep.objects.filter(position=8).update(state="running", done=77)
    page.clock.run_for(1_100)
    expect(page.locator("#amocrm-now")).to_contain_text("Шаг 9 из")
    expect(page.locator("#import-banner")).to_contain_text(", 77.")
    in_every_look(page)
    ImportStep.objects.update(state="done")
    account.finish_import()
    page.clock.run_for(10_000)
    expect(page.locator(".toast")).to_have_text(re.compile("Импорт из amoCRM завершён"))
    expect(page.locator("#import-banner")).to_be_hidden()
    assert reverse("amocrm:banner") not in asked


def test_tag_is_switched_off_after_one_question(browser_page, admin):
    Account.objects.create(base_url="https://demo.amocrm.ru", token="t", amo_id=1, connected_at=NOW)
    tag = SegmentTag.objects.create(segment=SegmentFactory(), name="Молчат")
    page = browser_page(user=admin)
    page.goto(reverse("segments:detail", args=[tag.segment_id]))
    for answer, words in (("Назад", "Участники помечены тегом"), ("Выключить тег", "Помечать участников")):
        page.click("#amocrm-tag button")
        expect(page.locator("#confirm")).to_contain_text("он снимется с тех, кому мы его поставили")
        page.click(f"#confirm button:has-text('{answer}')")
        expect(page.locator("#amocrm-tag")).to_contain_text(words)
        assert page.url.endswith(reverse("segments:detail", args=[tag.segment_id]))
    expect(page.locator(".toast")).to_contain_text("Тег выключен")
    assert not SegmentTag.objects.exists()
