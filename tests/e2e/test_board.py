"""The board and the deal in a real browser: moves by mouse, keyboard and drawer."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from crmseg.accounts.models import Role
from pipelines.models import Deal, Stage
from tests.e2e import mouse, touch
from tests.e2e.conftest import session
from tests.factories import ContactFactory, DealFactory, NoteFactory, TaskFactory, UserFactory
from tests.pipelines.conftest import lay_track

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
BOARD = reverse("deals:board")


@pytest.fixture
def track():
    return lay_track()


@pytest.fixture
def head():
    return UserFactory(name="Юлия Щербакова", role=Role.HEAD)


@pytest.fixture
def deals(track, head):
    born = timezone.now() - timedelta(days=20)
    person = ContactFactory(name="Елена Савина")
    made = [
        DealFactory(stage=track.quote, responsible=head, contact=person, created_at=born + timedelta(hours=number))
        for number in range(3)
    ]
    DealFactory(stage=track.won, contact=person)
    TaskFactory(deal=made[0], due_at=born)
    NoteFactory(deal=made[0], author=head)
    return made


@pytest.fixture
def open_board(browser_page, head, deals):
    def opened(*look):
        page = browser_page(*look, user=head)
        page.goto(BOARD)
        return page

    return opened


def card(page, deal):
    return page.locator(f"#deal-{deal.pk}")


def cards(page, stage):
    return page.locator(f"#cards-{stage.pk} > .deal")


def drag(page, deal, target: str) -> None:
    mouse.drag(page, card(page, deal), target)


def test_dragged_card_moves_and_is_undone_as_if_it_had_not_been(open_board, track, deals):
    page = open_board()
    stay = card(page, deals[1]).locator(".badge").first.inner_text()
    drag(page, deals[1], f"#cards-{track.payment.pk}")
    expect(page.locator(f"#head-{track.payment.pk} .q")).to_have_text("1")
    expect(card(page, deals[1]).locator(".badge").first).not_to_have_text(stay)
    assert Deal.objects.get(pk=deals[1].pk).stage == track.payment
    page.locator("[data-undo]").click()
    expect(page.locator(".toast")).to_have_text("Перенос отменён")
    expect(page.locator("[data-undo]")).to_have_count(0)
    expect(page.locator(f"#head-{track.payment.pk} .q")).to_have_text("0")
    ids = cards(page, track.quote).evaluate_all("cards => cards.map(card => card.id)")
    assert ids == [f"deal-{deal.pk}" for deal in deals]
    expect(card(page, deals[1]).locator(".badge").first).to_have_text(stay)
    assert Deal.objects.get(pk=deals[1].pk).visits.get().stage == track.quote


def test_card_held_at_the_edge_of_a_phone_takes_the_board_along(browser_page, head, track, deals):
    far = DealFactory(stage=track.contact)
    page = browser_page("light", 390, user=head)
    finger = touch.Finger(page)
    page.goto(BOARD)
    with finger.drag(card(page, far)):
        finger.to(384, 400)
        page.wait_for_function("() => board.scrollLeft >= board.scrollWidth - board.clientWidth - 1")
        finger.to(195, 400)
        expect(cards(page, track.payment)).to_have_id(f"deal-{far.pk}")
    expect(page.locator(f"#head-{track.payment.pk} .q")).to_have_text("1")
    assert Deal.objects.get(pk=far.pk).stage == track.payment


def test_move_in_the_drawer_is_undone_there_and_on_the_board_behind(open_board, track, deals):
    page = open_board()
    card(page, deals[0]).get_by_role("link").click()
    page.get_by_role("button", name="На следующий этап").click()
    expect(page.locator("#drawer .deal-stage b")).to_have_text("Оплата")
    page.locator("[data-undo]").click()
    expect(page.locator("#drawer .deal-stage b")).to_have_text("Расчёт отправлен")
    expect(page.locator("#drawer .toast", has_text="Перенос отменён")).to_be_visible()
    page.locator("#drawer").get_by_role("link", name="История этапов").click()
    expect(page.locator("#drawer .event")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(cards(page, track.quote)).to_have_count(3)
    expect(page.locator(f"#head-{track.payment.pk} .q")).to_have_text("0")


def test_undo_that_came_too_late_says_so_and_shows_where_the_card_is(open_board, track, deals):
    page = open_board()
    drag(page, deals[1], f"#cards-{track.payment.pk}")
    page.locator("[data-undo]").wait_for()
    Deal.objects.get(pk=deals[1].pk).move_to(track.contact, now=timezone.now())
    page.locator("[data-undo]").click()
    expect(page.locator(".toast.bad")).to_contain_text("Сделку уже перенесли дальше, на этап «Первичный контакт»")
    expect(cards(page, track.contact)).to_have_count(1)
    expect(page.locator(f"#head-{track.payment.pk} .q")).to_have_text("0")


@pytest.mark.parametrize("button", ["[data-undo]", "[data-dismiss]"])
def test_older_toast_that_goes_leaves_the_focus_with_its_card(open_board, track, deals, button):
    page = open_board()
    link = card(page, deals[1]).get_by_role("link")
    link.focus()
    for digit, stage in (("4", track.payment), ("2", track.contact)):
        page.keyboard.press("KeyM")
        page.keyboard.press(f"Digit{digit}")
        expect(page.locator(".toast").last).to_contain_text(f"Перенесена в «{stage}»")
        expect(card(page, deals[1])).not_to_have_class(re.compile("busy"))
    page.locator(button).first.press("Enter")
    if button == "[data-undo]":
        expect(page.locator(".toast.bad")).to_contain_text("Отменить прежний перенос нельзя")
    expect(page.locator("[data-undo]")).to_have_count(1)
    expect(link).to_be_focused()


def test_refused_card_returns_to_its_exact_place(open_board, track, deals):
    page = open_board()
    Stage.objects.filter(pk=track.payment.pk).update(deleted_at=timezone.now())
    drag(page, deals[1], f"#cards-{track.payment.pk}")
    expect(page.locator(".toast.bad")).to_contain_text("Оплата")
    ids = cards(page, track.quote).evaluate_all("cards => cards.map(card => card.id)")
    assert ids == [f"deal-{deal.pk}" for deal in deals]


def test_stale_card_goes_where_somebody_else_put_it(open_board, track, deals):
    page = open_board()
    faster = UserFactory(name="Ольга Белова")
    Deal.objects.get(pk=deals[1].pk).move_to(track.contact, by=faster, now=timezone.now())
    drag(page, deals[1], f"#cards-{track.payment.pk}")
    expect(page.locator(".toast.bad")).to_have_text("Сделку уже перенесли на этап «Первичный контакт»: Ольга Белова")
    expect(cards(page, track.contact)).to_have_count(1)
    expect(cards(page, track.payment)).to_have_count(0)
    expect(page.locator(f"#head-{track.contact.pk} .q")).to_have_text("1")
    drag(page, deals[1], f"#cards-{track.payment.pk}")
    expect(page.locator(f"#head-{track.payment.pk} .q")).to_have_text("1")
    assert Deal.objects.get(pk=deals[1].pk).stage == track.payment


def test_card_of_a_deal_that_is_gone_leaves_the_board(open_board, track, deals):
    page = open_board()
    Deal.objects.filter(pk=deals[1].pk).update(deleted_at=timezone.now())
    drag(page, deals[1], f"#cards-{track.payment.pk}")
    expect(page.locator(".toast.bad")).to_contain_text("Сделку удалили")
    expect(card(page, deals[1])).to_have_count(0)
    expect(cards(page, track.quote)).to_have_count(2)


def test_lost_card_asks_the_reason_first(open_board, track, deals):
    page = open_board()
    drag(page, deals[1], ".dock .lost")
    page.keyboard.press("Escape")
    expect(cards(page, track.quote)).to_have_count(3)
    expect(card(page, deals[1]).get_by_role("link")).to_be_focused()
    drag(page, deals[1], ".dock .lost")
    page.select_option("#lost select", label="Дорого")
    page.locator("#lost .primary").click()
    expect(page.locator(f"#head-{track.lost.pk} .q")).to_have_text("1")
    expect(page.locator(f"#head-{track.lost.pk} button")).to_be_focused()  # which hides the card
    assert Deal.objects.get(pk=deals[1].pk).loss_reason == track.expensive


def test_deal_moved_on_its_page_keeps_the_focus_near(browser_page, head, deals):
    page = browser_page(user=head)
    page.goto(reverse("deals:detail", args=[deals[0].pk]))
    page.get_by_role("button", name="На следующий этап").click()
    expect(page.locator(".deal-stage b")).to_have_text("Оплата")
    expect(page.get_by_role("button", name="На следующий этап")).to_be_focused()
    page.get_by_role("button", name="Закрыть с отказом").click()
    page.select_option("#deal-loss-reason", label="Дорого")
    page.get_by_role("button", name="Закрыть сделку").click()
    expect(page.locator(".deal-lost-at")).to_be_visible()
    expect(page.locator(".deal-stage b")).to_be_focused()


def test_time_of_an_event_never_stands_alone_in_its_line(open_board, track, deals):
    page = open_board()
    Deal.objects.get(pk=deals[0].pk).move_to(track.payment, by=UserFactory(name="Ольга Белова"), now=timezone.now())
    card(page, deals[0]).get_by_role("link").click()
    tail = page.locator("#drawer .event-line .num").first
    expect(tail).to_contain_text("Ольга Белова · ")
    assert tail.evaluate("tail => tail.getClientRects().length") == 1


def test_card_moves_by_keyboard_and_keeps_the_focus(open_board, track, deals):
    page = open_board()
    page.keyboard.press("KeyJ")
    expect(card(page, deals[0]).get_by_role("link")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("KeyM")
    page.keyboard.press("Digit4")
    expect(page.locator("#live")).to_have_text("Перенесена в «Оплата»")
    expect(card(page, deals[1]).get_by_role("link")).to_be_focused()
    assert Deal.objects.get(pk=deals[1].pk).stage == track.payment


def test_drawer_moves_the_card_behind_it_and_takes_a_note(open_board, track, deals):
    page = open_board()
    card(page, deals[0]).get_by_role("link").click()
    page.get_by_role("button", name="На следующий этап").click()
    expect(page.locator("#drawer .deal-stage b")).to_have_text("Оплата")
    expect(cards(page, track.payment)).to_have_count(1)
    page.fill("#drawer textarea", "Думают до весны")
    page.get_by_role("button", name="Добавить").click()
    expect(page.locator("#drawer .note-text").first).to_have_text("Думают до весны")
    expect(page.locator("#drawer .toast", has_text="Примечание добавлено")).to_be_visible()
    page.fill("#drawer textarea", "Или до лета")
    page.get_by_role("button", name="Добавить").click()  # the toast, which stays, does not cover it
    expect(page.locator("#drawer .note-text").first).to_have_text("Или до лета")
    page.go_back()
    expect(page.locator("#drawer")).not_to_be_visible()
    assert page.url.endswith(BOARD)


def test_note_that_cannot_be_sent_says_so_over_the_drawer_and_stays(open_board, deals):
    page = open_board()
    page.locator(f"#deal-{deals[0].pk} .deal-title a").click()
    note = page.locator("#drawer #composer textarea")
    note.fill("Ждёт звонка")
    page.context.set_offline(True)
    page.locator("#drawer #composer [type=submit]").click()
    expect(page.locator("#drawer .toast.bad")).to_contain_text("Нет связи: не отправлено. Набранное здесь осталось")
    page.context.set_offline(False)
    expect(note).to_have_value("Ждёт звонка")


def test_note_is_added_on_a_phone_below_a_feed_of_any_length(browser_page, head, deals):
    for number in range(5):
        NoteFactory(deal=deals[0], author=head, text=f"Примечание {number}")
        page = browser_page("light", 390, user=head)
        page.goto(reverse("deals:detail", args=[deals[0].pk]))
        page.locator("#composer").get_by_role("button").click(trial=True)


def test_stale_move_in_the_drawer_redraws_it_and_keeps_the_typed_note(open_board, track, deals):
    page = open_board()
    card(page, deals[0]).get_by_role("link").click()
    page.fill("#drawer textarea", "Думают до весны")
    Deal.objects.get(pk=deals[0].pk).move_to(track.payment, by=None, now=timezone.now())
    page.locator("#drawer .stagebar button").first.click()
    expect(page.locator("#toasts .toast.bad")).to_be_visible()
    expect(page.locator("#drawer .deal-stage b")).to_have_text("Оплата")
    expect(page.locator("#drawer textarea")).to_have_value("Думают до весны")
    expect(cards(page, track.payment)).to_have_count(1)
    page.get_by_role("button", name="Добавить").click()
    expect(page.locator("#drawer .note-text").first).to_have_text("Думают до весны")


def test_typed_note_outlives_its_card_until_it_is_sent(open_board, deals):
    page = open_board()
    card(page, deals[0]).get_by_role("link").click()
    page.fill("#drawer textarea", "Думают до весны")
    page.keyboard.press("Escape")
    card(page, deals[1]).get_by_role("link").click()
    expect(page.locator("#drawer .deal-name")).to_have_text(str(deals[1]))
    expect(page.locator("#drawer textarea")).to_have_value("")
    page.goto(reverse("deals:detail", args=[deals[0].pk]))
    expect(page.locator("#composer textarea")).to_have_value("Думают до весны")
    page.get_by_role("button", name="Добавить").click()
    expect(page.locator(".note-text").first).to_have_text("Думают до весны")
    expect(page.locator("#composer textarea")).to_have_value("")
    page.reload()
    expect(page.locator("#composer textarea")).to_have_value("")


@pytest.mark.parametrize("is_drawer", [True, False])
def test_focus_stays_in_the_note_whatever_becomes_of_it(open_board, deals, is_drawer):
    page = open_board()
    if is_drawer:
        card(page, deals[0]).get_by_role("link").click()
    else:
        page.goto(reverse("deals:detail", args=[deals[0].pk]))
    field, error = page.locator("#composer textarea"), page.locator("#composer .error")
    add = page.get_by_role("button", name="Добавить")
    field.fill("  ")
    add.press("Enter")
    expect(error).to_have_text("Напишите примечание")
    expect(field).to_be_focused()
    assert error.evaluate("line => getComputedStyle(line).display") == "flex"
    page.keyboard.type("Думают")
    expect(error).to_have_count(0)
    assert field.get_attribute("aria-invalid") is None
    page.route("**/notes/", lambda route: route.fulfill(status=500))
    add.press("Enter")
    again = page.get_by_role("button", name="Повторить")
    expect(again).to_be_visible()
    expect(field).to_be_focused()
    page.unroute_all()
    again.press("Enter")
    expect(page.locator(".note-text").first).to_have_text("Думают")
    expect(field).to_have_value("")
    expect(field).to_be_focused()


def test_search_narrows_the_board_and_stands_in_the_url(open_board, deals):
    page = open_board()
    page.fill("#board-search", deals[2].name)
    expect(page.locator(".col:not(.mini) .deal")).to_have_count(1)
    assert "q=" in page.url


HINT = """field => {
  const [paper, style] = [document.createElement("canvas").getContext("2d"), getComputedStyle(field)];
  paper.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  const room = field.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  return [style.fontSize, room - paper.measureText(field.placeholder).width];
}"""


@pytest.mark.parametrize(("width", "size"), [(1440, "13px"), (390, "16px")])
def test_hint_of_the_search_names_what_it_finds_and_is_read_whole(browser_page, head, deals, width, size):
    page = browser_page(width=width, user=head)
    if width == 390:
        touch.Finger(page)
    page.goto(BOARD)
    field = page.locator("#board-search")
    expect(field).to_have_attribute("placeholder", "Сделка, №, имя, компания, телефон")
    font, room = field.evaluate(HINT)
    assert font == size
    assert room >= 0


def test_typing_on_during_a_search_breaks_nothing_off(open_board, deals):
    page, errors, held = open_board(), [], []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.route("**/deals/?q=*", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/deals/?q=*"):
        page.fill("#board-search", "нет такой")
    page.fill("#board-search", deals[2].name)
    page.press("#board-search", "Enter")
    held[0].continue_()
    expect(page.locator(".col:not(.mini) .deal")).to_have_count(1)
    assert not errors


def test_closed_column_opens_with_its_cards_where_one_sees_them(open_board, track, deals):
    page = open_board("light", 1024)
    page.locator(f"#column-{track.won.pk} [data-open-column]").click()
    expect(cards(page, track.won)).to_have_count(1)
    expect(page.locator(f"#column-{track.won.pk}")).to_be_in_viewport(ratio=1)
    head = page.locator(f"#head-{track.won.pk}")
    assert head.locator(".name").bounding_box()["x"] < head.locator(".q").bounding_box()["x"]
    assert head.inner_text().count("₽") == 1
    assert head.locator(".name").evaluate("name => name.scrollWidth <= name.clientWidth")


@pytest.fixture
def come_back(head, live_server):
    """The same person logs in elsewhere, and looks at the page again."""

    def come(page):
        page.context.add_cookies([session(head, live_server.url)])
        page.evaluate("dispatchEvent(new Event('focus'))")
        expect(page.locator("#signed-out")).to_have_count(0)

    return come


def test_ended_session_is_told_over_the_drawer_and_what_was_asked_for_comes_after_the_login(
    open_board, deals, come_back
):
    page = open_board("light", 390)
    card(page, deals[0]).get_by_role("link").click()
    page.context.clear_cookies()
    for name in ("Задачи", "История этапов"):
        page.locator("#drawer").get_by_role("link", name=name).click()
    page.locator("#drawer #signed-out").get_by_role("link", name="Войдите в новой вкладке").click(trial=True)
    come_back(page)
    expect(page.locator("#drawer").get_by_role("link", name="История этапов")).to_have_attribute("aria-current", "page")


def test_board_without_a_session_puts_the_card_back_and_leads_to_the_login(open_board, track, deals, come_back):
    page = open_board()
    page.context.clear_cookies()
    card(page, deals[0]).get_by_role("link").focus()
    page.keyboard.press("KeyM")
    page.locator(f"#move-menu [data-to='{track.payment.pk}']").click()
    expect(page.locator("#signed-out").get_by_role("link", name="Войдите в новой вкладке")).to_be_visible()
    expect(page.locator(".toast")).to_have_count(1)
    expect(cards(page, track.quote)).to_have_count(3)
    page.locator(f"#column-{track.won.pk} [data-open-column]").click()
    come_back(page)
    expect(cards(page, track.won)).to_have_count(1)


def test_phone_opens_at_the_first_column_with_deals_then_at_the_one_last_seen(open_board, track, deals):
    DealFactory(stage=track.payment)
    page = open_board("light", 390)
    quote, payment = page.locator(f"#column-{track.quote.pk}"), page.locator(f"#column-{track.payment.pk}")
    expect(quote).to_be_in_viewport(ratio=0.9)
    page.locator(f"#map-{track.payment.pk}").click()
    expect(payment).to_be_in_viewport(ratio=0.9)
    page.wait_for_function("id => Object.values(sessionStorage).includes(id)", arg=f"column-{track.payment.pk}")
    page.reload()
    expect(payment).to_be_in_viewport(ratio=0.9)
    expect(page.locator("#board-search")).to_be_in_viewport()
    assert page.locator(".search").bounding_box()["width"] == 390 - 2 * 14  # a row of its own: the hint is read whole


def test_empty_incoming_column_unfolds_with_its_first_card(open_board, track, deals):
    page = open_board()
    incoming = page.locator(f"#column-{track.unsorted.pk}")
    assert incoming.bounding_box()["width"] < 60
    card(page, deals[0]).get_by_role("link").focus()
    page.keyboard.press("KeyM")
    page.keyboard.press("Digit1")
    expect(card(page, deals[0])).to_be_visible()
    assert incoming.bounding_box()["width"] > 200


def open_drawer(page, deal):
    card(page, deal).get_by_role("link").click()
    expect(page.locator("#drawer .deal-name")).to_have_text(str(deal))
    expect(page).to_have_url(re.compile(reverse("deals:detail", args=[deal.pk]) + "$"))


def reload(page):
    page.reload()


def look_at_the_contact_and_come_back(page):
    page.locator("#drawer").get_by_role("link", name="Елена Савина").click()
    expect(page.locator("h1")).to_have_text("Елена Савина")
    page.go_back()


def go_back_and_forward(page):
    page.go_back()
    expect(page.locator("#drawer")).not_to_be_visible()
    page.go_forward()


@pytest.mark.parametrize("walk", [reload, look_at_the_contact_and_come_back, go_back_and_forward])
def test_back_from_a_deal_that_was_opened_over_the_board_leads_to_the_board(open_board, track, deals, walk):
    page = open_board()
    open_drawer(page, deals[0])
    walk(page)
    expect(page.locator("h1")).to_have_text(str(deals[0]))
    page.evaluate("location.hash = 'main'")  # the skip link
    page.go_back()
    expect(page.locator("h1")).to_have_text(str(deals[0]))
    page.go_back()
    expect(cards(page, track.quote)).to_have_count(3)
    expect(page).to_have_url(re.compile(BOARD + "$"))
    open_drawer(page, deals[1])


def places(page, deal):
    """How far the focused card of a deal reaches into its column, from above and from below."""
    expect(card(page, deal).get_by_role("link")).to_be_focused()
    return card(page, deal).evaluate(
        """card => {
          const [own, list] = [card, card.parentElement].map((box) => box.getBoundingClientRect());
          return [own.top - list.top, list.bottom - own.bottom];
        }"""
    )


@pytest.mark.parametrize("width", [1440, 390])
def test_card_that_has_the_focus_is_seen_whole(browser_page, head, track, width):
    deals = DealFactory.create_batch(7, stage=track.quote, contact=ContactFactory())
    page = browser_page(width=width, user=head)
    page.set_viewport_size({"width": width, "height": 500})
    page.goto(BOARD)
    expect(cards(page, track.quote)).to_have_count(7)
    ids = cards(page, track.quote).evaluate_all("cards => cards.map(card => +card.id.slice(5))")
    shown = sorted(deals, key=lambda deal: ids.index(deal.pk))
    for key, row in (("ArrowDown", shown), ("ArrowUp", shown[-2::-1]), ("KeyJ", shown[1:]), ("KeyK", shown[-2::-1])):
        for deal in row:
            page.keyboard.press(key)
            assert min(places(page, deal)) >= 0, (key, ids.index(deal.pk))


def move_by_menu(page, deal, stage):
    card(page, deal).locator(".move").click()
    page.locator(f"#move-menu [data-to='{stage.pk}']").click()
    expect(page.locator(".toast").last).to_contain_text(f"Перенесена в «{stage}»")


def test_phone_stays_at_its_column_when_a_card_leaves_it_and_shows_the_one_that_comes_back(open_board, track, deals):
    page = open_board("light", 390)
    quote, payment = page.locator(f"#column-{track.quote.pk}"), page.locator(f"#column-{track.payment.pk}")
    for place in (1, 1, 0):  # the next card has the focus, then the one above, then the board
        deal = deals[place]
        move_by_menu(page, deal, track.payment)
        expect(card(page, deal)).not_to_have_class(re.compile("busy"))
        expect(quote).to_be_in_viewport(ratio=0.9)
        expect(payment).not_to_be_in_viewport(ratio=0.5)
        deals.pop(place)
        near = card(page, deals[min(place, len(deals) - 1)]).get_by_role("link") if deals else page.locator("#board")
        expect(near).to_be_focused()
    page.locator(f"#map-{track.payment.pk}").click()
    expect(payment).to_be_in_viewport(ratio=0.9)
    page.locator("[data-undo]").last.click()
    expect(quote).to_be_in_viewport(ratio=0.9)
    expect(page.locator(f"#map-{track.quote.pk}")).to_be_in_viewport(ratio=0.9)
    expect(cards(page, track.quote).get_by_role("link")).to_be_focused()
    expect(cards(page, track.quote)).to_be_in_viewport(ratio=0.9)
