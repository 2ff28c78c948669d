"""What a person types into a search box → a condition on people: name (ё = е), e-mail, digits of a phone."""

import re

from django.db.models import Exists, OuterRef, Q

from .models import ContactPoint
from .models.mirrored import fold

MIN_DIGITS = 3


def people(typed: str, owner: str = "contact") -> Q:
    """Contacts (or companies, ``owner="company"``) that the typed words fit; nothing typed fits everyone.

    Every word must be in the name; a phone may be typed in any writing, whole or in part.
    """
    words = fold(typed).split()
    if not words:
        return Q()
    by_name = Q()
    for word in words:
        by_name &= Q(name_key__contains=word)
    return by_name | Q(Exists(ContactPoint.objects.filter(_points(typed), **{owner: OuterRef("pk")})))


def _points(typed: str) -> Q:
    fits = Q(kind=ContactPoint.Kind.EMAIL, value__contains=typed.strip().lower())
    digits = local_digits(typed)
    return fits | Q(kind=ContactPoint.Kind.PHONE, value__contains=digits) if digits else fits


def local_digits(typed: str) -> str:
    """The digits of a phone as typed, without the 8 or 7 a full Russian number begins with; "" if it is no phone."""
    if re.search(r"[^\d\s()+\-.]", typed):
        return ""
    digits = re.sub(r"\D", "", typed)
    if len(digits) == 11 and digits[0] in "78":
        digits = digits[1:]
    return digits if len(digits) >= MIN_DIGITS else ""
