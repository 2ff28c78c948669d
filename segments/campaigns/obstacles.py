"""Why a letter cannot be sent as it stands: told beside the button while it is written, and again by the launch.

What flows in: the sources of a letter. What flows out: the field to go to and the reason, with what to do next.
"""

import re
from dataclasses import dataclass

from crmseg.web.reasons import Reason

from . import personal
from .rendering import problems

SILENT = re.compile(r"<(?!img\b)[^>]*>|&nbsp;|\s", re.IGNORECASE)


@dataclass(frozen=True)
class Obstacle:
    field: str
    reason: Reason


def of_letter(template: dict[str, str]) -> list[Obstacle]:
    wrong = problems(**template, names=personal.names())
    if wrong:
        return [Obstacle(one.field, Reason("template_fault", error=one.reason)) for one in wrong]
    has_subject, has_text = bool(template["subject"].strip()), not _is_blank(template)
    if not has_subject and not has_text:
        return [Obstacle("subject", Reason("no_letter"))]
    if not has_subject:
        return [Obstacle("subject", Reason("no_subject"))]
    return [] if has_text else [Obstacle("html", Reason("no_text"))]


def _is_blank(template: dict[str, str]) -> bool:
    """Nothing to read and nothing to see: markup alone is no letter."""
    return not SILENT.sub("", template["html"]) and not template["text"].strip()
