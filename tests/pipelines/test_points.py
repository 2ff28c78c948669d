"""pipelines.points: addresses as people type them."""

import pytest

from pipelines.points import normal_email, normal_phone

PHONES = [
    ("+7 999 000-11-22", [("+79990001122", True)]),
    ("8999 0001122", [("+79990001122", True)]),
    ("79990001122", [("+79990001122", True)]),
    ("9031234567", [("+79031234567", True)]),
    ("8 (912) 000-11-22, доб. 12", [("+79120001122", True)]),
    ("8 495 123-45-67", [("+74951234567", True)]),
    ("+7 999 000-11-22, 8-903-555-18-42", [("+79990001122", True), ("+79035551842", True)]),
    ("8 (495) 9250000 / 8 916 1234567", [("+74959250000", True), ("+79161234567", True)]),
    ("+375 29 123-45-67", [("+375291234567", True)]),
    ("375291234567", [("+375291234567", True)]),
    ("+49 151 23456789", [("+4915123456789", True)]),
    ("7,9991234567E+10", [("+79991234567", True)]),
    ("7,9E+10", [("79000000000", False)]),
    ("12", [("12", False)]),
    ("нет телефона", []),
    ("", []),
]
EMAILS = [
    (" Ivan@Mail.RU ", "ivan@mail.ru", True),
    ("почта@пример.рф", "почта@xn--e1afmkfd.xn--p1ai", True),
    ("<a.b@c-d.example>", "a.b@c-d.example", True),
    ("ivan..x@mail.ru", "ivan..x@mail.ru", False),
    ("a@b", "a@b", False),
    ("нет", "нет", False),
    (f"{'x' * 70}@mail.ru", f"{'x' * 70}@mail.ru", False),
]


@pytest.mark.parametrize(("typed", "expected"), PHONES)
def test_phone(typed, expected):
    assert [(phone.value, phone.is_valid) for phone in normal_phone(typed)] == expected


@pytest.mark.parametrize(("typed", "value", "is_valid"), EMAILS)
def test_email(typed, value, is_valid):
    assert (normal_email(typed).value, normal_email(typed).is_valid) == (value, is_valid)
