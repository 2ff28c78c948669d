"""As of when the people of a segment are true: for pages, which tell it beside the number.

A segment follows the log of changes, so it is as fresh as the log was last read to its end. One whose people come and
go by the passing of time, or that stands still, is as fresh as its last full refresh.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pipelines import changes

from .dependencies import depends_on_time, segments_read
from .membership import READER
from .models import Segment


def of(segments: Sequence[Segment]) -> dict[int, datetime | None]:
    """By id; later than ``refreshed_at`` where changes were followed since, None where nobody was looked for yet."""
    followed = changes.caught_up_at(READER)
    known = Segment.objects.alive().in_bulk() if any(segments_read(each.rules) for each in segments) else {}
    return {each.pk: _as_of(each, followed, known) for each in segments}


def _as_of(
    segment: Segment, followed: datetime | None, known: Mapping[int, Segment], above: frozenset[int] = frozenset()
) -> datetime | None:
    whole = segment.refreshed_at
    if whole is None or followed is None or segment.is_frozen or depends_on_time(segment.rules):
        return whole
    read = [known[pk] for pk in segments_read(segment.rules) - above if pk in known]
    limits = [_as_of(each, followed, known, above | {segment.pk}) or whole for each in read]
    return max(whole, min([followed, *limits]))
