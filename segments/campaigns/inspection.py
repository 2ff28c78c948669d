"""What the writer of an HTML letter should know before it leaves: addresses that open for nobody, tags that are not
closed and swallow the text behind them, and what the cleaning leaves out.

What flows in: a source with Liquid in it, or the letter of one person. What flows out: places and names.
"""

import re
from collections.abc import Iterator

from lxml.html import HtmlElement, document_fromstring

from .cleaning import CONTROLS, SCHEMES, STYLES, TAGS
from .liquid.dialect import COMMENT, PIECE
from .liquid.highlights import TAG

OF_A_PAGE = {"html", "head", "body", "meta", "title"}  # a letter pasted whole: nobody misses them
SEEN = {"background", "hidden", "srcset"}  # attributes a reader misses
SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
WHOLE = re.compile(r"https?://[^/?#\s]|(?:mailto|tel):.", re.IGNORECASE)  # the rest is relative to some page
PROPERTY = re.compile(r"(?:^|;)\s*([a-z][a-z-]*)\s*:", re.IGNORECASE)  # those with a hyphen first are for one program
RAW = "script|style|title|textarea|select|iframe|noscript|noembed|noframes|xmp"  # to a browser what follows is text
UNSEEN = re.compile(rf"<({RAW})\b.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
OPENED = re.compile(rf"<!--|<(?:{RAW}|plaintext)\b", re.IGNORECASE)
BEARERS = {"img": {"src", "srcset"}, "a": {"href", "name", "id"}}  # of an address, or of a place to jump to
VALUE = "…"  # stands in a source for what a letter will say there
BRANCH, END = "\ue002", "\ue003"  # where a branch begins, and where the last one ends
BRANCHES = ("if", "unless", "elsif", "else", "when")
LONGEST = 40  # shown of a tag


def bare(source: str) -> str:
    """Its HTML as if every branch were taken."""
    return PIECE.sub(_stand_in, COMMENT.sub("", source))


def _stand_in(piece: re.Match[str]) -> str:
    tag = piece["tag"] or "echo"
    if tag in BRANCHES:
        return BRANCH
    return VALUE if tag in ("echo", "cycle") else END if tag.startswith("end") else ""


def unopened(html: str) -> list[str]:
    """The addresses nobody can open, each once; an empty one: a link or a picture that has none."""
    written = (branch for address in _addresses(html) for branch in _branches(address))
    return list(dict.fromkeys(one for one in written if not one.startswith(VALUE) and not WHOLE.match(one)))


def _branches(address: str) -> list[str]:
    """One that begins with a branch is as many addresses as there are branches."""
    if not address.startswith(BRANCH):
        return [re.sub(f"[{BRANCH}{END}]", "", address)]
    return [one.partition(END)[0].strip() for one in address.split(BRANCH) if one.partition(END)[0].strip()]


def is_left_out(address: str) -> bool:
    """By its scheme."""
    found = SCHEME.match(address)
    return found is not None and found[1].lower() not in SCHEMES


def left_out(html: str) -> list[str]:
    """Tags, attributes and properties a reader would have seen, as one writes them, each once."""
    return list(dict.fromkeys(name for element in _page(html).iter("*") for name in _left_out_of(element)))


def broken(source: str) -> list[tuple[int, str]]:
    """The place of each tag or comment that does not end where it should, and how it begins."""
    masked = UNSEEN.sub(_blank, PIECE.sub(_blank, COMMENT.sub(_blank, source)))
    return [(tag.start(), _beginning(source[tag.start() :])) for tag in TAG.finditer(masked) if _is_broken(tag[0])]


def is_in_a_tag(piece: str, source: str) -> bool:
    place = source.find(piece)
    return any(tag.start() < place < tag.end() for tag in TAG.finditer(source))


def _is_broken(tag: str) -> bool:
    """What is closed as it should be and is no markup within is out of the way already."""
    return not tag.endswith(">") or "<" in tag[1:] or bool(OPENED.match(tag))


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"\S", VALUE, found[0])


def _beginning(text: str) -> str:
    line = text.split("\n", 1)[0]
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"


def _left_out_of(element: HtmlElement) -> Iterator[str]:
    if element.tag not in TAGS | OF_A_PAGE:
        yield f"<{element.tag}>"
        return
    seen = SEEN | ({"bgcolor"} if element.tag == "body" else set())
    for name in element.attrib:
        if (name in seen and not (name == "srcset" and "src" in element.attrib)) or name.startswith("on"):
            yield name
    names = (name.lower() for name in PROPERTY.findall(element.get("style", "")))
    yield from (name for name in names if name not in STYLES and not name.startswith("mso-"))


def _addresses(html: str) -> Iterator[str]:
    page = _page(html)
    found = (
        link.strip() for element, name, link, _place in page.iterlinks() if element.tag in TAGS and name != "usemap"
    )
    yield from found
    yield from ("" for element in page.iter("img", "a") if not BEARERS[element.tag] & set(element.attrib))


def _page(html: str) -> HtmlElement:
    """A tag before it all: there is a page, and what it may declare of its encoding is not read."""
    return document_fromstring("<html>" + CONTROLS.sub("", html))
