"""The main job once, by clicks, on the product as it is started: amoCRM → board → segment → letter → amoCRM."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import TOASTS_STAY
from tests.e2e.mouse import drag
from tests.e2e.product import Product, demo
from tests.patience import PATIENCE, until

pytestmark = [pytest.mark.browser, pytest.mark.tree, pytest.mark.timeout(1800)]

CONTACTS = 80
SEGMENT = "Разовые покупатели"
CAMPAIGN = "Спасибо за покупку"
SUBJECT = "спасибо, что выбрали нас"
WON, CLOSED, UNSORTED = 142, {142, 143}, 1
VIEW = {"width": 1440, "height": 900}


@dataclass(frozen=True)
class Buyer:
    """A person at the stand-in whose first deal is about to be won, and who agreed to letters."""

    contact: int
    lead: int
    name: str
    email: str


@pytest.fixture(scope="session")
def product() -> Iterator[Product]:
    with demo(CONTACTS) as started:
        yield started


def test_the_circle(chromium: Browser, product: Product):
    buyer = find_buyer(product)
    page = open_page(chromium, product)
    log_in(page, product, "Руководитель отдела")
    win_the_deal(page, buyer)
    see_in_segment(page, buyer)
    log_out(page)
    log_in(page, product, "Маркетолог")
    write_campaign(page)
    launch_campaign(page, product)
    letter = until(lambda: letter_to(product, buyer))
    link = unsubscribe_link(letter)
    until(lambda: is_noted(product, buyer), pause=0.5)
    until(lambda: product.amocrm(f"leads/{buyer.lead}")["status_id"] == WON, pause=0.5)
    unsubscribe(open_page(chromium, product), link)
    see_on_card(page, buyer)


def open_page(chromium: Browser, product: Product) -> Page:
    context = chromium.new_context(base_url=product.url, viewport=VIEW, locale="ru-RU", reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    page.add_init_script(TOASTS_STAY)
    return page


def find_buyer(product: Product) -> Buyer:
    leads = {lead["id"]: lead for lead in product.amocrm("leads?limit=250&with=contacts")["_embedded"]["leads"]}
    contacts = product.amocrm("contacts?limit=250&with=leads")["_embedded"]["contacts"]
    names = [contact["name"] for contact in contacts]
    main = next(each for each in product.amocrm("leads/pipelines")["_embedded"]["pipelines"] if each["is_main"])
    shown = {each["id"] for each in main["_embedded"]["statuses"] if each["type"] != UNSORTED} - CLOSED
    for contact in contacts:
        linked = [leads[each["id"]] for each in contact["_embedded"]["leads"]]
        address, agreed = value(contact, "EMAIL"), value(contact, "MAIL_CONSENT")
        is_open = len(linked) == 1 and linked[0]["status_id"] in shown
        is_open = is_open and len(linked[0]["_embedded"]["contacts"]) == 1
        if is_open and agreed and address.endswith(".example") and sum(contact["name"] in name for name in names) == 1:
            return Buyer(contact["id"], linked[0]["id"], contact["name"], address)
    raise AssertionError("the stand-in has nobody who fits")


def value(contact: dict[str, Any], code: str) -> Any:
    fields = contact["custom_fields_values"] or []
    return next((field["values"][0]["value"] for field in fields if field["field_code"] == code), "")


def log_in(page: Page, product: Product, role: str) -> None:
    page.goto("/")
    page.get_by_label("Почта").fill(product.login_of(role))
    page.get_by_label("Пароль").fill(product.password)
    page.get_by_role("button", name="Войти").click()
    expect(page.locator(".me")).to_be_visible()


def log_out(page: Page) -> None:
    page.locator(".me").click()
    page.get_by_role("button", name="Выйти").click()
    expect(page.get_by_role("button", name="Войти")).to_be_visible()


def win_the_deal(page: Page, buyer: Buyer) -> None:
    """Imported deals stand on the board; the buyer's is found by the name and dropped on the dock."""
    page.get_by_role("link", name="Сделки").first.click()
    expect(page.locator(".col:not(.mini) .deal").nth(10)).to_be_visible()
    page.get_by_label("Поиск по сделкам").fill(buyer.name)
    cards = page.locator(".col:not(.mini) .deal")
    expect(cards).to_have_count(1)
    column = cards.locator("xpath=ancestor::section").get_attribute("id")
    left, won = page.locator(f"#{column} h2 .q"), page.locator(".col", has_text="Успешно реализовано").locator("h2 .q")
    expect(left).to_have_text("1")
    expect(won).to_have_text("0")
    cards.scroll_into_view_if_needed()
    drag(page, cards, ".dock .won")
    expect(page.locator(".toast")).to_contain_text("Перенесена в «Успешно реализовано»")
    expect(won).to_have_text("1")
    expect(left).to_have_text("0")


def see_in_segment(page: Page, buyer: Buyer) -> None:
    """Nobody pressed anything more: the workers noticed."""
    page.get_by_role("link", name="Сегменты").first.click()
    page.get_by_role("link", name=SEGMENT, exact=True).click()
    expect(page.get_by_role("heading", name=SEGMENT)).to_be_visible()
    found = page.locator("table").get_by_role("link", name=buyer.name)
    until(lambda: found.count() or (page.reload() and None), pause=1.0)


def write_campaign(page: Page) -> None:
    page.get_by_role("link", name="Сегменты").first.click()
    page.get_by_role("link", name=SEGMENT, exact=True).click()
    page.get_by_role("link", name="Кампания", exact=True).click()
    page.get_by_label("Название").fill(CAMPAIGN)
    page.get_by_role("button", name="Дальше: сообщение").click()
    subject, text = page.get_by_label("Тема письма"), page.get_by_label("Текст", exact=True)
    subject.focus()
    page.get_by_role("button", name="имя", exact=True).click()
    subject.press("End")
    subject.press_sequentially(f", {SUBJECT}")
    text.fill("<p>Здравствуйте, {{ contact.first_name }}! Дом ваш.</p>")
    who = page.locator("#who option[selected]").inner_text().split()
    expect(page.locator("#preview .phone")).to_contain_text(who[0])
    expect(page.locator("#preview .phone")).to_contain_text(f", {SUBJECT}")
    expect(page.locator("#preview .phone")).to_contain_text("Дом ваш.")


def launch_campaign(page: Page, product: Product) -> None:
    """It waits a minute for second thoughts, unless told not to."""
    page.get_by_role("button", name="Сохранить").click()
    expect(page.locator(".toast")).to_contain_text("Кампания сохранена")
    page.locator("#review").get_by_role("button", name=re.compile("Отправить")).click()
    expect(page.get_by_role("heading", name=CAMPAIGN)).to_be_visible()
    expect(page.locator("#leaving")).to_contain_text("Письма уйдут через")
    assert not [letter for letter in product.letters() if letter["subject"].endswith(SUBJECT)]
    page.get_by_role("button", name="Отправить сейчас").click()
    expect(page.locator(".badge", has_text="Завершена").first).to_be_visible()


def letter_to(product: Product, buyer: Buyer) -> dict[str, Any] | None:
    mine = [letter for letter in product.letters() if letter["subject"].endswith(SUBJECT)]
    return next((letter for letter in mine if parseaddr(letter["to"])[1] == buyer.email), None)


def unsubscribe_link(letter: dict[str, Any]) -> str:
    headers = dict(letter["headers"])
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    return re.fullmatch("<(http.+)>", headers["List-Unsubscribe"])[1]


def is_noted(product: Product, buyer: Buyer) -> bool:
    notes = product.amocrm(f"contacts/{buyer.contact}/notes?limit=250").get("_embedded", {}).get("notes", [])
    return any(CAMPAIGN in (note["params"] or {}).get("text", "") for note in notes)


def unsubscribe(page: Page, link: str) -> None:
    """Looking changes nothing, the button does."""
    for _ in range(2):
        page.goto(link)
        expect(page.get_by_role("heading", name="Отписаться от писем?")).to_be_visible()
    page.get_by_role("button", name="Отписаться").click()
    expect(page.get_by_role("heading", name="Вы отписаны")).to_be_visible()
    page.context.close()


def see_on_card(page: Page, buyer: Buyer) -> None:
    page.get_by_role("link", name="Контакты").first.click()
    page.get_by_label("Имя, компания, телефон или почта").fill(buyer.name)
    expect(page).to_have_url(re.compile("[?&]q="))  # a row that is drawn anew under the pointer is not clicked
    page.get_by_role("link", name=buyer.name).click()
    expect(page.locator(".feed")).to_contain_text("Отписка от рассылки")
    expect(page.locator(".profile")).to_contain_text("отказ от рассылки")
    page.context.close()
