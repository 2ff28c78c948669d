"""How the kinds of text are compared: a value is made normal once, at parse; the column is made comparable in SQL."""

import re
from typing import Protocol

import phonenumbers
from django.db.models import TextField, Value

from .sql import Digits, Folded, Sql, Trimmed

REGION = "RU"


class TextForm(Protocol):
    def normal(self, text: str) -> str:
        """What to compare with; an empty string when nothing is left of it."""
        ...

    def column(self, expression: Sql) -> Sql: ...

    def literal(self, text: str) -> Sql: ...


class Plain:
    """Trimmed, without case, ё = е."""

    def normal(self, text: str) -> str:
        return text.strip()

    def column(self, expression: Sql) -> Sql:
        return Trimmed(Folded(expression))

    def literal(self, text: str) -> Sql:
        return Folded(Value(text, output_field=TextField()))


class Keyed(Plain):
    """The column is a stored folded key already."""

    def column(self, expression: Sql) -> Sql:
        return Trimmed(expression)


class Email(Plain):
    """Stored in lower case with a punycode domain; a national domain may be typed as it reads."""

    def normal(self, text: str) -> str:
        name, at, domain = text.strip().rpartition("@")
        if at and not domain.isascii():
            domain = _punycode(domain)
        return f"{name}{at}{domain}"


class Phone:
    """By digits; a full number in any spelling is the same number."""

    def normal(self, text: str) -> str:
        return _full_number(text) or re.sub(r"[^0-9]", "", text)

    def column(self, expression: Sql) -> Sql:
        return Digits(expression)

    def literal(self, text: str) -> Sql:
        return Value(text, output_field=TextField())


PLAIN, KEYED, EMAIL, PHONE = Plain(), Keyed(), Email(), Phone()


def _punycode(domain: str) -> str:
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return domain


def _full_number(text: str) -> str:
    try:
        number = phonenumbers.parse(text, REGION)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).lstrip("+")
