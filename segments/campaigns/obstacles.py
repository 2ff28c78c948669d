"""Why a letter cannot be sent as it stands: told beside the button while it is written, and again by the launch.

What flows in: the sources of a letter, or the time set for it. What flows out: the field to go to and the reason, with
what to do next.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from crmseg.web.reasons import Reason

from . import personal
from .cleaning import clean
from .inspection import BRANCH, END, bare
from .rendering import problems
from .schedule import FARTHEST

SILENT = re.compile(rf"<(?!img\b)[^>]*>|&nbsp;|\s|[{BRANCH}{END}]", re.IGNORECASE)

JUST_NOW = timedelta(minutes=5)  # while one looks for the button


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


def of_time(at: datetime | None, now: datetime) -> list[Obstacle]:
    """Of a letter that is to leave at a set time."""
    if at is None:
        return [Obstacle("at", Reason("no_time"))]
    if at < now - JUST_NOW:
        return [Obstacle("at", Reason("time_passed"))]
    return [Obstacle("at", Reason("time_too_far"))] if at > now + FARTHEST else []


def _is_blank(template: dict[str, str]) -> bool:
    """Nothing to read and nothing to see for anybody: markup alone is no letter."""
    return not SILENT.sub("", clean(bare(template["html"]))) and not template["text"].strip()
