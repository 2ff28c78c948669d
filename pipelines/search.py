"""What a person types into a search box → a condition on people or deals: name (ё = е), e-mail, digits of a phone,
number of a deal.

The rows that fit are looked up first, by the indexes of grams, and the condition lists their ids: however often a page
asks, and in whatever order, the planner knows how many there are. Where so many fit that the page will meet them soon,
or people are looked for by what is too short for the index, the condition looks at the rows themselves.
"""

import re
from collections.abc import Sequence
from functools import reduce
from operator import or_

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, BooleanField, Func, Q, QuerySet, Value
from django.db.models.functions import Cast

from .models import Company, Contact, ContactPoint, Deal, DealContact
from .models.grams import GRAM
from .models.mirrored import fold

MIN_DIGITS = 3
MANY = 10_000  # ids
SIGNS = str.maketrans(dict.fromkeys("«»‹›„‚“”‟\"‘’'`,;()", " "))
OWNERS = {"contact": Contact.objects, "company": Company.objects}


def people(typed: str, owner: str = "contact") -> Q:
    """Contacts (or companies, ``owner="company"``) that the typed words fit; nothing typed fits everyone.

    Every word must be in the name, or in that of a contact's company; a phone may be typed in any writing, whole or in
    part.
    """
    words = words_of(typed)
    if not words:
        return Q()
    mailed, called = (rows.values_list(owner, flat=True) for rows in _addresses(typed, owner))
    if max(map(len, words)) >= GRAM:
        named = OWNERS[owner].filter(_all("name_key__holds", words)).values_list("pk", flat=True)
        if (ids := _ids(named, *_employed("holds", words, owner), mailed, called)) is not None:
            return _among(ids)
    found = (*_employed("contains", words, owner), mailed, called)
    return reduce(or_, (Q(pk__in=rows) for rows in found), _all("name_key__contains", words))


def _employed(lookup: str, words: Sequence[str], owner: str) -> list[QuerySet]:
    """Who works where, if it is contacts that are looked for."""
    if owner != "contact":
        return []
    employers = Company.objects.filter(_all(f"name_key__{lookup}", words))
    return [Contact.objects.filter(company__in=employers).values_list("pk", flat=True)]


def deals(typed: str) -> Q:
    """By the name, that of a contact or of the company of either (every word must be in it), by the number, or by a
    phone in any writing (three digits or more). What is short is looked up first too: the board asks many times.
    """
    words = words_of(typed)
    if not words:
        return Q()
    links = DealContact.objects.order_by().values_list("deal", flat=True)
    called = links.filter(contact__in=_phones(local_digits(typed)).values("contact"))
    named = Deal.objects.filter(_all("name_key__holds", words)).values_list("pk", flat=True)
    if (ids := _ids(named, *_with("holds", words), called)) is not None:
        return _among([*ids, *_numbers(typed)])
    others = (*_with("contains", words), called, _numbers(typed))
    return reduce(or_, (Q(pk__in=rows) for rows in others), _all("name_key__contains", words))


def _with(lookup: str, words: Sequence[str]) -> list[QuerySet]:
    """Deals of whom the words name: a contact, a company, a contact of a company."""
    links = DealContact.objects.order_by().values_list("deal", flat=True)
    companies = Company.objects.filter(_all(f"name_key__{lookup}", words))
    return [
        links.filter(_all(f"contact__name_key__{lookup}", words)),
        Deal.objects.filter(company__in=companies).values_list("pk", flat=True),
        links.filter(contact__company__in=companies),
    ]


def _numbers(typed: str) -> list[int]:
    """Which deal is meant, as its card writes it (№ 1 597) or shorter."""
    number = re.fullmatch(r"[№#]?((?:\s*\d){1,18})\s*", typed)
    return [int(re.sub(r"\s", "", number[1]))] if number else []


def words_of(typed: str) -> list[str]:
    """ООО "Уют" is a way to write ООО «Уют 5»: every word is looked for by itself, and signs only part them."""
    key = fold(typed)
    return key.translate(SIGNS).split() or key.split()


def _all(lookup: str, words: Sequence[str]) -> Q:
    return Q(*((lookup, word) for word in words))


def _ids(*found: QuerySet) -> list[int] | None:
    """What the queries found together; None if that is too much to list."""
    ids: set[int] = set()
    for rows in found:
        ids.update(rows[: MANY + 1])
        if len(ids) > MANY:
            return None
    return sorted(ids)


def _among(ids: Sequence[int]) -> Q:
    listed = Cast(Value(f"{{{','.join(map(str, ids))}}}"), ArrayField(BigIntegerField()))
    return Q(Among("pk", listed))


class Among(Func):
    """``= ANY`` of an array: with a thousand ids far less work than ``IN``, for Django and for PostgreSQL."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field = BooleanField()


def _addresses(typed: str, owner: str) -> tuple[QuerySet[ContactPoint], QuerySet[ContactPoint]]:
    """E-mail addresses and phones: apart, so that each is one look into the index."""
    emails = ContactPoint.objects.filter(kind=ContactPoint.Kind.EMAIL, value__holds=typed.strip().lower())
    return _of(owner, emails), _phones(local_digits(typed), owner)


def _phones(digits: str, owner: str = "contact") -> QuerySet[ContactPoint]:
    if len(digits) < MIN_DIGITS:
        return ContactPoint.objects.none()
    return _of(owner, ContactPoint.objects.filter(kind=ContactPoint.Kind.PHONE, value__holds=digits))


def _of(owner: str, points: QuerySet[ContactPoint]) -> QuerySet[ContactPoint]:
    return points.filter(**{f"{owner}__isnull": False}).order_by()


def local_digits(typed: str) -> str:
    """The digits of a phone as typed, without the 8 or 7 that a Russian number begins with; "" if it is no phone.

    An 8 goes as soon as a code begins after it: the number is kept with +7, and is looked for while it is being typed.
    """
    if re.search(r"[^\d\s()+\-.]", typed):
        return ""
    digits = re.sub(r"\D", "", typed)
    if re.match(r"8[3489]\d{2,9}$|[78]\d{10}$", digits):
        digits = digits[1:]
    return digits if len(digits) >= MIN_DIGITS else ""
