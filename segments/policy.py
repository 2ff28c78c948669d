"""Who sees segments and their members, and who builds them: registered with the one policy from ``ready()``."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from crmseg.accounts.models import Role, User
from crmseg.accounts.policy import STAFF, allow, everyone_sees, register, visible
from pipelines.models import Contact

from .models import Membership, Segment

EDITORS = (Role.HEAD, Role.MARKETER)
SEES_EVERYBODY = STAFF - {Role.MANAGER}


def install() -> None:
    register(Segment, everyone_sees(), scope="segments")
    register(Membership, _of_people_one_sees, scope="segments")
    allow("segments.see", *EDITORS, Role.MANAGER, Role.AUDITOR)
    allow("segments.edit", *EDITORS)


def find(request: HttpRequest, pk: int) -> Segment:
    """A segment that is there and that this user may see, or 404."""
    return get_object_or_404(visible(request.user, Segment), pk=pk, deleted_at__isnull=True)


def counts(user: User, segments: Sequence[Segment]) -> dict[int, int]:
    """How many of the people this user may see are in each now; of everybody there is a stored counter."""
    if user.role in SEES_EVERYBODY:
        return {segment.pk: segment.size for segment in segments}
    stays = visible(user, Membership).now().filter(segment__in=segments)
    found = dict(stays.values_list("segment").annotate(Count("pk")))
    return {segment.pk: found.get(segment.pk, 0) for segment in segments}


def _of_people_one_sees(user: User, rows: QuerySet[Any]) -> QuerySet[Any]:
    """A manager sees who of their own people is in a segment; the other staff see everybody."""
    if user.role not in STAFF:
        return rows.none()
    return rows if user.role in SEES_EVERYBODY else rows.filter(contact__in=visible(user, Contact))
