"""What the wizard shows before anything is sent: the letter as a person will see it, checks, and who gets it.

What flows in: a campaign that need not be saved, its template and ``now``. What flows out: plain data. The audience is
the very query that a launch pours into the ledger.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parseaddr

from django.conf import settings
from django.db.models import QuerySet
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from crmseg.web.reasons import Reason
from pipelines.models import Contact
from segments.models import Segment

from . import fallback, gaps, inspection, nobody, personal, trial
from .audience import audience, is_member
from .inspection import is_in_a_tag
from .launch import blockers_beside_the_letter
from .models import Campaign, Message
from .obstacles import Obstacle, of_letter
from .rendering import CLIPPED, Letter, Lit, TemplateFailed, lit

SAMPLES = 12
SUBJECT_LENGTH = 60
ADDRESS_LENGTH = 40  # shown of one


@dataclass(frozen=True)
class Check:
    state: str  # ok, warn, bad
    text: str
    repairs: tuple[tuple[str, str], ...] = ()  # what stands in the letter, what to put there
    word: str = ""  # the fallback in them
    gap: str = ""  # the field it is about

    @property
    def repair(self) -> str:
        """The words on the button that does it."""
        return _("Подставить «%(word)s»") % {"word": self.word} if self.repairs else ""

    @property
    def pairs(self) -> str:
        return json.dumps(self.repairs, ensure_ascii=False)


@dataclass(frozen=True)
class Gap:
    field: str
    what: str
    count: int  # of those who get the letter, who have nothing there
    place: str  # the part of the letter where it stands first


@dataclass(frozen=True)
class Shown:
    samples: list[Contact]
    person: Contact | None
    subject: SafeString
    body: SafeString
    text: str  # of a letter without HTML
    checks: list[Check]
    obstacles: list[Obstacle]
    is_hidden: bool  # by a fault: there is a text, but no letter to be made of it

    @property
    def sender(self) -> str:
        return sender()


@dataclass(frozen=True)
class Review:
    total: int
    to_send: int
    skipped: list[tuple[str, int]]  # the reason in words, how many
    gaps: list[Gap]
    blockers: list[Reason]  # but for those of the letter
    obstacles: list[Obstacle]  # those of the letter
    time: Sequence[Obstacle]  # those of the time set for it
    causes: list[nobody.Cause]  # why nobody gets it
    failing: list[trial.Failing]  # for whom the letter cannot be written


def show(
    campaign: Campaign, template: dict[str, str], *, who: int | None, excluded: QuerySet[Segment] | None = None
) -> Shown:
    samples = sample(campaign, excluded)
    person = next((one for one in samples if one.pk == who), samples[0] if samples else None)
    values = personal.people([person.pk])[person.pk] if person else {"contact": {}, "deal": {}}
    obstacles = of_letter(template)
    seen, wrong = Lit(Letter("", "", ""), "", ""), [Check("bad", str(one.reason)) for one in obstacles]
    faulty = {one.field for one in obstacles if one.reason.code == "template_fault"}
    is_hidden = bool(faulty & {"html", "text"})
    try:
        seen = _written({part: "" if part in faulty else source for part, source in template.items()}, values)
    except TemplateFailed as error:
        is_hidden = True
        wrong.append(Check("bad", str(error)))
    if not faulty:
        wrong += checks(template, seen.letter)
    subject, body = mark_safe(seen.subject), mark_safe(seen.body)  # noqa: S308  escaped, cleaned
    text = "" if seen.letter.body else seen.letter.text
    return Shown(samples, person, subject, body, text, wrong, obstacles, is_hidden)


def _written(template: dict[str, str], values: personal.Values) -> Lit:
    """The body is shown before there is a subject, too, and the subject before there is a text."""
    subject, has_text = template["subject"], bool((template["html"] + template["text"]).strip())
    written = {**template, "subject": subject if subject.strip() else "…"}
    found = lit(written if has_text else {**written, "text": "…"}, values, trial.link())
    letter = found.letter if has_text else Letter(found.letter.subject, "", "")
    if subject.strip():
        return replace(found, letter=letter)
    return replace(found, letter=replace(letter, subject=""), subject="")


def sender() -> str:
    """As a mail program names who wrote: an address stands for a name that is missing."""
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return name or address


def sample(campaign: Campaign, excluded: QuerySet[Segment] | None = None) -> list[Contact]:
    """Some people of the audience. The preview follows the typing, so it does not judge the whole audience."""
    if campaign.segment_id is None:
        return []
    return list(Contact.objects.filter(is_member(campaign, excluded)).order_by("id")[:SAMPLES])


def checks(template: dict[str, str], letter: Letter) -> list[Check]:
    """``letter`` is the one this person gets; an empty one where there is none."""
    link = _("Ссылка отписки на месте") if letter.has_own_link else _("Ссылку отписки добавим в конец письма")
    found = [Check("ok", link)] if letter.text else []
    if len(letter.subject) > SUBJECT_LENGTH:
        found.append(Check("warn", _("Тема длиннее 60 знаков: в списке писем её обрежет")))
    elif letter.subject:
        found.append(Check("ok", _("Тема короче 60 знаков")))
    if len(letter.html.encode()) > CLIPPED:
        found.append(Check("warn", _("Письмо больше 102 КБ: Gmail покажет только начало")))
    if "unsubscribe_url" in template["subject"]:
        found.append(Check("warn", _("Ссылка в теме не нажимается: место ссылки отписки — в тексте")))
    source = inspection.bare(template["html"])
    return found + _address_checks(source, letter.html) + _left_out_checks(source) + _gap_checks(template)


def _address_checks(source: str, html: str) -> list[Check]:
    """Those written in any branch, then those that came from this person's fields."""
    written = inspection.unopened(source)
    left = [""] if any(map(inspection.is_left_out, written)) else []  # what bore one bears none now
    known = [re.compile(re.escape(address).replace(inspection.VALUE, ".*")) for address in (*written, *left)]
    given = [address for address in inspection.unopened(html) if not any(one.fullmatch(address) for one in known)]
    return [Check("warn", _said_of(address)) for address in (*written, *given)]


def _said_of(address: str) -> str:
    if not address:
        return _("Ссылка или картинка без адреса: впишите его целиком, с https://")
    said = {"address": Truncator(address).chars(ADDRESS_LENGTH)}
    if inspection.is_left_out(address):
        return _("Адрес «%(address)s» из письма уберём: почта открывает только https://, mailto: и tel:") % said
    return _("Адрес «%(address)s» в письме не откроется: впишите его целиком, с https://") % said


def _left_out_checks(source: str) -> list[Check]:
    names = inspection.left_out(source)
    text = _("Из письма уберём: %(names)s. Почта такого не показывает или вырезает сама")
    return [Check("warn", text % {"names": ", ".join(names)})] if names else []


def _gap_checks(template: dict[str, str]) -> list[Check]:
    """For how many it matters is told by the review, which knows who gets the letter."""
    bare = fallback.bare(template)
    return [_gap_check(name, field, bare[name], template["html"]) for name, field in gaps.fields(list(bare)).items()]


def _gap_check(name: str, field: gaps.Field, pieces: list[str], html: str) -> Check:
    """No word stands for an address: within a tag nothing is repaired."""
    word = field.fallback
    mended = ((piece, fallback.mended(piece, name, word)) for piece in pieces)
    repairs = tuple((piece, better) for piece, better in mended if better != piece and not is_in_a_tag(piece, html))
    text = _("Нет запасного слова: у кого нет %(what)s, там будет пусто") % {"what": field.what}
    return Check("warn", text, repairs, word, name)


def review(
    campaign: Campaign,
    template: dict[str, str],
    *,
    now: datetime,
    excluded: QuerySet[Segment] | None = None,
    time: Sequence[Obstacle] = (),
) -> Review:
    """Who gets it and who does not, in words, and what stands in the way; ``time``: what is wrong with the set time."""
    blockers, obstacles = blockers_beside_the_letter(campaign), of_letter(template)
    if campaign.segment_id is None:
        return Review(0, 0, [], [], blockers, obstacles, time, [], [])
    counts, people = audience(campaign, now=now, excluded=excluded).judged()
    to_send = counts.pop("", 0)
    reasons = [(str(Message.Reason(reason).label), count) for reason, count in counts.items()]
    skipped = sorted(reasons, key=lambda one: -one[1])
    total = to_send + sum(counts.values())
    causes = [] if to_send else nobody.causes(campaign, counts, excluded, now=now)
    failing = [] if obstacles else trial.failing(template, people)
    return Review(total, to_send, skipped, _gaps(template, people), blockers, obstacles, time, causes, failing)


def _gaps(template: dict[str, str], people: list[int]) -> list[Gap]:
    """The greatest first."""
    bare = fallback.bare(template)
    found = gaps.fields(list(bare))
    places = {name: next(part for part, source in template.items() if bare[name][0] in source) for name in found}
    counted = gaps.count(found, people).items()
    lines = [Gap(name, str(found[name].what), count, places[name]) for name, count in counted]
    return sorted(lines, key=lambda one: -one.count)
