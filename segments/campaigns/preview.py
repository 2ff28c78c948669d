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

from . import cleaning, fallback, gaps, nobody, personal
from .audience import audience, is_member
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
        if not faulty:
            wrong += checks(template, seen.letter.subject, seen.letter.html)
    except TemplateFailed as error:
        is_hidden = True
        wrong.append(Check("bad", str(error)))
    subject, body = mark_safe(seen.subject), mark_safe(seen.body)  # noqa: S308  escaped, cleaned
    return Shown(samples, person, subject, body, wrong, obstacles, is_hidden)


def _written(template: dict[str, str], values: personal.Values) -> Lit:
    """The body is shown before there is a subject, too."""
    if template["subject"].strip():
        return lit(template, values, "#")
    found = lit({**template, "subject": "…"}, values, "#")
    return replace(found, letter=replace(found.letter, subject=""), subject="")


def sender() -> str:
    """As a mail program names who wrote: an address stands for a name that is missing."""
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return name or address


def sample(campaign: Campaign, excluded: QuerySet[Segment] | None = None) -> list[Contact]:
    """Some people of the audience. The preview follows the typing, so it does not judge the whole audience."""
    if campaign.segment_id is None:
        return []
    return list(Contact.objects.filter(is_member(campaign, excluded)).order_by("id")[:SAMPLES])


def checks(template: dict[str, str], subject: str, html: str) -> list[Check]:
    """``subject`` and ``html`` are those this person gets."""
    sources = [template[name] for name in ("html", "text") if template[name].strip()]
    has_link = bool(sources) and all("unsubscribe_url" in source for source in sources)
    unsubscribe = _("Ссылка отписки на месте") if has_link else _("Ссылку отписки добавим в конец письма")
    found = [Check("ok", unsubscribe)]
    if len(subject) > SUBJECT_LENGTH:
        found.append(Check("warn", _("Тема длиннее 60 знаков: в списке писем её обрежет")))
    elif subject:
        found.append(Check("ok", _("Тема короче 60 знаков")))
    if len(html.encode()) > CLIPPED:
        found.append(Check("warn", _("Письмо больше 102 КБ: Gmail покажет только начало")))
    if "unsubscribe_url" in template["subject"]:
        found.append(Check("warn", _("Ссылка в теме не нажимается: место ссылки отписки — в тексте")))
    source = cleaning.bare(template["html"])
    return found + _address_checks(source, html) + _left_out_checks(source) + _gap_checks(template)


def _address_checks(source: str, html: str) -> list[Check]:
    """Those written in any branch, then those that came from this person's fields."""
    written = cleaning.unopened(source)
    left = [""] if any(map(cleaning.is_left_out, written)) else []  # what bore one bears none now
    known = [re.compile(re.escape(address).replace(cleaning.VALUE, ".*")) for address in (*written, *left)]
    given = [address for address in cleaning.unopened(html) if not any(one.fullmatch(address) for one in known)]
    return [Check("warn", _said_of(address)) for address in (*written, *given)]


def _said_of(address: str) -> str:
    if not address:
        return _("Ссылка или картинка без адреса: впишите его целиком, с https://")
    said = {"address": Truncator(address).chars(ADDRESS_LENGTH)}
    if cleaning.is_left_out(address):
        return _("Адрес «%(address)s» из письма уберём: почта открывает только https://, mailto: и tel:") % said
    return _("Адрес «%(address)s» в письме не откроется: впишите его целиком, с https://") % said


def _left_out_checks(source: str) -> list[Check]:
    names = cleaning.left_out(source)
    text = _("Из письма уберём %(names)s: оформление пишите в style самих тегов, картинки вставляйте тегом img")
    return [Check("warn", text % {"names": ", ".join(names)})] if names else []


def _gap_checks(template: dict[str, str]) -> list[Check]:
    """For how many it matters is told by the review, which knows who gets the letter."""
    bare = fallback.bare(template)
    return [_gap_check(name, field, bare[name]) for name, field in gaps.fields(list(bare)).items()]


def _gap_check(name: str, field: gaps.Field, pieces: list[str]) -> Check:
    word = field.fallback
    repairs = tuple((piece, better) for piece in pieces if (better := fallback.mended(piece, name, word)) != piece)
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
        return Review(0, 0, [], [], blockers, obstacles, time, [])
    counts, people = audience(campaign, now=now, excluded=excluded).judged()
    to_send = counts.pop("", 0)
    reasons = [(str(Message.Reason(reason).label), count) for reason, count in counts.items()]
    skipped = sorted(reasons, key=lambda one: -one[1])
    total = to_send + sum(counts.values())
    causes = [] if to_send else nobody.causes(campaign, counts, excluded, now=now)
    return Review(total, to_send, skipped, _gaps(template, people), blockers, obstacles, time, causes)


def _gaps(template: dict[str, str], people: list[int]) -> list[Gap]:
    """The greatest first."""
    bare = fallback.bare(template)
    found = gaps.fields(list(bare))
    places = {name: next(part for part, source in template.items() if bare[name][0] in source) for name in found}
    counted = gaps.count(found, people).items()
    lines = [Gap(name, str(found[name].what), count, places[name]) for name, count in counted]
    return sorted(lines, key=lambda one: -one.count)
