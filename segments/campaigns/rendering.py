"""Template and person become a letter.

What flows in: the frozen Liquid sources of a step and the plain values of a person. What flows out: subject, HTML and
text. Liquid runs without includes, with an allow-list of filters and with limits; HTML is cleaned by an allow-list
after the values are in, so neither a template nor a value can bring a script. A letter always says how to unsubscribe.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from liquid import BoundTemplate
from liquid.exceptions import LiquidError

from crmseg.web.reasons import Explained, Reason

from .cleaning import clean
from .inspection import broken
from .liquid import mistakes
from .liquid.dialect import FILTERS, HTML, PIECE, PLAIN, LetterEnvironment
from .liquid.highlights import CLOSE, OPEN, highlight, marked, unmarked
from .liquid.names import Names, odd
from .liquid.nothing import shown
from .liquid.ways import try_every_way
from .reading import as_text, is_read, leads_to, prints, says_something

MAX_SOURCE = 500_000  # bytes
CLIPPED = 102_000  # bytes: of a longer letter Gmail shows the beginning only
INLINE = r"/?(?:a|abbr|b|code|em|font|i|img|s|small|span|strong|sub|sup|u)\b"
OF_BLOCKS = re.compile(rf"<(?=[a-z/!])(?!{INLINE})|<[a-z/!][^>]*\n", re.I)

PAGE = (
    '<!doctype html><html lang="ru"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><title>{subject}</title></head>'
    '<body style="margin:0;padding:16px;font:16px/1.5 Arial,sans-serif;color:#15181E">{body}</body></html>'
)
FOOTER = '<p style="margin-top:32px;font-size:13px;color:#626A7A">{words} <a href="{url}">{act}</a></p>'


class TemplateFailed(Explained):
    """This letter cannot be written."""


@dataclass(frozen=True)
class Problem:
    field: str
    line: int | None
    fault: Reason

    @property
    def reason(self) -> Reason:
        part = Reason(f"part_{self.field}")
        if self.line is None:
            return Reason("fault_in", part=part, fault=self.fault)
        return Reason("fault_at", part=part, line=self.line, fault=self.fault)

    def __str__(self) -> str:
        return str(self.reason)


@dataclass(frozen=True)
class Letter:
    subject: str
    html: str
    text: str
    body: str = ""  # the HTML without its page, for a preview
    has_own_link: bool = False  # to unsubscribe, in all there is to read; where none is, one is put at the end


@dataclass(frozen=True)
class Lit:
    """A letter, and its subject and body as HTML in which what came from the fields is marked."""

    letter: Letter
    subject: str
    body: str


@dataclass(frozen=True)
class Compiled:
    subject: BoundTemplate
    html: BoundTemplate
    text: BoundTemplate
    has_html: bool
    has_text: bool

    def render(self, values: dict[str, Any], unsubscribe_url: str) -> Letter:
        context = {**shown(values), "unsubscribe_url": unsubscribe_url}
        try:
            subject = one_line(self.subject.render(**context))
            body = clean(self.html.render(**context)) if self.has_html else ""
            text = self.text.render(**context) if self.has_text else ""
        except LiquidError as error:
            raise TemplateFailed(mistakes.reason(error, FILTERS)) from error
        if not subject:
            raise TemplateFailed(Reason("empty_subject"))
        return self._letter(subject, body, text, unsubscribe_url)

    def _letter(self, subject: str, body: str, text: str, url: str) -> Letter:
        own, body = text.strip(), body if body and says_something(body, url) else ""
        if not body and not is_read(own.replace(url, "")):
            raise TemplateFailed(Reason("empty_letter"))
        text = own or as_text(body)
        html_end = "" if not body or leads_to(body, url) else _ends(url)[0]
        text_end = "" if prints(text, url) else _ends(url)[1]
        body, text = body + html_end, f"{text}\n\n{text_end}".strip()
        html = PAGE.format(subject=escape(subject), body=body) if body else ""
        return Letter(subject, html, text, body, has_own_link=not html_end and not text_end)

    def lit(self, values: dict[str, Any], unsubscribe_url: str) -> Lit:
        """Marks that would make another letter of it are left out."""
        letter = self.render(values, unsubscribe_url)
        context = {**shown(values), "unsubscribe_url": unsubscribe_url}
        subject = one_line(marked(self.subject, context, is_html=False))
        end = _ends(unsubscribe_url)[0]
        body = letter.body and clean(marked(self.html, context, is_html=True)) + (
            end if letter.body.endswith(end) else ""
        )
        return Lit(letter, _lit(escape(subject), escape(letter.subject)), _lit(body, letter.body))


def _ends(url: str) -> tuple[str, str]:
    """Of the HTML and of the text: how to unsubscribe."""
    with translation.override(settings.LANGUAGE_CODE):  # that of the page may be another
        lead, act = _("Если письма больше не нужны,"), _("отпишитесь")
    return FOOTER.format(words=lead, url=escape(url), act=act), f"{lead} {act}: {url}"


def _lit(marked_html: str, html: str) -> str:
    return highlight(marked_html) if unmarked(marked_html) == html else html


@lru_cache(maxsize=128)
def compiled(subject: str, html: str, text: str) -> Compiled:
    """Parsed once for a run, kept for the process; raises LiquidError."""
    return Compiled(
        subject=PLAIN.from_string(subject),
        html=HTML.from_string(paragraphs(html)),
        text=PLAIN.from_string(text),
        has_html=bool(html.strip()),
        has_text=bool(text.strip()),
    )


def render(template: dict[str, str], values: dict[str, Any], unsubscribe_url: str) -> Letter:
    return _compiled(template).render(values, unsubscribe_url)


def lit(template: dict[str, str], values: dict[str, Any], unsubscribe_url: str) -> Lit:
    return _compiled(template).lit(values, unsubscribe_url)


def _compiled(template: dict[str, str]) -> Compiled:
    try:
        return compiled(template["subject"], template["html"], template["text"])
    except LiquidError as error:
        raise TemplateFailed(mistakes.reason(error, FILTERS)) from error


def problems(subject: str, html: str, text: str, *, names: Names) -> list[Problem]:
    """What is wrong with the sources, by field and line. Where one is too long, nothing is parsed."""
    sources = (("subject", subject, PLAIN), ("html", html, HTML), ("text", text, PLAIN))
    sizes = {field: len(source.encode()) for field, source, _where in sources}
    if max(sizes.values()) > MAX_SOURCE:
        return [too_long(field, -(-size // 1000)) for field, size in sizes.items() if size > MAX_SOURCE]
    return [Problem(field, *fault) for field, source, where in sources for fault in _faults(source, where, names)]


def too_long(field: str, size: int | str) -> Problem:
    """``size`` in thousands of bytes, or what a page puts in its place."""
    return Problem(field, None, Reason("too_long", size=size, most=MAX_SOURCE // 1000))


def _faults(source: str, environment: LetterEnvironment, names: Names) -> list[tuple[int | None, Reason]]:
    """It is parsed, its names are looked up, and every way through it is tried."""
    try:
        template = environment.from_string(source)
        if found := [*odd(template, names), *(_unclosed(source) if environment is HTML else [])]:
            return [
                (source.count("\n", 0, place) + 1, reason) for place, reason in sorted(found, key=lambda one: one[0])
            ]
        try_every_way(template, names)
    except LiquidError as error:
        return [(mistakes.line(error, source, environment), mistakes.reason(error, FILTERS))]
    return []


def _unclosed(source: str) -> list[tuple[int, Reason]]:
    return [(place, Reason("tag_not_ended", tag=tag)) for place, tag in broken(source)[:1]]


def paragraphs(source: str) -> str:
    """Text typed without markup, or with such as stands within a line, becomes paragraphs."""
    if OF_BLOCKS.search(PIECE.sub("", source)):
        return source
    blocks = re.split(r"\n\s*\n", source.replace("\r\n", "\n").strip())
    return "".join(f"<p>{block.strip().replace(chr(10), '<br>')}</p>" for block in blocks)


def one_line(text: str) -> str:
    """A header value: no line breaks, no control characters."""
    kept = (char if char.isprintable() or char in (OPEN, CLOSE) else " " for char in text)
    return " ".join("".join(kept).split())
