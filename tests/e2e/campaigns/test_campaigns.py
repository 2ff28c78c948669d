"""A campaign in a real browser: sent, taken back, seen by another tab."""

import re
from datetime import timedelta
from time import sleep

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from crmseg.accounts.models import Role
from pipelines.models import Contact
from segments.campaigns.models import Campaign, Message
from segments.models import Membership
from tests.factories import MembershipFactory, MessageFactory, UserFactory
from tests.segments.campaigns.conftest import add_person

from .conftest import TEXT, send

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASTE = "(field, text) => { field.value = text; field.dispatchEvent(new Event('input', {bubbles: true})) }"


def seconds(page):
    return int(page.locator("[data-clock]").text_content())


def test_click_counts_down_aloud_and_survives_a_reload(open_editor, campaign, axe):
    editor = open_editor(alone=True)
    editor.clock.install()
    send(editor)
    assert 0 < seconds(editor) <= 60
    editor.clock.run_for(1_000)
    expect(editor.locator("#live")).to_contain_text("Письма уйдут через")
    expect(editor.locator("#leaving")).to_contain_text("1 письмо уйдёт через")
    editor.clock.run_for(29_000)
    assert 0 <= seconds(editor) <= 31
    Campaign.objects.update(next_due_at=Campaign.objects.get().next_due_at - timedelta(seconds=25))
    editor.reload()
    assert seconds(editor) <= 35
    axe(editor)
    editor.clock.run_for(36_000)
    expect(editor.locator("#leaving")).to_contain_text("Начинаем отправку")
    expect(editor.locator("#live")).to_have_text("Начинаем отправку")


def test_take_back_by_the_keyboard_brings_the_text_back(editor, campaign):
    editor.locator("#id_html").fill(TEXT + "<p>Ещё строка</p>")
    send(editor)
    other = editor.context.new_page()
    other.goto(reverse("campaigns:detail", args=[campaign.pk]))
    expect(other.locator("[data-clock]")).to_be_visible()
    other.route("**/*seen=*", lambda route: route.abort())  # what is told once is told to whoever opens a page first
    editor.get_by_role("button", name="Отменить").focus()
    editor.keyboard.press("Enter")
    expect(editor.locator("#id_html")).to_have_value(TEXT + "<p>Ещё строка</p>")
    expect(editor.locator(".toast")).to_contain_text("ни одно письмо не ушло")
    other.unroute_all()
    expect(other.locator("#id_html")).to_have_value(TEXT + "<p>Ещё строка</p>")
    assert (Campaign.objects.get().state, Message.objects.count()) == ("draft", 0)


def test_page_follows_when_it_is_sent_at_once(editor, campaign):
    send(editor)
    other = editor.context.new_page()
    other.goto(reverse("campaigns:detail", args=[campaign.pk]))
    editor.get_by_role("button", name="Отправить сейчас").click()
    expect(editor.locator(".badge", has_text="Идёт").first).to_be_visible()
    expect(other.get_by_role("button", name="Пауза")).to_be_visible()
    expect(other.locator("#leaving")).to_have_count(0)


def test_letter_that_is_too_long_is_refused_while_it_is_typed(editor, campaign, axe):
    posts = []
    editor.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    letter, error = editor.locator("#id_html"), editor.locator("#id_html_error")
    letter.evaluate("field => field.dataset.most = 2000")  # half a megabyte takes a browser under test half a minute
    letter.evaluate(PASTE, "ж" * 3_000)
    expect(error).to_have_text(re.compile("слишком длинно: 6 КБ, можно до 500 КБ"))
    editor.get_by_role("button", name="Сохранить").click()
    expect(letter).to_be_focused()
    assert letter.get_attribute("aria-describedby").split()[0] == "id_html_error"
    axe(editor)
    expect(editor.locator("[data-launch]")).to_be_disabled()
    expect(editor.locator("#obstacles")).to_contain_text("слишком длинно: 6 КБ")
    assert len(letter.input_value()) == 3_000
    assert not posts
    letter.fill(TEXT)
    expect(error).to_be_hidden()
    editor.get_by_role("button", name="Сохранить").click()
    expect(editor.locator(".toast")).to_contain_text("Кампания сохранена")


def test_one_click_puts_the_fallback_in_and_keeps_other_edits(editor, campaign):
    subject, letter = editor.locator("#id_subject"), editor.locator("#id_html")
    subject.fill("{{ contact.first_name }}, скидка $& до пятницы")
    letter.fill("<p>Здравствуйте, {{ contact.first_name }}</p>")
    editor.get_by_role("button", name="Подставить «коллега»").click()
    expect(subject).to_have_value('{{ contact.first_name | default: "коллега" }}, скидка $& до пятницы')
    expect(letter).to_have_value('<p>Здравствуйте, {{ contact.first_name | default: "коллега" }}</p>')
    expect(subject).to_be_focused()
    editor.keyboard.type("сосед")
    expect(subject).to_have_value('{{ contact.first_name | default: "сосед" }}, скидка $& до пятницы')
    expect(editor.locator("#preview")).not_to_contain_text("нет имени")
    assert campaign.steps.get().html == TEXT


def test_what_a_button_puts_in_is_taken_back_like_typing(editor):
    letter = editor.locator("#id_html")
    letter.fill("<p>Здравствуйте, {{ contact.first_name }}</p>")
    editor.get_by_role("button", name="Подставить «коллега»").click()
    expect(letter).to_have_value('<p>Здравствуйте, {{ contact.first_name | default: "коллега" }}</p>')
    editor.keyboard.press("Control+z")
    expect(letter).to_have_value("<p>Здравствуйте, {{ contact.first_name }}</p>")
    letter.press("Control+End")
    editor.get_by_role("button", name="имя", exact=True).click()
    expect(letter).to_have_value(re.compile('</p>{{ contact.first_name \\| default: "коллега" }}$'))
    editor.keyboard.press("Control+z")
    expect(letter).to_have_value("<p>Здравствуйте, {{ contact.first_name }}</p>")


def test_opt_out_link_goes_into_the_text_also_from_the_subject(editor):
    editor.locator("#id_subject").focus()
    editor.get_by_role("button", name="ссылка отписки").click()
    expect(editor.locator("#id_html")).to_have_value(re.compile('<a href="{{ unsubscribe_url }}">Отписаться</a>$'))
    expect(editor.locator("#id_subject")).not_to_have_value(re.compile("unsubscribe_url"))


def test_preview_and_review_tell_for_how_many_a_field_that_is_typed_is_empty(editor, axe):
    preview, review = editor.locator("#preview"), editor.locator("#review")
    told = "У 1 получателя из 1 нет бюджета сделки"
    expect(editor.locator("[data-launch]")).to_be_enabled()
    editor.locator("#id_html").fill("<p>Смета: {{ deal.price }}</p>")
    expect(preview).to_contain_text(told)
    expect(review).to_contain_text(told)
    axe(editor)
    editor.locator("#id_subject").fill("Тема подлиннее")
    expect(preview).to_contain_text("подлиннее")
    expect(preview).to_contain_text(told)
    preview.get_by_role("button", name="Подставить «по запросу»").click()
    expect(preview).not_to_contain_text("бюджета сделки")
    expect(review.get_by_text(told)).to_be_hidden()


def test_field_that_is_empty_for_nobody_gets_no_heading(editor, campaign):
    Contact.objects.update(first_name="Анна")
    editor.locator("#id_html").fill("<p>{{ contact.first_name }}, дом ждёт</p>")
    expect(editor.locator("#preview")).to_contain_text("Нет получателей без имени")
    expect(editor.get_by_role("heading", name="Поля без запасного слова")).to_have_count(0)
    editor.locator("#id_html").fill("<p>{{ contact.first_name }}, {{ deal.price }}</p>")
    expect(editor.get_by_role("heading", name="Поля без запасного слова")).to_be_visible()


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [("subject", "", "Темы письма нет"), ("html", "", "Текст письма пуст"), ("html", "{% if %}", "текст, строка 1")],
)
def test_letter_that_cannot_be_sent_cannot_be_clicked_away(editor, axe, field, text, words):
    button, review = editor.locator("[data-launch]"), editor.locator("#review")
    expect(button).to_be_enabled()
    was = editor.locator(f"#id_{field}").input_value()
    editor.locator(f"#id_{field}").fill(text)
    expect(button).to_be_disabled()
    expect(review).to_contain_text(words)
    axe(editor)
    review.get_by_role("link", name="К полю").click()
    expect(editor.locator(f"#id_{field}")).to_be_focused()
    editor.locator(f"#id_{field}").fill(was)
    expect(button).to_be_enabled()
    expect(review).not_to_contain_text(words)


def test_segments_to_leave_out_are_picked_by_the_keyboard_and_the_reach_follows(editor, campaign, axe):
    other = MembershipFactory(segment__name="Отказники", contact=Membership.objects.get().contact).segment
    editor.reload()
    errors = []
    editor.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    review, button = editor.locator("#review"), editor.get_by_role("button", name="Выбрать сегменты")
    expect(review.locator(".big")).to_have_text("1")
    button.focus()
    editor.keyboard.press("Enter")
    editor.keyboard.type("отказ")
    editor.keyboard.press("ArrowDown")
    editor.keyboard.press("Space")
    axe(editor)
    expect(review.locator(".big")).to_have_text("0")
    expect(review).to_contain_text("Исключения убирают всех, кто в сегменте: «Отказники»")
    expect(editor.locator("#who")).to_have_count(0)
    editor.keyboard.press("Escape")
    expect(button).to_be_focused()
    editor.locator("#id_subject").fill("Ещё тема")
    expect(editor.locator("#preview")).to_contain_text("Ещё тема")
    chip = editor.get_by_role("button", name=re.compile("Отказники.*убрать"))
    expect(chip).to_be_visible()
    editor.get_by_role("button", name="Сохранить").click()
    expect(editor.locator(".toast")).to_contain_text("Кампания сохранена")
    assert campaign.exclude_segments.get() == other
    chip.click()
    expect(chip).to_be_hidden()
    expect(review.locator(".big")).to_have_text("1")
    expect(editor.locator("[data-launch]")).to_be_enabled()
    assert errors == []


def test_typing_on_breaks_no_preview_off_and_the_last_letter_counts(editor):
    broken = []
    editor.on("console", lambda message: broken.append(message.text) if "Abort" in message.text else None)
    editor.on("requestfailed", lambda request: broken.append(request.url))
    letter, shown = editor.locator("#id_html"), editor.locator("#preview .mail-body")
    editor.route("**/preview/", lambda route: (sleep(0.5), route.continue_()))
    for text in ("Первый", "Первый и второй", "Первый, второй, последний"):
        letter.fill(f"<p>{text}</p>")
        letter.blur()
    expect(shown).to_contain_text("Первый, второй, последний")
    assert broken == []


def test_person_of_the_preview_stays_while_the_letter_is_typed(editor, campaign):
    add_person(campaign.segment, "b@mail.example", first_name="Борис")
    editor.reload()
    editor.locator("#who").select_option(index=1)
    editor.locator("#id_html").fill("<p>Добрый день, {{ contact.first_name }}</p>")
    expect(editor.locator("#preview .mail-body")).to_contain_text("Добрый день, Борис")


def test_date_is_asked_when_a_time_is_to_be_set(editor):
    date = editor.get_by_label("Дата и время")
    expect(date).to_be_hidden()
    editor.get_by_text("В назначенное время").click()
    expect(date).to_be_visible()


def test_reason_of_the_time_stands_beside_the_button_and_follows_it(editor, axe):
    button, review = editor.locator("[data-launch]"), editor.locator("#review")
    expect(button).to_be_enabled()
    editor.get_by_text("В назначенное время").click()
    expect(review).to_contain_text("Укажите дату и время")
    expect(button).to_be_disabled()
    axe(editor)
    for day, words in (("2001-01-01T10:00", "Назначенное время прошло"), (in_days(3), "")):
        editor.get_by_label("Дата и время").fill(day)
        editor.get_by_label("Дата и время").blur()
        expect(review.locator("#blockers")).to_contain_text(words) if words else expect(button).to_be_enabled()
    expect(review.locator("#blockers")).to_be_empty()


def in_days(number):
    return f"{timezone.localtime() + timedelta(days=number):%Y-%m-%dT%H:%M}"


def test_ledger_on_a_phone_shows_state_and_reason_without_scrolling(browser_page):
    message = MessageFactory(state="rejected", detail="550 no", address="konstantin.makarov@pochta.example")
    of_run = {"run": message.run, "step": message.step}
    skipped = MessageFactory(
        state="skipped", reason="no_consent", address="stanislav.frolov@yashchik.example", **of_run
    )
    page = browser_page("light", 390, user=UserFactory(role=Role.MARKETER))
    page.goto(reverse("campaigns:detail", args=[message.run.campaign_id]))
    table = page.locator("#ledger table")
    assert table.get_by_text(skipped.address).filter(visible=True).bounding_box()["height"] < 24  # in one line
    for words in (message.address, "Отклонено", "Почтовый сервер отказал"):
        expect(table.get_by_text(words).filter(visible=True)).to_have_count(1)
    assert table.get_by_text("Почтовый сервер отказал").filter(visible=True).bounding_box()["height"] < 44  # two lines
    assert table.evaluate("table => table.scrollWidth <= table.parentNode.clientWidth")


def test_name_of_a_scheduled_campaign_is_read_whole_on_a_phone(browser_page, campaign, axe):
    name = "Как мы строим: отзывы владельцев за год"
    due = timezone.now() + timedelta(days=2)
    Campaign.objects.update(state="scheduled", name=name, next_due_at=due, schedule={"at": due.isoformat()})
    page = browser_page("light", 390, user=UserFactory(role=Role.MARKETER))
    page.goto(reverse("campaigns:detail", args=[campaign.pk]))
    assert page.get_by_role("heading", name=name).evaluate("it => it.scrollHeight <= it.clientHeight")
    top = page.locator("header.top")
    for role, words in (("link", "Изменить"), ("button", "Начать сейчас"), ("button", "Пауза"), ("button", "Отменить")):
        box = top.get_by_role(role, name=words).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    axe(page, within="header.top")


def test_step_follows_on_a_phone_what_is_read_and_what_is_filled_in(open_editor, campaign):
    editor = open_editor(width=390)
    step = editor.get_by_role("navigation", name="Шаги").locator("li:has([aria-current=step])")
    expect(step).to_have_text(re.compile("Сегмент.*1 из 4"))
    expect(step.get_by_text("1 из 4")).to_be_visible()
    editor.locator("#step-review").evaluate("section => section.scrollIntoView()")
    expect(step).to_have_text(re.compile("Проверка.*4 из 4"))
    editor.locator("[name=subject]").focus()
    expect(step).to_have_text(re.compile("Сообщение.*2 из 4"))
    editor.get_by_role("link", name="Расписание").click()
    expect(step).to_have_text(re.compile("Расписание.*3 из 4"))


def test_key_figures_have_no_line_at_the_edge_of_their_card(browser_page):
    campaign = MessageFactory(state="accepted").run.campaign
    page = browser_page(width=390, user=UserFactory(role=Role.MARKETER))
    page.goto(reverse("campaigns:detail", args=[campaign.pk]))
    edge = "(cells, side) => cells.map(cell => getComputedStyle(cell)[side])"
    cells = page.locator(".kpi > div")
    assert cells.evaluate_all(edge, "borderRightWidth") == ["1px", "0px", "1px", "0px"]
    assert cells.evaluate_all(edge, "borderBottomWidth") == ["1px", "1px", "0px", "0px"]


@pytest.mark.parametrize("width", [1440, 390])
def test_link_to_the_letters_scrolls_them_and_not_the_house(browser_page, width):
    run = MessageFactory(state="accepted").run
    for _ in range(30):
        MessageFactory(run=run, step=run.messages.first().step, state="skipped", reason="no_consent")
    page = browser_page(width=width, user=UserFactory(role=Role.MARKETER))
    page.goto(reverse("campaigns:detail", args=[run.campaign_id]) + "#ledger")
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    assert page.locator(".top").bounding_box()["y"] == 0
