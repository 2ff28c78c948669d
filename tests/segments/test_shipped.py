import pytest
from django.utils.translation import override

from segments import gallery
from segments.models import Segment
from segments.shipped import in_words_of_the_reader
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def test_ready_segment_speaks_the_language_of_the_reader():
    gallery.ensure(NOW)
    fading = Segment.objects.get(ready_key="rfm_fading")
    assert (fading.title, fading.about) == ("Засыпающие покупатели", "Покупали часто, но давно")
    with override("en"):
        assert fading.title != fading.name
        assert str(fading).isascii()
        assert fading.about.isascii()


def test_name_that_people_gave_stays(db):
    gallery.ensure(NOW)
    segment = Segment.objects.get(ready_key="rfm_fading")
    segment.rename("Наши сони", "", now=NOW)
    with override("en"):
        assert (segment.title, segment.about) == ("Наши сони", "")


def test_segment_of_people_is_never_translated():
    with override("en"):
        assert Segment(name="VIP за год").title == "VIP за год"


def test_name_of_the_company_inside_is_kept():
    with override("en"):
        assert "Дорого" in in_words_of_the_reader("Отказ «Дорого» 90+")
        assert "Отказ" not in in_words_of_the_reader("Отказ «Дорого» 90+")


def test_name_stored_in_english_is_read_in_russian():
    with override("en"):
        stored = in_words_of_the_reader("Отказ «Дорого» 90+")
    assert in_words_of_the_reader(stored) == "Отказ «Дорого» 90+"


@pytest.mark.parametrize("stored", ["VIP за год", "VIP this year", "VIP over 12 months"])
def test_vip_of_the_last_year_are_not_those_of_this_year(stored):
    assert in_words_of_the_reader(stored) == "VIP за год"
    with override("en"):
        assert in_words_of_the_reader(stored) == "VIP over 12 months"


def test_every_shipped_name_is_known(db):
    gallery.ensure(NOW)
    with override("en"):
        stuck = [one.name for one in Segment.objects.exclude(ready_key=None) if one.title == one.name]
    assert stuck in ([], ["VIP"])


@pytest.mark.parametrize(("language", "words"), [("ru", "от 3 до 14 дней назад"), ("en", "3 to 14 days ago")])
def test_description_tells_its_rule_also_where_the_earlier_one_is_stored(language, words):
    gallery.ensure(NOW)
    segment = Segment.objects.get(ready_key="no_answer_3d")
    earlier = "Сделка перешла на этап раньше чем 3 дня назад, с тех пор разговоров не было"
    with override(language):
        assert words in segment.about
        assert words in in_words_of_the_reader(earlier)
