"""crmseg.web.reasons: kept as a code, told in the reader's language."""

import pytest
from django.utils import translation

from crmseg.web.reasons import Reason
from integrations.models import Receipt
from integrations.reasons import WORDS


def kept(reason: Reason | str) -> Reason:
    return Receipt.objects.get(pk=Receipt.objects.create(source="x", body=b"", error=reason).pk).error


@pytest.mark.django_db
def test_reason_written_in_one_language_is_read_in_another():
    with translation.override("ru"):
        reason = kept(Reason("no_connection", host="a.amocrm.ru", detail="Oops"))
        assert str(reason) == "Нет соединения с a.amocrm.ru. Ответ сервера: Oops"
    with translation.override("en"):
        assert str(reason) == "Can't connect to a.amocrm.ru. The server said: Oops"


@pytest.mark.django_db
def test_long_words_of_a_server_are_cut_and_the_code_stays():
    reason = kept(Reason("no_right", detail='"\n' * 5000))
    assert reason.code == "no_right"
    assert reason.detail.startswith('"\n"')


@pytest.mark.django_db
def test_text_kept_before_there_were_codes_is_told_as_it_is():
    assert str(kept("Нет прав")) == "Нет прав"
    assert not kept("")


@pytest.mark.django_db
def test_conditional_update_and_filter_know_reasons():
    receipt = Receipt.objects.create(source="x", body=b"")
    Receipt.objects.filter(error="").update(error=Reason("no_right"))
    assert Receipt.objects.get(error=Reason("no_right")) == receipt


@pytest.mark.parametrize("code", WORDS)
def test_every_code_has_words_in_both_languages(code):
    values = {"host": "h", "kind": "k", "size": 1, "status": 500, "missing": 1, "known": 2, "id": "7"}
    said = set()
    for language in ("ru", "en"):
        with translation.override(language):
            said.add(Reason(code, **values).text)
    assert len(said) == 2
