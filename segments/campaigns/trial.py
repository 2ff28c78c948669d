"""The letter written for some of those who would get it: for whom it cannot be written is told before it is sent.

What flows in: the sources of a letter without a known fault, and the people. What flows out: each reason why it was not
written, and for how many of those it was tried on.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from . import personal
from .models import Message
from .rendering import TemplateFailed, render

MOST = 100  # letters: a page waits for them


@dataclass(frozen=True)
class Failing:
    reason: str
    count: int
    tried: int


def link() -> str:
    """As the link to unsubscribe of a letter that is not sent yet looks."""
    return Message(token="0" * 12).unsubscribe_url


def failing(template: dict[str, str], people: Sequence[int]) -> list[Failing]:
    """The most frequent first; tried on all, or on as many as ``MOST`` spread evenly over them."""
    tried = min(len(people), MOST)
    chosen = [people[place * len(people) // tried] for place in range(tried)]
    found: Counter[str] = Counter()
    for values in personal.people(chosen).values():
        try:
            render(template, values, link())
        except TemplateFailed as error:
            found[str(error)] += 1
    return [Failing(reason, count, len(chosen)) for reason, count in found.most_common()]
