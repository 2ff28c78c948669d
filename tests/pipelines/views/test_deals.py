"""The deal's door: page, drawer, moves with their refusals, notes."""

import json
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from crmseg.accounts.models import Role
from pipelines.models import Change, CustomField, Deal, Note, StageVisit
from tests.factories import (
    NOW,
    ContactFactory,
    ContactPointFactory,
    CustomFieldFactory,
    DealFactory,
    NoteFactory,
    PipelineFactory,
    StageFactory,
    TaskFactory,
    UserFactory,
)


def url(name: str, deal: Deal) -> str:
    return reverse(f"deals:{name}", args=[deal.pk])


def undo_url(visit: StageVisit) -> str:
    return reverse("deals:undo_move", args=[visit.deal_id, visit.pk])


def toast(response) -> dict:
    return json.loads(response["HX-Trigger"])["toast"]


@pytest.fixture
def deal(track):
    return DealFactory(stage=track.quote, name="Барнхаус")


def test_deal_is_a_page_and_a_drawer(login, deal, htmx):
    client = login()
    page, part = client.get(url("detail", deal)), client.get(url("detail", deal), headers=htmx("drawer"))
    assert "<!doctype html>" in page.content.decode()
    assert "<!doctype html>" not in part.content.decode()
    assert all('id="deal-view"' in answer.content.decode() for answer in (page, part))


@pytest.mark.parametrize(("days", "sign"), [(8, "clock"), (15, "flame")])
def test_deal_shows_the_sign_its_card_has_on_the_board(login, track, days, sign):
    deal = DealFactory(stage=track.quote, created_at=timezone.now() - timedelta(days=days))
    page = login().get(url("detail", deal)).content.decode()
    assert f"#{sign}" in page.partition("deal-stage")[2].partition("stagebar")[0]


def test_manager_does_not_find_another_ones_deal(login, deal, htmx):
    client = login(Role.MANAGER)
    assert client.get(url("detail", deal)).status_code == 404
    assert client.post(url("move", deal), {"stage": deal.stage_id}).status_code == 404
    assert client.post(url("note", deal), {"text": "x"}).status_code == 404


def test_deal_shows_people_and_own_fields_by_type(login, track):
    person = ContactFactory(name="Елена Савина")
    ContactPointFactory(contact=person, kind="phone", value="+79035551842")
    for key, form in (("area", "number"), ("mortgage", "boolean"), ("cost", "money"), ("on", "date")):
        CustomFieldFactory(entity=CustomField.Entity.DEAL, key=key, form=form)
    values = {"area": 12.5, "mortgage": False, "cost": 1500, "on": "2020-12-15"}
    page = login().get(url("detail", DealFactory(stage=track.quote, contact=person, custom=values))).content.decode()
    page = re.sub(r"\s*\n\s*", "", page)
    for text in ("Елена Савина", "+7 (903) 555-18-42", "12,5", ">нет<", "1\u202f500\u202f₽", "15\u00a0дек 2020"):
        assert text in page


@pytest.mark.parametrize(("tab", "text"), [("feed", "Думают"), ("tasks", "Перезвонить"), ("history", "начало")])
def test_tabs_come_alone(login, deal, htmx, tab, text):
    NoteFactory(deal=deal, text="Думают")
    TaskFactory(deal=deal, text="Перезвонить")
    part = login().get(url("detail", deal), {"tab": tab}, headers=htmx("deal-tab")).content.decode()
    assert text in part
    assert 'id="deal-view"' not in part


def test_move_answers_with_what_changed_on_the_board(login, track, deal, htmx):
    body = {"stage": track.payment.pk, "from": track.quote.pk, "board": f"pipeline={track.pipeline.pk}"}
    response = login().post(url("move", deal), body, headers=htmx())
    page = response.content.decode()
    assert Deal.objects.get(pk=deal.pk).stage == track.payment
    for part in (f"head-{track.quote.pk}", f"head-{track.payment.pk}", f"deal-{deal.pk}", "board-total"):
        assert f'id="{part}"' in page
    visit = deal.visits.get(stage=track.payment)
    assert toast(response)["undo"] == {"url": undo_url(visit), "target": f'#deal-view[data-deal="{deal.pk}"]'}
    assert Change.objects.get().actor == response.wsgi_request.user


def test_move_in_the_open_card_answers_with_the_card(login, track, deal, htmx):
    response = login().post(url("move", deal), {"stage": track.payment.pk}, headers=htmx("deal-view"))
    assert 'id="deal-view"' in response.content.decode()
    assert f'id="head-{track.payment.pk}"' not in response.content.decode()


def test_move_without_scripts_leads_back_to_the_deal(login, track, deal):
    response = login().post(url("move", deal), {"stage": track.payment.pk})
    assert response["Location"] == url("detail", deal)


def test_auditor_does_not_move(login, track, deal):
    assert login(Role.AUDITOR).post(url("move", deal), {"stage": track.payment.pk}).status_code == 403
    assert Deal.objects.get(pk=deal.pk).stage == track.quote


def test_stale_move_is_a_conflict(login, track, deal, htmx):
    body = {"stage": track.payment.pk, "from": track.contact.pk}
    response = login().post(url("move", deal), body, headers=htmx())
    assert response.status_code == 409
    assert toast(response) == {"text": "Сделку уже перенесли на этап «Расчёт отправлен»", "kind": "bad"}


def test_stale_move_tells_who_was_faster_and_draws_the_board_as_it_is(login, track, deal, htmx):
    client = login()
    mine = client.post(url("move", deal), {"stage": track.contact.pk, "from": track.quote.pk}, headers=htmx())
    assert mine.status_code == 200
    body = {"stage": track.payment.pk, "from": track.quote.pk, "board": f"pipeline={track.pipeline.pk}"}
    own = client.post(url("move", deal), body, headers=htmx())
    assert toast(own)["text"] == "Вы уже перенесли эту сделку на этап «Первичный контакт»"
    other = login(name="Ольга Белова").post(url("move", deal), body, headers=htmx())
    assert toast(other)["text"] == f"Сделку уже перенесли на этап «Первичный контакт»: {mine.wsgi_request.user}"
    assert json.loads(other["HX-Trigger"])["deal-moved"] == {"id": deal.pk, "stage": track.contact.pk}
    page = other.content.decode()
    for part in (f"head-{track.quote.pk}", f"head-{track.contact.pk}", "board-total"):
        assert f'id="{part}"' in page
    assert f'id="deal-{deal.pk}" data-id="{deal.pk}" data-stage="{track.contact.pk}"' in page


def test_deal_that_went_to_another_pipeline_leaves_the_board(login, track, deal, htmx):
    elsewhere = StageFactory(pipeline=PipelineFactory(name="Ремонт", position=9))
    deal.move_to(elsewhere, now=NOW)
    body = {"stage": track.payment.pk, "from": track.quote.pk, "board": ""}
    response = login().post(url("move", deal), body, headers=htmx())
    assert response.status_code == 409
    assert f'<li id="deal-{deal.pk}" hx-swap-oob="delete">' in response.content.decode()


def test_deal_that_is_somebody_elses_by_now_leaves_the_board(login, track, deal, htmx):
    response = login(Role.MANAGER).post(url("move", deal), {"stage": track.payment.pk}, headers=htmx())
    assert response.status_code == 404
    assert response.content.decode() == f'<li id="deal-{deal.pk}" hx-swap-oob="delete"></li>'
    assert toast(response)["text"] == "Сделку удалили или передали другому"


def test_stale_move_in_the_drawer_shows_the_true_stage_and_keeps_the_note(login, track, deal, htmx):
    body = {"stage": track.payment.pk, "from": track.contact.pk, "board": ""}
    response = login().post(url("move", deal), body, headers=htmx("deal-view"))
    assert response.status_code == 409
    page = response.content.decode()
    assert f"<b>{track.quote}</b>" in page
    assert 'id="composer" hx-preserve' in page
    assert json.loads(response["HX-Trigger"])["deal-moved"] == {"id": deal.pk, "stage": track.quote.pk}


@pytest.mark.parametrize("reason", ["", "0"])
def test_loss_without_a_reason_is_refused(login, track, deal, htmx, reason):
    response = login().post(url("move", deal), {"stage": track.lost.pk, "loss_reason": reason}, headers=htmx())
    assert response.status_code == 422
    assert toast(response)["kind"] == "bad"
    assert Deal.objects.get(pk=deal.pk).stage == track.quote


def test_deal_is_lost_with_a_reason_and_opened_and_both_are_undone(login, track, deal, htmx):
    client = login()
    lost = client.post(url("move", deal), {"stage": track.lost.pk, "loss_reason": track.expensive.pk}, headers=htmx())
    assert Deal.objects.get(pk=deal.pk).loss_reason == track.expensive
    reopened = client.post(url("move", deal), {"stage": track.quote.pk}, headers=htmx())
    assert client.post(toast(reopened)["undo"]["url"], headers=htmx()).status_code == 200
    assert Deal.objects.get(pk=deal.pk).loss_reason == track.expensive
    client.post(toast(lost)["undo"]["url"], headers=htmx())
    assert Deal.objects.values_list("stage", "loss_reason", "closed_at").get(pk=deal.pk) == (track.quote.pk, None, None)


def test_undo_puts_the_card_back_where_it_stood_and_offers_no_undo(login, track, htmx):
    since = timezone.now() - timedelta(days=15, hours=3)
    _first, deal, third = (DealFactory(stage=track.quote, created_at=since + timedelta(hours=n)) for n in range(3))
    client, body = login(), {"board": f"pipeline={track.pipeline.pk}"}
    moved = client.post(url("move", deal), body | {"stage": track.payment.pk}, headers=htmx())
    response = client.post(toast(moved)["undo"]["url"], body, headers=htmx())
    assert toast(response) == {"text": "Перенос отменён", "kind": "ok"}
    told = json.loads(response["HX-Trigger"])["deal-moved"]
    assert told == {"id": deal.pk, "stage": track.quote.pk, "before": third.pk}
    page = response.content.decode()
    assert "15\u00a0дн" in page.partition(f'id="deal-{deal.pk}"')[2]
    for part in (f"head-{track.quote.pk}", f"head-{track.payment.pk}", "board-total"):
        assert f'id="{part}"' in page


def test_undo_redraws_the_open_card_without_the_mistaken_stay(login, track, deal, htmx):
    client = login()
    moved = client.post(url("move", deal), {"stage": track.payment.pk}, headers=htmx("deal-view"))
    page = client.post(toast(moved)["undo"]["url"], headers=htmx("deal-view")).content.decode()
    assert f"<b>{track.quote}</b>" in page
    for tab in ("feed", "history"):
        shown = client.get(url("detail", deal), {"tab": tab}, headers=htmx("deal-tab")).content.decode()
        assert "Оплата" not in shown


def test_undo_of_a_move_that_was_followed_is_a_conflict_and_draws_the_board_as_it_is(login, track, deal, htmx):
    client, body = login(), {"board": f"pipeline={track.pipeline.pk}"}
    moved = client.post(url("move", deal), body | {"stage": track.payment.pk}, headers=htmx())
    Deal.objects.get(pk=deal.pk).move_to(track.contact, now=timezone.now())
    response = client.post(toast(moved)["undo"]["url"], body, headers=htmx())
    assert response.status_code == 409
    text = "Сделку уже перенесли дальше, на этап «Первичный контакт». Отменить прежний перенос нельзя"
    assert toast(response) == {"text": text, "kind": "bad"}
    for part in (f"head-{track.payment.pk}", f"head-{track.contact.pk}"):
        assert f'id="{part}"' in response.content.decode()


def test_undo_of_a_deal_that_is_gone_takes_the_card_away(login, track, deal, htmx):
    client = login()
    moved = client.post(url("move", deal), {"stage": track.payment.pk}, headers=htmx())
    Deal.objects.filter(pk=deal.pk).update(deleted_at=NOW)
    assert client.post(toast(moved)["undo"]["url"], headers=htmx()).status_code == 404


def test_auditor_undoes_no_move(login, track, deal):
    visit = deal.move_to(track.payment, by=UserFactory(), now=timezone.now())
    assert login(Role.AUDITOR).post(undo_url(visit)).status_code == 403
    assert Deal.objects.get(pk=deal.pk).stage == track.payment


def test_move_out_of_amocrms_unsorted_cannot_be_undone(login, track, htmx):
    track.unsorted.amo_id = 7
    track.unsorted.save()
    deal = DealFactory(stage=track.unsorted)
    response = login().post(url("move", deal), {"stage": track.contact.pk}, headers=htmx())
    assert "undo" not in toast(response)


def test_move_to_no_stage_is_refused(login, deal, htmx):
    response = login().post(url("move", deal), {}, headers=htmx())
    assert (response.status_code, toast(response)["text"]) == (422, "Укажите этап")


def test_moves_are_posted(login, deal):
    assert login().get(url("move", deal)).status_code == 405


def test_note_appears_at_once(login, deal, htmx):
    response = login().post(url("note", deal), {"text": "Думают до весны"}, headers=htmx("composer"))
    page = response.content.decode()
    assert Note.objects.get().author == response.wsgi_request.user
    assert 'id="deal-tab" hx-swap-oob="true"' in page
    assert page.count("Думают до весны") == 1  # in the feed, and the field is empty again
    assert toast(response) == {"text": "Примечание добавлено", "kind": "ok"}


def test_note_without_scripts_is_told_on_the_next_page(login, deal):
    page = login().post(url("note", deal), {"text": "Думают до весны"}, follow=True).content.decode()
    assert "Примечание добавлено" in page


def test_empty_note_is_told_in_its_field(login, deal, htmx):
    response = login().post(url("note", deal), {"text": " "}, headers=htmx("composer"))
    assert response.status_code == 422
    assert "Напишите примечание" in response.content.decode()
    assert not Note.objects.exists()


def test_note_as_long_as_may_be_is_kept_whole(login, deal, htmx):
    text = "Строка\r\n" * 1250 + "и".zfill(1250)  # a line ends with one sign, however it was sent
    login().post(url("note", deal), {"text": text}, headers=htmx("composer"))
    assert Note.objects.get().text == text.replace("\r\n", "\n")


def test_note_too_long_is_refused_in_its_field_and_stays_there_whole(login, deal, htmx):
    text = "и" * 10_001
    response = login().post(url("note", deal), {"text": text}, headers=htmx("composer"))
    page = response.content.decode()
    assert response.status_code == 422
    assert "набрано 10\u202f001, можно до 10\u202f000 знаков" in page
    assert text in page
    assert "maxlength" not in page  # the browser would cut what is pasted, and say nothing
    assert not Note.objects.exists()


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.MARKETER])
def test_reader_writes_no_note(login, deal, role):
    assert login(role).post(url("note", deal), {"text": "x"}).status_code == 403


def test_deal_lost_without_a_reason_asks_for_it(login, track):
    page = login().get(url("detail", DealFactory(stage=track.lost))).content.decode()
    assert "Указать причину" in page


@pytest.mark.parametrize("rows", [1, 12])
def test_drawer_asks_as_little_whatever_hangs_on_the_deal(login, track, htmx, django_assert_max_num_queries, rows):
    deal = DealFactory(stage=track.quote)
    for _ in range(rows):
        person = ContactFactory()
        deal.links.create(contact=person)
        ContactPointFactory(contact=person)
        NoteFactory(deal=deal, author=UserFactory(password="!"))
        TaskFactory(deal=deal, is_done=True, completed_at=NOW)
    client = login()
    with django_assert_max_num_queries(15):
        client.get(url("detail", deal), headers=htmx("drawer"))
