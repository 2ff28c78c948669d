"""crmseg.web.reasons: kept as a code, told in the reader's language."""

import json
import re
from datetime import UTC, datetime

import pytest
from django.utils import timezone, translation

from crmseg.web.reasons import Decoder, Encoder, Reason
from integrations.models import Receipt
from integrations.reasons import WORDS
from segments.campaigns import reasons as campaigns

HOLE = re.compile(r"%\((\w+)\)s")


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


@pytest.mark.django_db
def test_reason_within_a_reason_is_read_in_the_language_of_the_reader():
    reason = kept(Reason("provider_away", why=Reason("server_away"), words="111"))
    with translation.override("en"):
        assert str(reason) == "The mail server is not available: 111"


@pytest.mark.django_db
def test_moment_is_told_by_the_clock_and_in_the_language_of_the_reader():
    reason = kept(Reason("missed_start", when=datetime(2026, 11, 21, 22, 30, tzinfo=UTC)))
    with translation.override("ru"), timezone.override("Asia/Vladivostok"):
        assert "22 ноября 2026, 08:30" in str(reason)
    with translation.override("en"), timezone.override("UTC"):
        assert "21 November 2026, 22:30" in str(reason)


def test_reason_reads_back_from_a_json_column():
    reason = Reason("fault_at", part=Reason("part_html"), line=3, fault=Reason("quote_open"))
    assert json.loads(json.dumps(reason, cls=Encoder), cls=Decoder) == reason


@pytest.mark.django_db
def test_words_of_a_server_that_look_like_a_reason_stay_its_words():
    said = '{"code": 401, "message": "no"}'
    assert str(kept(Reason("", detail=said))) == said


def test_rooms_share_no_codes():
    assert not WORDS.keys() & campaigns.WORDS.keys()


def test_every_code_has_words_in_both_languages():
    assert not [code for code in WORDS | campaigns.WORDS if not is_translated(code)]


def is_translated(code):
    said = set()
    for language in ("ru", "en"):
        with translation.override(language):
            words = str((WORDS | campaigns.WORDS)[code])
            said.add(Reason(code, **dict.fromkeys(HOLE.findall(words), "7")).text)
    return len(said) == 2 or not re.search("[а-я]", words)
