"""Translations: `.po` files are kept, `.mo` files are made when older, and CI asks whether any word is missing.

The source language is Russian, so the Russian `.po` needs only the plural forms; English needs everything. The Russian
`.mo` holds every word all the same: what it lacked, Django would take from the language of the installation.
"""

import io
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from crmseg import words

if TYPE_CHECKING:  # Babel is imported by those who have something to compile or to check: every start looks here
    from babel.messages.catalog import Catalog, Message

ROOT = Path(__file__).resolve().parents[2]
CODE = ("crmseg", "segments", "pipelines", "integrations")
LANGUAGES = ("ru", "en")
SOURCE_LANGUAGE = "ru"
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}


def catalogues() -> list[Path]:
    return sorted((ROOT / "locale").glob("*/LC_MESSAGES/django.po"))


def compile_stale() -> int:
    """How many catalogues were compiled. Each `.mo` appears whole: another process may be reading it."""
    stale = [path for path in catalogues() if not is_fresh(path)]
    if not stale:
        return 0
    from babel.messages.mofile import write_mo

    for path in stale:
        catalogue, *others = map(_read, _made_of(path))
        for message in chain.from_iterable(others):
            _say_itself(message, catalogue)
        draft = path.with_suffix(".mo.new")
        with draft.open("wb") as target:
            write_mo(target, catalogue)
        draft.replace(path.with_suffix(".mo"))
    return len(stale)


def _read(path: Path) -> "Catalog":
    from babel.messages.pofile import read_po

    with path.open("rb") as source:
        return read_po(source, locale=_language(path))


def _say_itself(message: "Message", catalogue: "Catalog") -> None:
    if message.id and not message.pluralizable:
        known = catalogue.get(message.id, message.context) or catalogue.add(message.id, context=message.context)
        known.string = known.string or message.id


def _made_of(path: Path) -> list[Path]:
    """Itself first."""
    return [path, *(each for each in catalogues() if each != path and _language(path) == SOURCE_LANGUAGE)]


def _language(path: Path) -> str:
    return path.parent.parent.name


def compile_for_the_screen() -> None:
    """Before the first word of a command: Russian needs no catalogue. Where it cannot be written, Russian it stays."""
    if words.language() != SOURCE_LANGUAGE:
        with suppress(OSError):
            compile_stale()


def are_compiled() -> bool:
    return all(path.with_suffix(".mo").exists() for path in catalogues())


def is_fresh(path: Path) -> bool:
    compiled = path.with_suffix(".mo")
    return compiled.exists() and all(compiled.stat().st_mtime >= each.stat().st_mtime for each in _made_of(path))


# What is missing


def problems() -> list[str]:
    from babel.messages.pofile import PoFileError, read_po

    used = dict(used_messages())
    found: list[str] = []
    for language in LANGUAGES:
        path = ROOT / "locale" / language / "LC_MESSAGES" / "django.po"
        if not path.exists():
            found.append(f"{language}: нет каталога {path.relative_to(ROOT)}")
            continue
        try:
            with path.open("rb") as source:
                catalogue = read_po(source, locale=language, abort_invalid=True)
        except PoFileError as error:
            found.append(f"{language}: каталог испорчен, строка {error.lineno + 1}: {error}")
            continue
        found += [f"{language}: {line}" for line in catalogue_problems(catalogue, language, used)]
    return found


def catalogue_problems(catalogue: "Catalog", language: str, used: dict[tuple[object, str | None], str]) -> list[str]:
    found = []
    for (ident, context), where in used.items():
        plural = isinstance(ident, tuple)
        if language == SOURCE_LANGUAGE and not plural:
            continue
        message = catalogue.get(ident[0] if isinstance(ident, tuple) else str(ident), context)
        if message is None:
            found.append(f"нет строки «{shown(ident)}» ({where})")
        elif plural and not isinstance(message.id, tuple | list):
            found.append(f"нет форм числа у «{shown(ident)}» ({where})")
    for message in filter(lambda one: one.id, catalogue):
        key = tuple(message.id) if message.pluralizable else message.id
        if (key, message.context) not in used:
            found.append(f"лишняя строка «{shown(message.id)}»")
        found += message_problems(message, catalogue, language)
    return found


def message_problems(message: "Message", catalogue: "Catalog", language: str) -> Iterator[str]:
    if message.fuzzy:
        yield f"не проверен перевод «{shown(message.id)}»"
    forms = message.string if isinstance(message.string, tuple | list) else [message.string]
    if not all(forms) and (language != SOURCE_LANGUAGE or message.pluralizable):
        yield f"нет перевода «{shown(message.id)}»"
    elif message.pluralizable and len(forms) != catalogue.num_plurals:
        yield f"форм числа {len(forms)} вместо {catalogue.num_plurals} у «{shown(message.id)}»"
    if any(forms):
        yield from (f"{error} в «{shown(message.id)}»" for error in message.check(catalogue))


def shown(ident: object) -> str:
    text = ident[0] if isinstance(ident, tuple | list) else str(ident)
    return text if len(text) <= 60 else f"{text[:60]}…"


# What the code says


def used_messages() -> Iterator[tuple[tuple[object, str | None], str]]:
    from babel.messages.extract import extract

    for path in sources():
        text = path.read_text(encoding="utf-8")
        code = text if path.suffix == ".py" else as_python(text, str(path))
        for line, ident, _comments, context in extract("python", io.BytesIO(code.encode()), keywords=KEYWORDS):
            key = tuple(ident) if isinstance(ident, tuple | list) else ident
            if key and key != ("", ""):
                yield (key, context), f"{path.relative_to(ROOT)}:{line}"


def as_python(template: str, origin: str) -> str:
    """Django's rewriting for xgettext; the template's indentation means nothing in Python."""
    from django.utils.translation.template import templatize

    return "\n".join(line.strip() for line in templatize(template, origin=origin).split("\n"))


def sources() -> Iterator[Path]:
    for package in CODE:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path
    for kind in ("*.html", "*.txt"):
        yield from sorted((ROOT / "templates").rglob(kind))
