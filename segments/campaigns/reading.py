"""What a person reads of an HTML letter: its text, whether there is any, and whether an address in it can be followed.

What flows in: clean HTML. What flows out: text, and yes or no.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from html import escape

from inscriptis import get_text
from inscriptis.model.config import ParserConfig
from lxml.html import HtmlElement, fragment_fromstring, tostring

PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6"})
LINKS = ParserConfig(display_links=True)
PICTURE = re.compile(r"<img [^>]*\bsrc=")
BLANK = re.compile("[\\s\u00ad\u200b-\u200f\u2060\ufeff]")
HIDDEN = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|(?:font-size|max-height|height|width)\s*:\s*0(?!\.?\d))", re.I)


def as_text(body: str) -> str:
    return _text(_parsed(body)) if body else ""


def says_something(body: str, url: str) -> bool:
    """Apart from the link to ``url``, which stands in every letter."""
    if PICTURE.search(body):
        return True
    page = _parsed(body)
    for link in page.xpath("//a[@href=$url]", url=url):
        link.drop_tree()
    return is_read(_text(page).replace(url, ""))


def is_read(text: str) -> bool:
    return bool(BLANK.sub("", text))


def prints(text: str, url: str) -> bool:
    """As an address of its own, not within another."""
    return bool(re.search(rf"(?<![\w/:=?&]){re.escape(url)}(?!\w)", text))


def leads_to(body: str, url: str) -> bool:
    """By a link with words or a picture, or by the address itself, where it can be seen."""
    return escape(url) in body and any(map(_is_seen, _places(_parsed(body), url)))


def _places(page: HtmlElement, url: str) -> Iterator[HtmlElement]:
    for link in page.xpath("//a[@href=$url]", url=url):
        if is_read(link.text_content()) or link.xpath(".//img[@src]"):
            yield link
    yield from (text.getparent() for text in page.xpath("//text()") if prints(text, url))


def _is_seen(element: HtmlElement) -> bool:
    return not any(HIDDEN.search(each.get("style", "")) for each in (element, *element.iterancestors()))


def _parsed(body: str) -> HtmlElement:
    return fragment_fromstring(body, create_parent="div")


def _text(page: HtmlElement) -> str:
    """Block by block: most of them are the same in every letter of a run, and turning one into text is slow."""
    groups: list[list[HtmlElement]] = [[]]
    for element in page.xpath("node()"):
        if getattr(element, "tag", "") in PARAGRAPHS:
            groups += [[element], []]
        else:
            groups[-1].append(element)
    texts = (_text_of("".join(map(_source, group))) for group in groups)
    return "\n\n".join(text for text in texts if text)


def _source(node: HtmlElement | str) -> str:
    return escape(node) if isinstance(node, str) else tostring(node, encoding="unicode", with_tail=False)


@lru_cache(maxsize=2048)
def _text_of(html: str) -> str:
    return get_text(html, LINKS).strip() if html.strip() else ""
