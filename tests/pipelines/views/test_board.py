"""The board's door: page, fragment, whose deals, how many queries."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from crmseg.accounts.models import Role
from pipelines.models import Contact, Deal, Task
from pipelines.templatetags import cards
from tests.factories import NOW, ContactFactory, DealFactory, PipelineFactory, StageFactory, TaskFactory, UserFactory

BOARD = reverse("deals:board")


def test_board_needs_a_login(client, track):
    assert client.get(BOARD).status_code == 302


def test_partner_is_refused(login, track):
    assert login(Role.PARTNER).get(BOARD).status_code == 403


def test_board_shows_columns_and_cards(login, track):
    DealFactory(stage=track.quote, name="Дом по проекту «Фьорд»", contact=ContactFactory(name="Елена Савина"))
    page = login().get(BOARD).content.decode()
    assert "<!doctype html>" in page
    assert "Расчёт отправлен" in page
    assert "Дом по проекту «Фьорд»" in page
    assert "Елена Савина" in page


def test_card_tells_where_it_is_moved(login, track):
    deal = DealFactory(stage=track.quote)
    assert f'data-moves="{reverse("deals:move", args=[deal.pk])}"' in login().get(BOARD).content.decode()


def test_htmx_gets_the_view_with_the_total_out_of_band(login, track, htmx):
    part = login().get(BOARD, headers=htmx("board-view")).content.decode()
    assert "<!doctype html>" not in part
    assert 'id="board-view"' in part
    assert 'id="board-total" hx-swap-oob="true"' in part


def test_manager_sees_own_deals_only(login, track):
    client = login(Role.MANAGER)
    DealFactory(stage=track.quote, name="Своя", responsible=client.user)
    DealFactory(stage=track.quote, name="Чужая", responsible=UserFactory())
    page = client.get(BOARD).content.decode()
    assert "Своя" in page
    assert "Чужая" not in page


def test_auditor_is_offered_no_moves(login, track):
    DealFactory(stage=track.quote)
    page = login(Role.AUDITOR).get(BOARD).content.decode()
    assert "data-move" not in page
    assert "data-can-move" not in page


def test_pipeline_is_chosen_in_the_url(login, track):
    other = StageFactory(pipeline=PipelineFactory(name="Ремонт", position=9), name="Замер").pipeline
    assert "Замер" in login().get(BOARD, {"pipeline": other.pk}).content.decode()
    assert "Расчёт отправлен" in login(name="Второй").get(BOARD, {"pipeline": "x"}).content.decode()


def test_first_run_offers_what_to_do(login, db):
    assert "Здесь появятся ваши сделки" in login().get(BOARD).content.decode()


def test_filter_that_finds_nothing_can_be_reset(login, track):
    DealFactory(stage=track.quote)
    page = login().get(BOARD, {"q": "нет такой"}).content.decode()
    assert "Ничего не найдено" in page
    assert "Сбросить фильтр" in page


def test_column_hands_out_its_next_cards(login, track, htmx):
    DealFactory.create_batch(20, stage=track.quote)
    client = login()
    first = client.get(BOARD).context["board"]
    column = next(each for each in first.columns if each.stage == track.quote)
    url = reverse("deals:stage_cards", args=[track.quote.pk])
    part = client.get(url, {"after": column.after, "before": column.seen}, headers=htmx())
    assert part.content.decode().count('class="deal"') == 5


@pytest.mark.parametrize("deals", [2, 30])
def test_board_asks_as_little_whatever_the_number_of_deals(login, track, django_assert_max_num_queries, deals):
    for number in range(deals):
        deal = DealFactory(
            stage=track.stages[number % 4], contact=ContactFactory(), responsible=UserFactory(password="!")
        )
        TaskFactory(deal=deal, due_at=NOW)
    client = login()
    with django_assert_max_num_queries(16):
        assert client.get(BOARD).status_code == 200


def card_html(page: str, deal) -> str:
    return page.partition(f'<li class="deal" id="deal-{deal.pk}"')[2].partition("</li>")[0]


def test_card_that_changed_in_anything_it_shows_is_drawn_anew(login, track):
    deal = DealFactory(stage=track.quote, contact=ContactFactory(name="Елена Савина"), price=1_000_000)
    client, seen = login(), set()
    changes = [
        lambda: None,
        lambda: Deal.objects.update(name="Барнхаус"),
        lambda: Deal.objects.update(price=2_000_000),
        lambda: Deal.objects.update(tags=["ипотека"]),
        lambda: Deal.objects.update(sync_state="waiting"),
        lambda: Deal.objects.update(stage_entered_at=timezone.now() - timedelta(days=8)),
        lambda: Deal.objects.update(responsible=client.user),
        lambda: TaskFactory(deal=deal, due_at=timezone.now() + timedelta(days=3)),
        lambda: Task.objects.update(due_at=timezone.now() - timedelta(days=3)),
        lambda: Contact.objects.update(name="Павел Савин"),
        lambda: type(client.user).objects.update(language="en"),
    ]
    for change in changes:
        change()
        seen.add(card_html(client.get(BOARD).content.decode(), deal))
    assert len(seen) == len(changes)


def test_card_that_looks_as_it_did_is_not_drawn_again(login, track, monkeypatch):
    DealFactory(stage=track.quote)
    client = login()
    first = client.get(BOARD).content.decode()
    monkeypatch.setattr(cards, "render_to_string", None)
    assert card_html(first, Deal.objects.get()) == card_html(client.get(BOARD).content.decode(), Deal.objects.get())


@pytest.mark.parametrize("price", [None, 0])
def test_deal_without_a_budget_shows_no_sum_anywhere(login, track, price):
    person = ContactFactory()
    deal = DealFactory(stage=track.quote, price=price, contact=person)
    client = login()
    assert "₽" not in card_html(client.get(BOARD).content.decode(), deal)
    for url in (deals_url(deal), reverse("contacts:detail", args=[person.pk]), reverse("contacts:list")):
        page = client.get(url).content.decode()
        assert "₽" not in page
        assert "—" in page


def test_owner_of_a_deal_without_a_budget_stands_beside_its_title(login, track):
    owner, client = UserFactory(), login()
    deals = [DealFactory(stage=track.quote, price=price, responsible=owner) for price in (None, 1_000_000)]
    page = client.get(BOARD).content.decode()
    rows = [card_html(page, deal).partition('<div class="deal-money">')[2].partition("</div>")[0] for deal in deals]
    assert ["deal-title" in row for row in rows] == [True, False]
    assert ["avatar" in row for row in rows] == [True, True]


def test_help_names_the_keys_of_the_board_to_who_may_use_them(login, track):
    def keys(role, page):
        dialog = re.search(r'<dialog[^>]*id="help".*?</dialog>', login(role).get(page).content.decode(), re.DOTALL)
        return re.findall(r"<kbd[^>]*>(.*?)</kbd>", dialog[0])

    of_page = ["/", "Ctrl", "K", "Esc", "?"]
    of_board = ["J", "↓", "K", "↑", "←", "→", "Enter"]
    assert keys(Role.HEAD, BOARD) == [*of_board, "M", "1", "9", *of_page]
    assert keys(Role.AUDITOR, BOARD) == [*of_board, *of_page]
    assert keys(Role.HEAD, "/contacts/") == of_page


def test_norm_of_a_column_is_told_in_its_own_unit(login, track):
    DealFactory(stage=track.contact, created_at=timezone.now() - timedelta(hours=23, minutes=5))
    assert "23\xa0ч, норма 2\xa0дн<" in login().get(BOARD).content.decode()


@pytest.mark.parametrize(("days", "told"), [(1.71, "1,7\xa0дн, норма 2<"), (16.2, "16\xa0дн, норма 2<")])
def test_head_tells_the_median_of_days_as_exactly_as_it_is_read(login, track, days, told):
    DealFactory(stage=track.contact, created_at=timezone.now() - timedelta(days=days))
    assert told in login().get(BOARD).content.decode()


def test_head_tells_count_and_sum_on_a_phone_too(login, track):
    DealFactory(stage=track.quote, price=4_830_000)
    total = re.search(r'<span[^>]*id="board-total".*?</span>', login().get(BOARD).content.decode())[0]
    assert "1 сделка в работе · <b>4,8" in total
    assert "hide-sm" not in total


def deals_url(deal) -> str:
    return reverse("deals:detail", args=[deal.pk])
