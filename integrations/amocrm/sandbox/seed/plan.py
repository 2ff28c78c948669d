"""Who buys what and when, before any row exists.

About 9 % of deals are won, 30 % lost, and of the open ones 60 % hang in the stage after the offer. Every stage has a
pace: most open deals keep it or are a bit late, and a few were forgotten there for weeks. Some people come back:
monthly, now and then, or once for a very large house, so that every kind of client is there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from random import Random

from integrations.amocrm.sandbox.rows import LOST, WON
from integrations.amocrm.sandbox.seed.dictionaries import Book

DAY = 86400
OPEN_STAGES = (0, 1, 2, 3)
OPEN_WEIGHTS = (14, 18, 60, 8)
PACE = (2, 3, 14, 7)  # days a deal should take in each of them; twice that is long
FORGOTTEN = (0.15, 0.15, 0.17, 0.12)  # the share that waits longer still,
OLDEST = (25, 60, 200, 40)  # up to so many days
SERVICE_PACE, SERVICE_OLDEST = 7, 30
LOST_WEIGHTS = (15, 30, 48, 7)
ASLEEP = 340  # days since which a third of those who came back now and then did not
RETURNS = 40  # one open deal of so many was taken a stage too far, and back


@dataclass(slots=True)
class Intent:
    """One deal to be: whose, of what size, and how it ends."""

    person: int
    size: str = "house"  # house, mansion, small, service
    end: str = "open"  # open, won, lost, junk
    closed_days_ago: int = 0
    steps: list[tuple[int, int, int]] = field(default_factory=list)  # (time, pipeline, status)

    @property
    def created_at(self) -> int:
        return self.steps[0][0]


def intents(rng: Random, contacts: int, deals: int) -> list[Intent]:
    order = list(range(contacts))
    rng.shuffle(order)
    idle = contacts * 8 // 100  # these never have a deal
    buyers = order[: contacts - idle]
    people = cycle(buyers)
    won = list(_won(rng, people, round(deals * 0.09)))
    lost = list(_lost(rng, people, round(deals * 0.30)))
    known = [intent.person for intent in won + lost if intent.end != "junk"]
    turn = [next(people) for _ in buyers]
    callers = _without(turn, {intent.person for intent in lost if intent.end == "junk"})
    rest = max(deals - len(won) - len(lost), 0)
    opened = [Intent(rng.choice(known) if known and rng.random() < 0.12 else next(callers)) for _ in range(rest)]
    for intent in opened:
        if rng.random() < 0.04:
            intent.size = "service"
    return (won + lost + opened)[:deals]


def _without(turn: list[int], strangers: set[int]) -> Iterator[int]:
    """Whoever called by mistake does not come again, unless there is nobody else."""
    return cycle([person for person in turn if person not in strangers] or turn)


def _won(rng: Random, people: Iterator[int], count: int) -> Iterator[Intent]:
    left = count
    for _ in range(max(count * 18 // 600, 1)):
        person, left = next(people), left - 6
        for month in range(6):
            yield Intent(person, "small", "won", 8 + 30 * month + rng.randint(-5, 5))
    for _ in range(max(count * 8 // 100, 1)):
        left -= 1
        yield Intent(next(people), "mansion", "won", rng.randint(15, 330))
    for number in range(max(count * 25 // 300, 1)):
        person, times = next(people), rng.randint(2, 4)
        left -= times
        silent = ASLEEP if number % 3 == 2 else 0
        for turn in range(times):
            size = "house" if turn == times - 1 else rng.choice(("small", "service"))
            yield Intent(person, size, "won", rng.randint(20, 120) + 150 * turn + silent)
    for _ in range(max(left, 1)):
        yield Intent(next(people), "house", "won", rng.randint(5, 720))


def _lost(rng: Random, people: Iterator[int], count: int) -> Iterator[Intent]:
    junk = max(count * 18 // 100, 1)
    for _ in range(junk):
        yield Intent(next(people), "house", "junk", 1 + int(400 * rng.random() ** 1.5))
    left = count - junk
    while left > 0:
        person, times = next(people), min(rng.choices((1, 2, 3), (62, 28, 10))[0], left)
        left -= times
        for _ in range(times):
            yield Intent(person, "house", "lost", 1 + int(700 * rng.random() ** 1.7))


def walk(rng: Random, book: Book, intent: Intent, now: int) -> None:
    """Give the deal its way through the stages: forwards, with skips, returns and changes of pipeline."""
    if intent.end == "open":
        stages, waited = _open_route(rng, book, intent)
        last = now - int(waited * DAY)
        first = last - int(DAY * (0.2 + 14 * rng.random()))
    else:
        stages = _closed_route(rng, book, intent)
        last = now - intent.closed_days_ago * DAY
        longest = 12 if intent.size in ("small", "service") else 110
        first = last - int(DAY * (2 + longest * rng.random()))
    if len(stages) == 1:
        first = last
    between = sorted(rng.randint(first, last) for _ in stages[1:-1])
    moments = [first, *between, *([last] if len(stages) > 1 else [])]
    previous = 0
    for moment, (pipeline_id, status_id) in zip(moments, stages, strict=True):
        previous = min(max(at_work(rng, moment, now), previous + 60), now)
        intent.steps.append((previous, pipeline_id, status_id))


def turn_back(book: Book, intents: list[Intent]) -> None:
    """Some deals stand where they are because they went too far and came back."""
    for intent in [one for one in intents if _may_return(book, one)][::RETURNS]:
        *before, last = intent.steps
        following = book.main[book.main.index(last[2]) + 1]
        intent.steps = [*before, ((before[-1][0] + last[0]) // 2, book.main_id, following), last]


def _may_return(book: Book, intent: Intent) -> bool:
    if intent.end != "open" or len(intent.steps) < 2 or intent.steps[-1][2] not in book.main[:-1]:
        return False
    (left_at, *_where, left), (entered_at, *_here, stage) = intent.steps[-2:]
    return entered_at - left_at > DAY and left in book.main[: book.main.index(stage)]


def _open_route(rng: Random, book: Book, intent: Intent) -> tuple[list[tuple[int, int]], float]:
    if intent.size == "service":
        target = rng.randrange(len(book.service))
        stages = [(book.service_id, status) for status in book.service[: target + 1]]
        return stages, _waited(rng, SERVICE_PACE, SERVICE_OLDEST, 0.1)
    target = rng.choices(OPEN_STAGES, OPEN_WEIGHTS)[0]
    return _forward(rng, book, target), _waited(rng, PACE[target], OLDEST[target], FORGOTTEN[target])


def _waited(rng: Random, pace: float, oldest: float, forgotten: float) -> float:
    """Days on the stage until now."""
    long = 2 * pace
    if rng.random() < forgotten:
        return long + (oldest - long) * rng.random() ** 2
    return long * rng.random() ** 1.6


def _closed_route(rng: Random, book: Book, intent: Intent) -> list[tuple[int, int]]:
    if intent.size == "service":
        stages = [(book.service_id, status) for status in book.service]
        return [*stages, (book.service_id, WON if intent.end == "won" else LOST)]
    if intent.end == "won":
        return [*_forward(rng, book, 3), (book.main_id, WON)]
    target = rng.choices((0, 1), (60, 40))[0] if intent.end == "junk" else rng.choices(OPEN_STAGES, LOST_WEIGHTS)[0]
    return [*_forward(rng, book, target), (book.main_id, LOST)]


def _forward(rng: Random, book: Book, target: int) -> list[tuple[int, int]]:
    """From the first stage, or the second when the client rang, to the target one."""
    first = 0 if rng.random() < 0.7 else min(1, target)
    places = [place for place in range(first, target) if place == first or rng.random() > 0.12]
    if target >= 2 and rng.random() < 0.08:  # sent the offer too early, back to talking, then again
        places += [target, target - 1]
    stages = [(book.main_id, book.main[place]) for place in (*places, target)]
    if target >= 1 and rng.random() < 0.02:  # came for a repair and wants a house
        stages.insert(0, (book.service_id, book.service[0]))
    return stages


def at_work(rng: Random, moment: int, now: int) -> int:
    """The same Moscow day between nine and seven, as long as that is not in the future."""
    placed = morning(moment) + int(36_000 * rng.random())
    return placed if placed <= now else moment


def by_day(moment: int) -> int:
    """The same Moscow day in working hours, without a draw."""
    return morning(moment) + moment % 36_000


def morning(moment: int) -> int:
    """Nine o'clock of its Moscow day."""
    return (moment + 3 * 3600) // DAY * DAY + 6 * 3600
