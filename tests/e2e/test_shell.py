from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import expect

from crmseg.accounts.models import Role
from segments.campaigns.models import Campaign
from tests.e2e.conftest import session
from tests.factories import CampaignFactory, UserFactory
from tests.patience import until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "dlinnyy-parol-1"
CONTRAST = """it => {
    const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const behind = (at) => (at.parentElement ? ground(at.parentElement) : []);
    const ground = (at) => [...behind(at), getComputedStyle(at).backgroundColor];
    const light = (colours) => {
        for (const colour of colours) { pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); }
        const [r, g, b] = [...pen.getImageData(0, 0, 1, 1).data].map((part) => part / 255)
            .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
    };
    const [a, b] = [light(ground(it)), light([...ground(it), getComputedStyle(it).color])];
    return Math.max(a, b) / Math.min(a, b);
}"""  # WCAG 2.2, contrast ratio
COLOURED = frozenset({"primary", "ghost", "danger", "dashed"})


@pytest.fixture
def head():
    return UserFactory(name="Юлия Щербакова", role=Role.HEAD, email="head@domuozera.example")


def test_every_component_is_accessible(browser_page, in_every_look, settings, head):
    settings.DEBUG = True
    page = browser_page(user=head)
    page.goto(reverse("web:ui_kit"))
    in_every_look(page)


def test_words_of_a_button_are_readable_whatever_is_done_to_it(browser_page, settings, head):
    settings.DEBUG = True
    page = browser_page(user=head)
    page.goto(reverse("web:ui_kit"))
    kinds = {}
    for button in page.locator(".look .btn:not([disabled])").filter(visible=True).all():
        theme = button.evaluate("it => it.closest('.look').dataset.theme")
        kinds.setdefault((theme, COLOURED & set((button.get_attribute("class") or "").split())), button)
    assert frozenset().union(*(kind for _theme, kind in kinds)) == COLOURED
    for button in kinds.values():
        button.hover()
        assert button.evaluate(CONTRAST) >= 4.5
        page.mouse.down()
        assert button.evaluate(CONTRAST) >= 4.5
        page.mouse.move(0, 0)
        page.mouse.up()


def test_open_windows_are_accessible_and_return_focus(browser_page, axe, head):
    page = browser_page(user=head)
    page.goto(reverse("accounts:profile"))
    page.click(".me")
    axe(page)
    page.keyboard.press("Escape")
    assert "me" in page.evaluate("document.activeElement.className")
    page.keyboard.press("Control+KeyK")
    page.wait_for_selector("#palette[open]")
    axe(page)


def test_question_names_what_its_buttons_do(browser_page, axe):
    campaign = CampaignFactory(state="paused")
    page = browser_page(user=UserFactory(role=Role.MARKETER))
    page.goto(reverse("campaigns:detail", args=[campaign.pk]))
    for answer, state in (("Назад", "paused"), ("Отменить кампанию", "cancelled")):
        page.click("form[action$='cancel/'] button")
        page.wait_for_selector("#confirm[open]")
        axe(page)
        page.click(f"#confirm button:has-text('{answer}')")
        until(lambda state=state: Campaign.objects.get().state == state)


def test_button_goes_only_where_it_is_heard(browser_page, live_server):
    campaign, marketer = CampaignFactory(state="paused"), UserFactory(role=Role.MARKETER)
    page = browser_page(user=marketer)
    page.goto(reverse("campaigns:detail", args=[campaign.pk]))
    cancel, yes = page.locator("form[action$='cancel/'] button"), page.locator("#confirm [value=yes]")
    page.context.set_offline(True)
    cancel.click()
    yes.click()
    expect(page.locator(".toast.bad")).to_contain_text("Нет связи: не отправлено")
    page.context.set_offline(False)
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    cancel.click()
    yes.click()
    expect(page.locator("#signed-out")).to_be_visible()
    page.context.add_cookies([session(marketer, live_server.url)])
    assert Campaign.objects.get().state == "paused"
    cancel.click()
    yes.click()
    expect(page.locator("form[action$='cancel/']")).to_have_count(0)
    assert Campaign.objects.get().state == "cancelled"


def test_button_goes_although_its_page_is_drawn_anew_meanwhile(browser_page):
    campaign, asked = CampaignFactory(state="running"), []
    page = browser_page(user=UserFactory(role=Role.MARKETER))
    page.goto(reverse("campaigns:detail", args=[campaign.pk]))
    page.route("**/session/", lambda route, _request: asked.append(route))
    page.click("form[action$='pause/'] button")
    until(lambda: page.title() and asked)
    page.locator("form[action$='pause/']").evaluate("form => form.remove()")
    asked[0].continue_()
    expect(page.locator("form[action$='resume/']")).to_be_visible()
    page.unroute_all()
    cancel = page.locator("form[action$='cancel/']")
    cancel.locator("button").click()
    cancel.evaluate("form => form.remove()")
    page.locator("#confirm [value=yes]").click()
    until(lambda: Campaign.objects.get().state == "cancelled")


def test_small_screen_opens_the_rest_in_a_sheet(browser_page, axe, head):
    page = browser_page("dark", 390, user=head)
    page.goto(reverse("accounts:profile"))
    page.click("[data-open=more]")
    page.wait_for_selector("#more[open]")
    axe(page)
    page.click("#more [data-close]")
    assert page.evaluate("document.activeElement.dataset.open") == "more"


def test_logging_in_and_choosing_the_dark_theme(browser_page, head):
    page = browser_page()
    page.goto("/login/")
    page.fill("[name=username]", head.email)
    page.fill("[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_selector(".app")
    page.goto(reverse("accounts:profile"))
    page.check("input[name=theme][value=dark]", force=True)
    page.click("main button[type=submit]")
    page.wait_for_selector("html[data-theme=dark]")
    assert page.inner_text(".toast") == "Сохранено"


def test_toast_of_the_server_can_be_undone_and_dismissed(browser_page, head):
    page = browser_page(user=head)
    page.goto(reverse("accounts:profile"))
    undo = "{url: '/undo/', target: '#nowhere'}"
    page.evaluate(f"document.dispatchEvent(new CustomEvent('toast', {{detail: {{text: 'Удалено', undo: {undo}}}}}))")
    with page.expect_request("**/undo/") as request:
        page.click("[data-undo]")
    assert request.value.method == "POST"
    assert request.value.headers["x-csrftoken"]


def test_failed_refresh_keeps_the_content_and_offers_to_repeat(browser_page, head):
    page = browser_page(user=head)
    page.goto(reverse("accounts:profile"))
    page.evaluate("document.querySelector('#main .page').id = 'old'")
    page.route("**/part/", lambda route: route.fulfill(status=500, body=""))
    page.evaluate("htmx.ajax('GET', '/part/', {target: '#old', swap: 'innerHTML'})")
    page.wait_for_selector(".error-line")
    assert page.is_visible("#old h2 >> nth=0")
    page.unroute("**/part/")
    page.route("**/part/", lambda route: route.fulfill(body="<p>Новое</p>", content_type="text/html"))
    page.click(".error-line button")
    page.wait_for_selector("#old >> text=Новое")
    assert page.locator("main .error-line").count() == 0


def test_drawer_has_an_address_and_back_closes_it(browser_page, head):
    page = browser_page(user=head)
    page.goto(reverse("accounts:profile"))
    page.route("**/deals/7/", lambda route: route.fulfill(body="<h2>Дом</h2>", content_type="text/html"))
    page.evaluate("htmx.ajax('GET', '/deals/7/', {target: '#drawer', swap: 'innerHTML'})")
    page.wait_for_selector("#drawer[open]")
    assert page.url.endswith("/deals/7/")
    page.go_back()
    page.wait_for_selector("#drawer:not([open])", state="attached")
    assert page.url.endswith("/profile/")
    page.wait_for_selector("main h1, header h1")


def test_closing_the_drawer_returns_to_the_address_of_the_list(browser_page, head):
    page = browser_page(user=head)
    page.goto(reverse("accounts:profile"))
    page.route("**/deals/7/", lambda route: route.fulfill(body="<h2>Дом</h2>", content_type="text/html"))
    page.evaluate("htmx.ajax('GET', '/deals/7/', {target: '#drawer', swap: 'innerHTML'})")
    page.wait_for_selector("#drawer[open]")
    page.keyboard.press("Escape")
    page.wait_for_url("**/profile/")
    assert not page.evaluate("document.querySelector('#drawer').open")


def test_offline_strip_tells_the_time_of_the_data(browser_page, head):
    page = browser_page(user=head)
    page.goto(reverse("accounts:profile"))
    page.context.set_offline(True)
    page.wait_for_selector("#offline", state="visible")
    moscow = datetime.now(ZoneInfo("Europe/Moscow"))
    assert page.inner_text("#offline time") in [f"{moscow - timedelta(minutes=ago):%H:%M}" for ago in (0, 1)]
    page.context.set_offline(False)
    page.wait_for_selector("#offline", state="hidden")


def test_logging_in_needs_no_scripts(chromium, live_server, head):
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False, locale="ru-RU")
    page = context.new_page()
    page.goto(reverse("deals:board"))
    page.get_by_label("Почта").fill(head.email)
    page.get_by_label("Пароль").fill("wrong")
    page.get_by_role("button", name="Войти").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    page.get_by_label("Пароль").fill(PASSWORD)
    page.get_by_role("button", name="Войти").click()
    expect(page).to_have_url(f"{live_server.url}{reverse('deals:board')}")
    context.close()
