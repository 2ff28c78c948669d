"""crmseg.accounts.secrets: any string is a key, the first encrypts, each opens."""

import pytest

from crmseg.accounts.secrets import SecretUnreadable, decrypted, encrypted


def test_keys_are_changed_by_putting_a_new_one_in_front(settings):
    settings.FIELD_KEYS = ["old"]
    token = encrypted("тайна")
    settings.FIELD_KEYS = ["новый ключ", "old"]
    assert decrypted(token) == "тайна"
    settings.FIELD_KEYS = ["новый ключ"]
    with pytest.raises(SecretUnreadable):
        decrypted(token)


def test_same_text_never_looks_the_same():
    assert encrypted("тайна") != encrypted("тайна")
