"""A rule on its way from the form to a segment: looked at before saving, saved, filled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.utils import OperationalError
from django.utils.safestring import SafeString
from psycopg.errors import QueryCanceled

from crmseg.accounts.models import User
from pipelines.models import Contact

from .forms import SegmentForm
from .membership import fill
from .models import Segment
from .rules.compile import matching
from .rules.describe import sentence
from .rules.parse import RuleError, RuleRefused, parse

PREVIEW_WITHIN_MS = 5000

__all__ = ["Overtaken", "Preview", "change", "create", "fill", "preview"]


class Overtaken(Exception):
    """Somebody else has saved since this form was drawn."""


@dataclass(frozen=True)
class Preview:
    count: int | None = None  # None: refused, or too heavy to count now
    sentence: SafeString | None = None
    errors: Sequence[RuleError] = ()

    @property
    def is_too_heavy(self) -> bool:
        return self.count is None and not self.errors


def preview(text: str, *, now: datetime) -> Preview:
    try:
        node = parse(text)
    except RuleRefused as refused:
        return Preview(errors=refused.errors)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {PREVIEW_WITHIN_MS}")
            count = matching(node, now=now, base=Contact.objects.alive()).count()
            cursor.execute("SET LOCAL statement_timeout = DEFAULT")
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        count = None
    return Preview(count, sentence(node))


def create(form: SegmentForm, *, owner: User, now: datetime) -> Segment:
    segment: Segment = form.save(commit=False)
    segment.rules, segment.owner = form.rules, owner
    segment.created_at = segment.changed_at = now
    segment.save()
    return segment


@transaction.atomic
def change(form: SegmentForm, *, by: User, now: datetime, seen: str = "") -> Segment:
    """Save what was edited; new rules empty ``refreshed_at``, except in a pause, so that people are looked for anew.

    ``seen``: the edition the form was drawn from; raises Overtaken when another one is kept by now.
    """
    segment: Segment = form.instance
    if not form.has_edits:
        return segment
    if seen not in ("", segment.edition) or not segment.claim(by=by, now=now):
        raise Overtaken
    segment.rename(form.cleaned_data["name"], form.cleaned_data["description"], now=now)
    if form.has_new_rules:
        segment.change_rules(form.rules, now=now)
    return segment
