"""What a person has no value for, as a letter is to see it: false in an `if`, and equal to ''.

Liquid's own empty text is true, and its undefined differs from '': whoever writes «Здравствуйте, {{ name }}» asks in
either way whether there is a name, and must not greet nobody.
"""

from typing import Any

from liquid import Undefined


class _False(str):
    __slots__ = ()


Undefined.register(_False)  # what Liquid's `if` looks for


class Nothing(str):
    __slots__ = ()

    def __liquid__(self) -> str:
        return FALSE


FALSE, NOTHING = _False(), Nothing()


def shown(values: dict[str, Any]) -> dict[str, Any]:
    """The same values, with nothing in place of each empty text."""
    return {
        key: shown(value) if isinstance(value, dict) else NOTHING if value == "" else value
        for key, value in values.items()
    }


def nobody(names: dict[str, Any]) -> dict[str, Any]:
    """A person who has nothing in any of the fields."""
    return {key: nobody(value) if isinstance(value, dict) else NOTHING for key, value in names.items()}
