"""What the wizard shows before anything is sent: the letter as a person will see it, checks, and who gets it.

What flows in: a campaign that need not be saved, its template and ``now``. What flows out: plain data. The audience is
the very query that a launch pours into the ledger.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from html import escape

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from pipelines.models import Contact

from . import fallback, personal
from .audience import audience, is_member
from .models import Campaign, Message
from .rendering import CLIPPED, TemplateFailed, highlight, marked, problems, render, unmarked

SAMPLES = 12
SUBJECT_LENGTH = 60


@dataclass(frozen=True)
class Check:
    state: str  # ok, warn, bad
    text: str
    repairs: tuple[tuple[str, str], ...] = ()  # what stands in the letter, what to put there

    @property
    def repair(self) -> str:
        """The words on the button that does it."""
        return _("Подставить «%(word)s»") % {"word": fallback.word()} if self.repairs else ""

    @property
    def pairs(self) -> str:
        return json.dumps(self.repairs, ensure_ascii=False)


@dataclass(frozen=True)
class Shown:
    samples: list[Contact]
    person: Contact | None
    subject: SafeString
    body: SafeString
    checks: list[Check]


@dataclass(frozen=True)
class Review:
    total: int
    to_send: int
    skipped: list[tuple[str, int]]  # the reason in words, how many
    nameless: int


def show(campaign: Campaign, template: dict[str, str], *, who: int | None) -> Shown:
    samples = sample(campaign)
    person = next((one for one in samples if one.pk == who), samples[0] if samples else None)
    values = personal.people([person.pk])[person.pk] if person else {"contact": {}, "deal": {}}
    wrong = [Check("bad", str(problem)) for problem in problems(**template, names=personal.names())]
    subject = body = ""
    length = size = 0
    if not wrong:
        try:
            letter = render(template, marked(values), "#")
            subject, body = highlight(escape(letter.subject)), highlight(letter.body)
            length, size = len(unmarked(letter.subject)), len(unmarked(letter.html).encode())
        except TemplateFailed as error:
            wrong = [Check("bad", str(error))]
    return Shown(samples, person, mark_safe(subject), mark_safe(body), wrong or checks(template, length, size))  # noqa: S308


def sample(campaign: Campaign) -> list[Contact]:
    """Some people of the audience. The preview follows the typing, so it does not judge the whole audience."""
    if campaign.segment_id is None:
        return []
    return list(Contact.objects.filter(is_member(campaign)).order_by("id")[:SAMPLES])


def checks(template: dict[str, str], length: int, size: int) -> list[Check]:
    """``length`` is that of the subject as this person sees it, ``size`` that of the letter in bytes."""
    sources = [template[name] for name in ("html", "text") if template[name].strip()]
    has_link = bool(sources) and all("unsubscribe_url" in source for source in sources)
    unsubscribe = _("Ссылка отписки на месте") if has_link else _("Ссылку отписки добавим в конец письма")
    subject = (
        Check("ok", _("Тема короче 60 знаков"))
        if length <= SUBJECT_LENGTH
        else Check("warn", _("Тема длиннее 60 знаков: в списке писем её обрежет"))
    )
    found = [Check("ok", unsubscribe), subject]
    if size > CLIPPED:
        found.append(Check("warn", _("Письмо больше 102 КБ: Gmail покажет только начало")))
    if not sources:
        found.append(Check("bad", _("Текст письма пуст")))
    if pieces := fallback.bare(template):
        repairs = tuple((piece, better) for piece in pieces if (better := fallback.mended(piece)) != piece)
        found.append(Check("warn", _("Имя без запасного слова: у кого его нет, там будет пусто"), repairs))
    return found


def review(campaign: Campaign, template: dict[str, str], *, now: datetime) -> Review:
    """Who gets it and who does not, in words."""
    if campaign.segment_id is None:
        return Review(0, 0, [], 0)
    found = audience(campaign, now=now)
    counts = found.counts()
    to_send = counts.pop("", 0)
    reasons = [(str(Message.Reason(reason).label), count) for reason, count in counts.items()]
    nameless = found.nameless() if fallback.bare(template) else 0
    return Review(to_send + sum(counts.values()), to_send, sorted(reasons, key=lambda one: -one[1]), nameless)
