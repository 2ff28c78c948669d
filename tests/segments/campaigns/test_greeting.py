import pytest

from segments.campaigns import personal
from segments.campaigns.greeting import first_name
from tests.factories import ContactFactory


@pytest.mark.parametrize(
    ("name", "greeted"),
    [
        ("Анна", "Анна"),
        ("анна", "Анна"),
        ("СЕМЁН", "Семён"),
        ("Анна Петрова", "Анна"),
        ("Петрова Анна", "Анна"),
        ("Шевченко Роман", "Роман"),
        ("Петрова Анна Сергеевна", "Анна"),
        ("Анна Сергеевна Петрова", "Анна"),
        ("Анна Сергеевна", "Анна"),
        ("Гаджиев Абдурахман Магомедович", "Абдурахман"),
        ("Анна Ильинична Рабинович", "Анна"),
        ("Рабинович Анна", "Анна"),
        ("Роман Абрамович", "Роман"),
        ("Соколова Анна-Мария Сергеевна", "Анна-Мария"),
        ("ИП Петрова Анна Сергеевна", "Анна"),
    ],
)
def test_first_name_is_found_in_the_whole_one(name, greeted):
    assert first_name(name) == greeted


@pytest.mark.parametrize(
    "name",
    [
        "", "+7 903 555-18-42", "anna@mail.example", "Клиент", "Петрова", "Петрова А. С.", "Петрова Сергеевна",
        "ООО «Анна»", "ООО Анна", "Салон Анна", "Магазин Марина", "Мастерская Анна", "Виктория Плюс",
        "Кафе Анна Павловна", "Белая Роза", "Русская Вера", "Анна и Сергей", "Анна Авито",
        "Роман Павел", "Мария Ра", "Новая Вера Инвест", "Управляющая компания Надежда",
    ],
)  # fmt: skip
def test_doubtful_name_greets_nobody(name):
    assert first_name(name) == ""


def test_letter_greets_by_the_first_name_of_amocrm_or_by_the_whole_one(db):
    own = ContactFactory(name="Петрова Анна", first_name="Анюта")
    whole = ContactFactory(name="Петрова Анна Сергеевна", first_name="")
    nobody = ContactFactory(name="ООО «Анна»", first_name="")
    values = personal.people([own.pk, whole.pk, nobody.pk])
    greeted = [values[one.pk]["contact"]["first_name"] for one in (own, whole, nobody)]
    assert greeted == ["Анюта", "Анна", ""]
