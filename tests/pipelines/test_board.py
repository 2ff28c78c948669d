"""pipelines.board: what the filters leave of a pipeline, column by column."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from pipelines import board
from pipelines.board import CARDS, heat
from pipelines.filters import DealFilter
from pipelines.models import Deal, Task
from tests.factories import NOW, CompanyFactory, ContactFactory, DealFactory, TaskFactory, UserFactory


def since(days: float):
    return NOW - timedelta(days=days)


def lay_out(track, query: str = "") -> board.Board:
    return board.lay_out(track.pipeline, Deal.objects.alive(), DealFilter.read(QueryDict(query)), NOW)


def column(laid: board.Board, stage) -> board.Column:
    return next(each for each in laid.columns if each.stage == stage)


def names(laid: board.Board) -> list[str]:
    return sorted(card.deal.name for each in laid.columns for card in each.cards)


def test_column_tells_count_sum_stuck_and_median(track):
    for days in (1, 3, 20):
        DealFactory(stage=track.quote, created_at=since(days), price=1000)
    DealFactory(stage=track.quote, deleted_at=NOW)
    quote = column(lay_out(track), track.quote)
    assert (quote.count, quote.total, quote.stuck, quote.median) == (3, 3000, 1, timedelta(days=3))
    assert not quote.is_slow


def test_slow_column_is_told_by_its_norm(track):
    DealFactory(stage=track.contact, created_at=since(3.5))
    DealFactory(stage=track.payment, created_at=since(300))
    laid = lay_out(track)
    assert column(laid, track.contact).is_slow
    assert not column(laid, track.payment).is_slow  # no norm, no hurry


def test_columns_stand_in_order_with_won_and_lost_last(track):
    assert [each.stage for each in lay_out(track).columns] == track.stages


def test_first_cards_are_those_who_wait_longest(track):
    deals = [DealFactory(stage=track.quote, created_at=since(days)) for days in range(CARDS + 3)]
    quote = column(lay_out(track), track.quote)
    assert [card.deal for card in quote.cards] == deals[::-1][:CARDS]
    assert quote.rest == 3


def test_more_cards_follow_where_the_first_ended(track):
    deals = [DealFactory(stage=track.quote, created_at=since(days // 2)) for days in range(CARDS + 5)]
    quote = column(lay_out(track), track.quote)
    following = board.more(track.quote, Deal.objects.all(), DealFilter(), NOW, quote.after, before=quote.seen)
    assert {card.deal.pk for card in [*quote.cards, *following.cards]} == {deal.pk for deal in deals}
    assert len(quote.cards) + len(following.cards) == len(deals)
    assert (following.rest, following.after) == (0, "")


def test_closed_column_begins_with_the_latest(track):
    for days in (1, 5, 3):
        DealFactory(stage=track.won, created_at=since(days), name=str(days))
    closed = board.more(track.won, Deal.objects.all(), DealFilter(), NOW, after="not a mark")
    assert [card.deal.name for card in closed.cards] == ["1", "3", "5"]


FILTERS = [
    ("", ["без задачи", "зависла", "просрочена"]),
    ("task=overdue", ["просрочена"]),
    ("task=none", ["без задачи", "зависла"]),
    ("stuck=1", ["зависла"]),
    ("q=прос", ["просрочена"]),
    ("task=nonsense&user=x", ["без задачи", "зависла", "просрочена"]),
]


@pytest.mark.parametrize(("query", "found"), FILTERS)
def test_filters_narrow_the_cards(track, query, found):
    overdue = DealFactory(stage=track.contact, name="просрочена")
    TaskFactory(deal=overdue, due_at=since(1))
    DealFactory(stage=track.contact, name="без задачи")
    DealFactory(stage=track.contact, name="зависла", created_at=since(10))
    laid = lay_out(track, query)
    assert names(laid) == found
    assert column(laid, track.contact).count == len(found)


def test_chips_count_within_search_and_people_only(track):
    mine = UserFactory()
    DealFactory(stage=track.contact, responsible=mine, created_at=since(10))
    TaskFactory(deal=DealFactory(stage=track.contact, responsible=mine), due_at=since(1))
    DealFactory(stage=track.contact)
    DealFactory(stage=track.won)
    laid = lay_out(track, f"user={mine.pk}&task=overdue")
    assert (laid.overdue, laid.without_task, laid.stuck, laid.count) == (1, 1, 1, 1)


def test_card_shows_main_contact_and_the_nearest_task(track):
    person = ContactFactory()
    deal = DealFactory(stage=track.contact, contact=person, company=CompanyFactory())
    TaskFactory(deal=deal, text="потом", due_at=NOW + timedelta(days=5))
    TaskFactory(deal=deal, text="сначала", due_at=NOW + timedelta(hours=2))
    TaskFactory(deal=deal, text="сделана", due_at=since(1), is_done=True)
    card = board.cards([deal.pk], NOW)[0]
    assert (card.contact, str(card.task), card.task_state) == (person, "сначала", "today")


@pytest.mark.parametrize(("days", "norm", "warmth"), [(7, 7, ""), (8, 7, "warm"), (15, 7, "hot"), (90, None, "")])
def test_heat_grows_with_the_norm(days, norm, warmth):
    assert heat(since(days), norm, NOW) == warmth


def test_figures_read_the_deals_alone_and_nothing_their_index_does_not_hold(track):
    index = next(each for each in Deal._meta.indexes if each.name == "deal_on_board")
    held = {Deal._meta.get_field(name).column for name in [*index.fields, *index.include]} | {"deleted_at"}
    mine = DealFilter(users=(1, 2)).narrow(Deal.objects.alive(), NOW)
    with CaptureQueriesContext(connection) as asked:
        board.figures(track.stages, mine, NOW)
    said = asked.captured_queries[-1]["sql"]
    assert set(re.findall(r'"pipelines_deal"."(\w+)"', said)) <= held
    assert "pipelines_stage" not in said


def test_tasks_are_counted_by_one_statement_that_reads_their_index_alone(track):
    index = next(each for each in Task._meta.indexes if each.name == "task_open_of_deal")
    held = {Task._meta.get_field(name).column for name in index.fields} | {"deleted_at", "is_done"}
    with CaptureQueriesContext(connection) as asked:
        lay_out(track)
    said = [query["sql"] for query in asked.captured_queries if "COUNT(" in query["sql"] and "_task" in query["sql"]]
    assert len(said) == 1
    assert set(re.findall(r'"pipelines_task"."(\w+)"', said[0])) <= held


def test_search_is_made_once_whatever_the_board_asks(track):
    with CaptureQueriesContext(connection) as asked:
        lay_out(track, "q=савина")
    places = 4  # the name, that of a contact, of the company, of a contact's company
    assert sum("name_key" in query["sql"] and "LIMIT" in query["sql"] for query in asked.captured_queries) == places


def test_stage_with_a_norm_of_no_days_holds_nobody_up(track):
    track.quote.max_days = 0
    track.quote.save(update_fields=["max_days"])
    DealFactory(stage=track.quote, created_at=since(3))
    laid = lay_out(track)
    assert (laid.stuck, column(laid, track.quote).stuck, Deal.objects.stuck(NOW).count()) == (0, 0, 0)


def test_incoming_column_folds_while_nothing_waits_there(track):
    assert [each.is_folded for each in lay_out(track).columns] == [True, False, False, False, True, True]
    DealFactory(stage=track.unsorted)
    assert not column(lay_out(track), track.unsorted).is_folded
