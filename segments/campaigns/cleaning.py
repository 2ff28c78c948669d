"""What of an HTML letter reaches the mailbox: an allow-list.

What flows in: a letter with the values in it. What flows out: clean HTML. What that takes away from a writer is told by
`inspection`.
"""

import re

import nh3

from .liquid.dialect import words

STYLES = words(
    "background background-color background-image background-position background-repeat background-size "
    "border border-bottom border-collapse border-color border-left border-radius "
    "border-right border-spacing border-style border-top border-width color display font font-family font-size "
    "font-style font-weight height letter-spacing line-height list-style margin margin-bottom margin-left "
    "margin-right margin-top max-width min-width padding padding-bottom padding-left padding-right padding-top "
    "text-align text-decoration text-transform vertical-align white-space width word-break"
)
LOOK = words("style align valign width height bgcolor border cellpadding cellspacing role dir")
ATTRIBUTES = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()}
ATTRIBUTES["*"] = ATTRIBUTES.get("*", set()) | LOOK
for tag, names in {
    "img": "usemap",
    "map": "name",
    "area": "href shape coords alt",
    "font": "color face size",
    "ol": "type",
    "hr": "color",
    "td": "nowrap",
    "th": "nowrap",
}.items():
    ATTRIBUTES[tag] = ATTRIBUTES.get(tag, set()) | words(names)
TAGS = nh3.ALLOWED_TAGS | {"font", "main", "section", "tfoot"}
WITH_CONTENT = {"script", "style", "title", "textarea", "select"}  # of others the text stays
SCHEMES = {"http", "https", "mailto", "tel"}
WRITTEN = STYLES | {name.upper() for name in STYLES}  # as old editors write them, too
BODY = re.compile(r"<(/?)body\b", re.IGNORECASE)
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def clean(html: str) -> str:
    """The body of a page keeps its look as a block. No control characters: no text could be made of them."""
    cleaned = nh3.clean(
        BODY.sub(r"<\1div", html),
        tags=TAGS,
        clean_content_tags=WITH_CONTENT,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        filter_style_properties=WRITTEN,
    )
    return CONTROLS.sub("", cleaned)
