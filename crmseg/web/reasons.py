"""Why something did not go: kept as a code with its values, told in the language of whoever reads it.

What flows in: a ``Reason`` given by a worker to a ``ReasonField``, or to a JSON column with our ``Encoder`` and
``Decoder``. What flows out: the same ``Reason``, whose text is made when it is shown; a value may be a moment, or a
reason itself. What another system said itself is its ``detail``, kept word for word. Rooms register the words of their
codes from ``AppConfig.ready()``; a text without a code (kept before there were codes) is told as it is.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

MARK = '{"code": '
_words: dict[str, "str | Promise"] = {}


def register(words: "Mapping[str, str | Promise]") -> None:
    _words.update(words)


class Reason:
    __slots__ = ("code", "detail", "values")

    def __init__(self, code: str, *, detail: str = "", **values: "str | int | datetime | Reason") -> None:
        self.code = code
        self.detail = detail
        self.values = values

    @classmethod
    def of(cls, given: "Reason | str | None") -> "Reason":
        """What a column holds, or what somebody said."""
        if isinstance(given, Reason):
            return given
        text = given or ""
        if text.startswith(MARK):
            kept: Reason = json.loads(text, cls=Decoder)
            return kept
        return cls("", detail=text)

    @property
    def text(self) -> str:
        """Our own words for it."""
        words = _words.get(self.code)
        if not words:
            return self.code or self.detail
        return str(words) % {name: _told(value) for name, value in self.values.items()}

    def __str__(self) -> str:
        if not self.detail or self.text == self.detail:
            return self.text
        return _("%(why)s. Ответ сервера: %(said)s") % {"why": self.text, "said": self.detail}

    @property
    def clause(self) -> str:
        """To stand after a colon: our own words begin small there, what others said stays as they said it."""
        told = str(self)
        is_ours = self.code in _words and not told[1:2].isupper()
        return told[:1].lower() + told[1:] if is_ours else told

    def __repr__(self) -> str:
        return f"Reason({self.packed()!r})"

    def __bool__(self) -> bool:
        return bool(self.code or self.detail)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reason | str) and self.packed() == Reason.of(other).packed()

    def __hash__(self) -> int:
        return hash(self.packed())

    def packed(self, most: int | None = None) -> str:
        """For a column: when it does not fit, the detail is cut."""
        if not self.code and not self.detail.startswith(MARK):
            return self.detail[:most]
        detail = self.detail
        while True:
            text = json.dumps(Reason(self.code, detail=detail, **self.values), cls=Encoder, ensure_ascii=False)
            if most is None or len(text) <= most or not detail:
                return text
            detail = detail[: min(len(detail) - 1, len(detail) * most // len(text))]


class Explained(Exception):
    """An error with a reason that is fit for a screen and for a column."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class Encoder(json.JSONEncoder):
    def default(self, o: Any) -> Any:
        if isinstance(o, Reason):
            return {"code": o.code, **o.values, "detail": o.detail}
        return {"at": o.isoformat()} if isinstance(o, datetime) else super().default(o)


class Decoder(json.JSONDecoder):
    def __init__(self, **options: Any) -> None:
        super().__init__(object_hook=_read, **options)


def _read(kept: dict[str, Any]) -> Reason | datetime:
    return Reason(**kept) if "code" in kept else datetime.fromisoformat(kept["at"])


def _told(value: "str | int | datetime | Reason") -> str:
    return date_format(localtime(value), "j E Y, H:i") if isinstance(value, datetime) else str(value)


if TYPE_CHECKING:
    _Base = models.CharField["Reason | str", Reason]
else:
    _Base = models.CharField


class ReasonField(_Base):
    """A column of characters to the database and to migrations; a ``Reason`` to everybody else."""

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs

    def from_db_value(self, value: str | None, *_: Any) -> Reason:
        return Reason.of(value)

    def to_python(self, value: Any) -> Any:
        return Reason.of(value)

    def get_prep_value(self, value: Any) -> Any:
        return value if hasattr(value, "resolve_expression") else Reason.of(value).packed(self.max_length)

    def value_to_string(self, obj: models.Model) -> str:
        return str(self.get_prep_value(self.value_from_object(obj)))
