"""Addresses as people type them → the one form we compare and write to.

A cell may hold two numbers, an extension, brackets, 8 for +7. Nothing is thrown away: what cannot be understood stays
as typed and is marked not valid.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from email_validator import EmailNotValidError, validate_email

HOME = "RU"
_SEPARATORS = re.compile(r"[,;/|\n]|\s+(?:и|или|and|or)\s+", re.IGNORECASE)
_EXTENSION = re.compile(
    r"\s*[,;]?\s*\(?\s*(?:доб(?:авочный)?|вн(?:утр)?|ext|x|#)\.?\s*:?\s*\d{1,6}\)?\s*$", re.IGNORECASE
)
_JUNK = re.compile(r"[^\d+]")
_HOME_NUMBER = re.compile(r"(?:\+?7|8)([3489]\d{9})")
_SCIENTIFIC = re.compile(r"\d[.,]\d+[eE]\+?\d{1,2}")
_PLAIN_EMAIL = re.compile(
    r"[a-z0-9_%+-]+(?:\.[a-z0-9_%+-]+)*@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]+)*\.[a-z]{2,24}"
)


@dataclass(frozen=True, slots=True)
class Phone:
    value: str
    is_valid: bool


@dataclass(frozen=True, slots=True)
class Email:
    value: str
    is_valid: bool


@lru_cache(maxsize=4096)
def normal_phone(raw: str) -> list[Phone]:
    """The numbers in a text, in E.164: one, or two when it holds two; [] when it holds no digit.

    Callers share the list: do not change it.
    """
    text = raw.strip()
    if not any(char.isdigit() for char in text):
        return []
    if _SCIENTIFIC.fullmatch(text):  # a spreadsheet's doing; short of digits it is no number any more
        whole_number = str(int(float(text.replace(",", "."))))
        is_cut = len(_digits(text.partition("E")[0].partition("e")[0])) < 11
        return [Phone(whole_number, False)] if is_cut else [_one(whole_number)]
    text = _EXTENSION.sub("", text)
    whole = _one(text)
    if whole.is_valid:
        return [whole]
    parts = [_one(part) for part in _SEPARATORS.split(text) if _digits(part)]
    found = list(dict.fromkeys(part for part in parts if part.is_valid))
    return found[:2] or [whole]


@lru_cache(maxsize=4096)
def normal_email(raw: str) -> Email:
    """Lower case, punycode domain; what is no address is kept as typed."""
    text = raw.strip().removeprefix("mailto:").strip("<> \t.,;").lower()
    if len(text) <= 254 and _PLAIN_EMAIL.fullmatch(text):
        return Email(text, len(text.partition("@")[0]) <= 64)
    try:
        checked = validate_email(text, check_deliverability=False, allow_smtputf8=True, test_environment=True)
    except EmailNotValidError:
        return Email(text[:320], False)
    return Email(f"{checked.local_part}@{checked.ascii_domain}".lower(), True)


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


def _one(text: str) -> Phone:
    # The common case without the library: a Russian number written any way is 8 or 7 and ten digits.
    squeezed = _JUNK.sub("", text)
    home = _HOME_NUMBER.fullmatch(squeezed)
    if home and home[1][0] == "9":
        return Phone(f"+7{home[1]}", True)
    try:
        number = phonenumbers.parse(f"+7{home[1]}" if home else _with_plus(squeezed), HOME)
    except phonenumbers.NumberParseException:
        return Phone(squeezed[:320], False)
    if not phonenumbers.is_valid_number(number):
        return Phone(squeezed[:320], False)
    return Phone(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), True)


def _with_plus(digits: str) -> str:
    """A long number without a plus that is no Russian one is an international one."""
    return f"+{digits}" if len(digits) > 10 and digits[0] not in "+8" else digits
