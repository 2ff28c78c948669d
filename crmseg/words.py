"""The words of the installation for those who speak before Django is set up, or where it cannot be.

Flows in: LANGUAGE_CODE and the compiled catalogue. Flows out: a Russian text as it stands, or its English twin; without
a compiled catalogue the Russian one. Once Django is there its own ``gettext`` says the same, per reader.
"""

import os
from functools import lru_cache
from gettext import NullTranslations, translation
from pathlib import Path

LOCALE = Path(__file__).resolve().parents[1] / "locale"


def gettext(text: str) -> str:
    return _catalogue(language()).gettext(text)


def language() -> str:
    return os.environ.get("LANGUAGE_CODE", "").strip() or "ru"


@lru_cache(maxsize=1)
def _catalogue(language: str) -> NullTranslations:
    return translation("django", LOCALE, [language], fallback=True)
