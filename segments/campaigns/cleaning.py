"""What of an HTML letter reaches the mailbox: the allow-list it is cleaned by, and what its writer should know of that.

What flows in: a letter with the values in it, or its source. What flows out: clean HTML; addresses that open for
nobody who reads a letter; names of what is left out.
"""

import re
from collections.abc import Iterator

import nh3
from lxml.html import HtmlElement, document_fromstring

from .dialect import COMMENT, PIECE, words

STYLES = words(
    "background background-color background-image background-position background-repeat background-size "
    "border border-bottom border-collapse border-color border-left border-radius "
    "border-right border-spacing border-style border-top border-width color display font font-family font-size "
    "font-style font-weight height letter-spacing line-height list-style margin margin-bottom margin-left "
    "margin-right margin-top max-width min-width padding padding-bottom padding-left padding-right padding-top "
    "text-align text-decoration text-transform vertical-align white-space width word-break"
)
LOOK = {"style", "align", "valign", "width", "height", "bgcolor", "border", "cellpadding", "cellspacing", "role"}
ATTRIBUTES = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()}
ATTRIBUTES["*"] = ATTRIBUTES.get("*", set()) | LOOK
TAGS = nh3.ALLOWED_TAGS | {"font", "main", "section", "tfoot"}
WITH_CONTENT = {"script", "style", "title", "textarea", "select"}  # of others the text stays
OF_A_PAGE = {"html", "head", "body", "meta", "title"}  # a letter pasted whole: nobody misses them
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")

SCHEMES = {"http", "https", "mailto", "tel"}
SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
WHOLE = re.compile(r"https?://[^/?#\s]|(?:mailto|tel):.|#", re.IGNORECASE)  # the rest is relative to some page
PROPERTY = re.compile(r"(?:^|;)\s*([a-z][a-z-]*)\s*:", re.IGNORECASE)  # those with a hyphen first are for one program
BEARERS = {"img": {"src", "srcset"}, "a": {"href", "name", "id"}}  # of an address, or of a place to jump to
VALUE = "…"  # stands in a source for what a letter will say there


def clean(html: str) -> str:
    """Also without the control characters a name may have: no text could be made of it."""
    cleaned = nh3.clean(
        html,
        tags=TAGS,
        clean_content_tags=WITH_CONTENT,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        filter_style_properties=set(STYLES),
    )
    return CONTROLS.sub("", cleaned)


def bare(source: str) -> str:
    """Its HTML as if every branch were taken."""
    return PIECE.sub(
        lambda found: "" if found["tag"] not in (None, "echo", "cycle") else VALUE, COMMENT.sub("", source)
    )


def unopened(html: str) -> list[str]:
    """The addresses nobody can open, each once; an empty one: a link or a picture that has none."""
    return list(
        dict.fromkeys(link for link in _addresses(html) if not link.startswith(VALUE) and not WHOLE.match(link))
    )


def is_left_out(address: str) -> bool:
    """By its scheme."""
    found = SCHEME.match(address)
    return found is not None and found[1].lower() not in SCHEMES


def left_out(html: str) -> list[str]:
    """Tags, attributes and properties a reader would have seen, as one writes them, each once."""
    return list(dict.fromkeys(name for element in _page(html).iter("*") for name in _left_out_of(element)))


def _left_out_of(element: HtmlElement) -> Iterator[str]:
    if element.tag not in TAGS | OF_A_PAGE:
        yield f"<{element.tag}>"
        return
    yield from (name for name in element.attrib if name == "background" or name.startswith("on"))
    if "srcset" in element.attrib and "src" not in element.attrib:
        yield "srcset"
    names = (name.lower() for name in PROPERTY.findall(element.get("style", "")))
    yield from (name for name in names if name not in STYLES and not name.startswith("mso-"))


def _addresses(html: str) -> Iterator[str]:
    page = _page(html)
    yield from (link.strip() for element, _name, link, _place in page.iterlinks() if element.tag in TAGS)
    yield from ("" for element in page.iter("img", "a") if not BEARERS[element.tag] & set(element.attrib))


def _page(html: str) -> HtmlElement:
    """A tag before it all: there is a page, and what it may declare of its encoding is not read."""
    return document_fromstring("<html>" + CONTROLS.sub("", html))
