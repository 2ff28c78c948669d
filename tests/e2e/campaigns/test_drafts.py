"""What is typed into a draft or a segment is kept: by itself, against other windows, over the end of a session."""

import re

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from crmseg.accounts.models import Role, User
from segments.campaigns.models import Campaign
from tests.e2e.conftest import session
from tests.factories import SegmentFactory, UserFactory
from tests.patience import until

from .conftest import send

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def leave_page(page, *, name, agree):
    """Click a way out; gives the kinds of the questions that were asked."""
    asked = []

    def answer(dialog):
        asked.append(dialog.type)
        dialog.accept() if agree else dialog.dismiss()

    page.on("dialog", answer)
    address = page.url
    page.locator("header.top").get_by_role("link", name=name).click(no_wait_after=True)
    until(lambda: page.url != address or (asked and not agree) or page.wait_for_timeout(20), pause=0)
    page.remove_listener("dialog", answer)
    return asked


def test_typed_letter_is_not_lost_without_a_question(editor, campaign):
    address = editor.url
    editor.locator("#id_subject").click()
    editor.keyboard.type("Другая ")
    assert leave_page(editor, name="К списку кампаний", agree=False) == ["beforeunload"]
    expect(editor.locator("#id_subject")).to_have_value(re.compile("Другая"))
    assert editor.url == address
    editor.get_by_role("button", name="Сохранить").click()
    expect(editor.locator(".toast")).to_contain_text("Кампания сохранена")
    editor.locator("#id_subject").click()
    assert leave_page(editor, name="К списку кампаний", agree=True) == []
    expect(editor).to_have_url(re.compile(reverse("campaigns:list") + "$"))


def test_draft_is_kept_while_it_is_typed(open_editor, campaign, axe):
    Campaign.objects.update(name="Напоминание о расчёте за октябрь")
    editor, asked = open_editor(), []
    editor.on("dialog", lambda dialog: (asked.append(dialog), dialog.accept()))
    editor.locator("#id_html").press_sequentially("Ещё строка")
    expect(editor.locator("#saved")).to_contain_text("Сохранено")
    assert "Ещё строка" in campaign.steps.get().html
    editor.set_viewport_size({"width": 390, "height": 844})
    mark = editor.locator("#saved [data-kept]")
    expect(mark).to_be_visible()
    assert mark.evaluate("mark => mark.scrollWidth <= mark.clientWidth")
    Campaign.objects.update(changed_at=timezone.now())
    editor.locator("#id_subject").fill("Моя тема")
    expect(editor.locator("#saved")).to_contain_text("Черновик изменён в другом окне")
    axe(editor)
    editor.locator("#saved").get_by_role("button", name="Сохранить мой").click()
    expect(editor.locator("#saved")).to_contain_text("Сохранено")
    editor.reload()
    expect(editor.locator("#id_subject")).to_have_value("Моя тема")
    assert asked == []


def test_window_that_was_overtaken_by_a_launch_follows_it_and_has_no_button_to_send(editor, campaign, axe):
    logged = []
    editor.on("console", lambda message: logged.append(message.text) if message.type == "error" else None)
    review = editor.locator("#review")
    expect(editor.locator("[data-launch]")).to_be_enabled()
    other = editor.context.new_page()
    other.goto(editor.url)
    send(other)
    editor.locator("#id_subject").fill("Моя тема")
    expect(review).to_contain_text("Кампанию запустили")
    expect(editor.locator("[data-launch]")).to_have_count(0)
    expect(editor.locator("#saved").get_by_role("link", name="К кампании")).to_be_visible()
    axe(editor)
    other.get_by_role("button", name="Отменить").click()
    expect(other.locator("#id_html")).to_be_visible()
    editor.locator("#id_subject").fill("Моя другая тема")
    expect(editor.locator("#saved")).to_contain_text("Черновик изменён в другом окне")
    expect(editor.locator("[data-launch]")).to_be_enabled()
    send(other)
    editor.get_by_role("button", name="Сохранить", exact=True).click()
    expect(editor.locator("#campaign-form")).to_contain_text("Изменения не сохранены")
    expect(review).to_contain_text("Кампанию запустили")
    expect(editor.locator("#id_subject")).to_have_value("Моя другая тема")
    assert (Campaign.objects.get().state, [one for one in logged if "422" not in one]) == ("scheduled", [])


def test_draft_that_cannot_be_kept_is_told_logs_no_fault_and_is_not_lost(editor, campaign):
    logged = []
    editor.on("console", lambda message: logged.append(message.text) if message.type == "error" else None)
    editor.locator("#id_name").click()
    editor.locator("#id_name").fill("")
    expect(editor.locator("#saved")).to_contain_text("Не сохранено: Укажите название.")
    assert (logged, campaign.name) == ([], Campaign.objects.get().name)
    assert leave_page(editor, name="К списку кампаний", agree=False) == ["beforeunload"]
    editor.locator("#id_name").fill("Смета")
    expect(editor.locator("#saved")).to_contain_text("Сохранено")
    assert leave_page(editor, name="К списку кампаний", agree=True) == []


def test_ended_session_leads_nowhere_and_loses_nothing_that_is_typed(editor, campaign, axe):
    asked, told = [], editor.locator("#signed-out")
    editor.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    address = editor.url
    editor.context.clear_cookies()
    editor.locator("#id_html").press_sequentially("Ещё строка")
    expect(editor.locator("#preview")).not_to_contain_text("Ещё строка")
    expect(told).to_contain_text("Вы вышли из crmseg. Войдите в новой вкладке — эта страница останется как есть")
    expect(told).to_have_count(1)
    axe(editor, within="#toasts")
    with editor.expect_popup() as opened:
        told.get_by_role("link", name="Войдите в новой вкладке").click()
    log_in(opened.value)
    editor.bring_to_front()
    editor.evaluate("dispatchEvent(new Event('focus'))")
    expect(editor.locator("#preview")).to_contain_text("Ещё строка")
    editor.locator("#id_html").press_sequentially(", и ещё")
    until(lambda: editor.title() and "Ещё строка, и ещё" in campaign.steps.get().html)
    expect(editor.locator("#saved")).to_contain_text("Сохранено")
    expect(told).to_have_count(0)
    editor.locator("#id_subject").fill("Другая тема")
    editor.get_by_role("button", name="Сохранить").click()
    expect(editor.locator(".toast")).to_contain_text("Кампания сохранена")
    assert (editor.url, asked) == (address, [])


def test_typing_without_a_connection_is_told_without_a_toast_and_saved_once_it_is_back(editor, campaign):
    tried, kept, saved = [], [], editor.locator("#saved")
    editor.on("requestfailed", lambda request: tried.append(request.url))
    editor.on("response", lambda response: kept.append(response.status) if "/draft/" in response.url else None)
    editor.context.set_offline(True)
    editor.locator("#id_html").press_sequentially("Ещё")
    for door in ("preview", "draft"):
        until(lambda door=door: editor.title() and any(f"/{door}/" in url for url in tried))
    expect(editor.locator("#offline")).to_be_visible()
    expect(editor.locator(".toast")).to_have_count(0)
    expect(saved).to_have_text("Не сохранено")
    editor.context.set_offline(False)
    expect(saved).to_have_text("Сохранено")
    assert "Ещё" in campaign.steps.get().html
    editor.locator("#id_name").fill("Смета")
    until(lambda: editor.title() and len(kept) == 2)
    assert (kept, Campaign.objects.get().name) == ([200, 200], "Смета")


@pytest.fixture
def hold(editor):
    """`let_go = hold("**/draft/")`: the server does not answer there until it is let go."""

    def holding(address):
        held = []

        def keep(route):
            held.append(route)

        editor.route(address, keep, times=1)

        def let_go(act="continue_"):
            until(lambda: editor.title() and held)
            getattr(held[0], act)()

        return let_go

    return holding


def test_server_that_hangs_is_seen_to_while_the_draft_is_kept(editor, hold):
    saved = editor.locator("#saved")
    let_go = hold("**/draft/")
    editor.locator("#id_name").fill("Смета")
    expect(saved.get_by_role("status")).to_have_text("Сохраняем…")
    let_go()
    expect(saved).to_have_text("Сохранено")
    let_go = hold("**/draft/")
    editor.locator("#id_name").fill("Смета и сроки")
    expect(saved).to_have_text("Сохраняем…")
    let_go("abort")
    expect(saved).to_have_text("Не сохранено")


def test_server_that_hangs_is_seen_to_when_the_button_is_pressed(editor, hold):
    saved, save = editor.locator("#saved"), editor.get_by_role("button", name="Сохранить")
    let_go = hold("**/session/")
    save.click()
    expect(saved).to_have_text("Сохраняем…")
    let_go("abort")
    expect(editor.locator(".toast.bad")).to_contain_text("Нет связи: не отправлено")
    expect(saved).to_have_text("")


def test_draft_that_met_the_end_of_the_session_says_so_and_is_saved_once_after_the_login(editor, axe, live_server):
    kept, saved = [], editor.locator("#saved")
    editor.on("response", lambda response: kept.append(response.status) if "/draft/" in response.url else None)
    editor.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    editor.locator("#id_name").fill("Смета")
    expect(saved).to_have_text("Не сохранено")
    axe(editor)
    editor.context.add_cookies([session(User.objects.get(), live_server.url)])
    editor.evaluate("dispatchEvent(new Event('focus'))")
    expect(saved).to_have_text("Сохранено")
    editor.locator("#id_name").fill("Смета и сроки")
    until(lambda: editor.title() and len(kept) == 3)
    assert (kept, Campaign.objects.get().name) == ([401, 200, 200], "Смета и сроки")


def test_plain_save_goes_only_where_it_is_heard(browser_page, live_server):
    page = browser_page(user=UserFactory(role=Role.MARKETER))
    segment = SegmentFactory()
    page.goto(reverse("segments:edit", args=[segment.pk]))
    page.locator("#id_name").fill("Молчат")
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    page.get_by_role("button", name="Сохранить").click()
    expect(page.locator("#signed-out")).to_be_visible()
    page.context.add_cookies([session(User.objects.get(), live_server.url)])
    page.context.set_offline(True)
    page.get_by_role("button", name="Сохранить").click()
    expect(page.locator(".toast.bad").last).to_contain_text("Нет связи: не отправлено")
    page.context.set_offline(False)
    expect(page.locator("#id_name")).to_have_value("Молчат")
    page.get_by_role("button", name="Сохранить").click()
    expect(page).to_have_url(re.compile(reverse("segments:detail", args=[segment.pk]) + "$"))
    segment.refresh_from_db()
    assert segment.name == "Молчат"


def log_in(page):
    """Whoever stood in the window before, by the form: it gives the window a new token."""
    person = User.objects.get()
    person.set_password("dom-u-ozera-2026")
    person.save(update_fields=["password"])
    page.locator("[name=username]").fill(person.email)
    page.locator("[name=password]").fill("dom-u-ozera-2026")
    page.get_by_role("button", name="Войти").click()
    expect(page).not_to_have_url(re.compile("/login/"))


def test_typed_segment_is_not_lost_without_a_question(browser_page):
    page = browser_page(user=UserFactory(role=Role.MARKETER))
    page.goto(reverse("segments:new"))
    page.locator("#id_name").click()
    page.keyboard.type("Молчат")
    assert leave_page(page, name="Назад без сохранения", agree=False) == ["beforeunload"]
    expect(page.locator("#id_name")).to_have_value("Молчат")
    page.locator("#id_rules_text").fill("{")
    page.get_by_role("button", name="Сохранить").click()  # refused, so still not saved
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()
    expect(page.locator("#id_rules_text")).to_be_focused()
    page.locator("#id_name").click()
    assert leave_page(page, name="Назад без сохранения", agree=True) == ["beforeunload"]
    expect(page).to_have_url(re.compile(reverse("segments:list") + "$"))
