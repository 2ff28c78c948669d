"""What a person has no value for, as a letter is to see it: false in an `if`, and equal to '', nil and blank.

Liquid's own empty text is true, and its undefined differs from '': whoever writes «Здравствуйте, {{ name }}» asks in
either way whether there is a name, and must not greet nobody. Of a contact or a deal without any value the same holds.
"""

from typing import Any

from liquid import Undefined


class Untrue(str):
    __slots__ = ()


Undefined.register(Untrue)  # what Liquid's `if` looks for


class Nothing(str):
    __slots__ = ()

    def __liquid__(self) -> str:
        return FALSE


FALSE, NOTHING = Untrue(), Nothing()


class Pair(tuple[str, Any]):
    """A field of a group and its value, in a `for`: each by itself may be printed."""

    __slots__ = ()

    def __str__(self) -> str:
        return ""


class Group(dict[str, Any]):
    """The fields of a contact or a deal: it prints nothing, and has nothing to repeat where none has a value."""

    __slots__ = ("fields", "path")

    def __init__(self, fields: dict[str, Any], path: str) -> None:
        super().__init__({} if all(map(is_nothing, fields.values())) else fields)
        self.fields, self.path = fields, path

    def __missing__(self, name: str) -> Any:
        return self.fields[name]

    def __liquid__(self) -> "Group | str":
        return self or FALSE

    def __str__(self) -> str:
        return ""

    def items(self) -> list[Pair]:  # type: ignore[override]
        return [Pair(each) for each in super().items()]


def is_nothing(value: object) -> bool:
    return value is None or isinstance(value, Nothing | Undefined) or (isinstance(value, Group) and not value)


def shown(values: dict[str, Any], path: str = "") -> dict[str, Any]:
    """The same values in groups, with nothing in place of each empty text."""
    found = {key: _shown(value, f"{path}{key}") for key, value in values.items()}
    return Group(found, path.removesuffix(".")) if path else found


def _shown(value: Any, path: str) -> Any:
    if isinstance(value, dict):
        return shown(value, f"{path}.")
    return NOTHING if value == "" else value


def nobody(names: dict[str, Any]) -> dict[str, Any]:
    """A person who has nothing in any of the fields."""
    return shown(emptied(names))


def emptied(names: dict[str, Any]) -> dict[str, Any]:
    return {key: emptied(value) if isinstance(value, dict) else "" for key, value in names.items()}
