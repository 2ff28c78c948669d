"""pipelines.deal_card: one deal as its card shows it."""

import pytest

from pipelines import custom, deal_card
from pipelines.models import CustomField
from tests.factories import NOW, CustomFieldFactory, DealFactory


def test_lost_deal_shows_the_stages_it_passed_and_where_it_was_lost(track):
    deal = DealFactory(stage=track.contact)
    deal.move_to(track.quote, now=NOW)
    deal.lose(track.expensive, now=NOW)
    card = deal_card.of(deal, NOW)
    assert [step.stage for step in card.steps if step.is_reached] == [track.unsorted, track.contact, track.quote]
    assert [step.stage for step in card.steps if step.is_lost] == [track.quote]
    assert card.lost_at == track.quote


def test_lost_deal_without_history_does_not_guess(track):
    card = deal_card.of(DealFactory(stage=track.lost), NOW)
    assert card.lost_at is None
    assert not any(step.is_reached for step in card.steps)


def test_won_deal_has_passed_everything(track):
    card = deal_card.of(DealFactory(stage=track.won), NOW)
    assert all(step.is_reached for step in card.steps)


@pytest.mark.parametrize(
    ("built_in", "own", "told"),
    [("Сайт", "Сайт", "Сайт"), ("Звонок", "Авито", "Звонок, Авито"), ("", "Авито", "Авито")],
)
def test_source_stands_once(track, built_in, own, told):
    CustomFieldFactory(entity=CustomField.Entity.DEAL, key="istochnik", name="Источник")
    card = deal_card.of(DealFactory(stage=track.quote, source=built_in, custom={"istochnik": own}), NOW)
    assert (card.source, list(card.fields)) == (told, [])


LEGAL_ENTITY = {
    "name": "ООО «Мастер»",
    "vat_id": "7701234567",
    "address": "Казань, ул. Лесная, д. 5",
    "entity_type": 2,
    "tax_registration_reason_code": 770101001,
}


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ([{"value": {"file_name": "Д-0001.pdf", "file_size": 480112, "file_uuid": "39a0"}}], "Д-0001.pdf"),
        ([{"catalog_id": 5501, "catalog_element_id": 9}, {"catalog_id": 5501, "catalog_element_id": 12}], "№ 9, № 12"),
        ([{"value": "как есть"}], "как есть"),
        (LEGAL_ENTITY, "ООО «Мастер», ИНН 7701234567, КПП 770101001, Казань, ул. Лесная, д. 5"),
        ({"name": "ИП Котов И. И.", "vat_id": None, "entity_type": 1}, "ИП Котов И. И."),
    ],
)
def test_file_and_list_show_what_a_person_can_read(raw, words):
    assert " ".join(custom.value_of(CustomField.Form.OTHER, raw).split()) == words
