"""Secrets in columns: a text field that is kept encrypted under FIELD_KEYS.

The first key encrypts, every listed key decrypts, so keys are changed by putting a new one in front. A key may be any
string: 32 bytes are derived from it.
"""

import base64
from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import BaseExpression


class SecretUnreadable(Exception):
    """No listed key opens this secret: FIELD_KEYS lost the key it was written with."""


def derived(key: str) -> bytes:
    material = HKDF(SHA256(), length=32, salt=None, info=b"crmseg field").derive(key.encode())
    return base64.urlsafe_b64encode(material)


def box(keys: Sequence[str] | None = None) -> MultiFernet:
    return MultiFernet([Fernet(derived(key)) for key in (keys or settings.FIELD_KEYS)])


def encrypted(text: str) -> str:
    return box().encrypt(text.encode()).decode()


def decrypted(token: str) -> str:
    try:
        return box().decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise SecretUnreadable("FIELD_KEYS") from error


class Locked(str):
    """What a column holds that no listed key opens: reads as nothing, and is saved as it was."""

    __slots__ = ("kept",)
    kept: str

    def __new__(cls, kept: str) -> "Locked":
        locked = super().__new__(cls, "")
        locked.kept = kept
        return locked


class EncryptedTextField(models.TextField):
    """Text that only this process can read; it cannot be searched. An empty string stays empty."""

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, Locked):
            return value.kept
        return encrypted(str(value)) if value else value

    def from_db_value(self, value: str | None, _: BaseExpression, __: BaseDatabaseWrapper) -> str | None:
        if not value:
            return value
        try:
            return decrypted(value)
        except SecretUnreadable:
            return Locked(value)
