"""Who sees campaigns and their messages, and who may act on them: registered with the one policy from ``ready()``."""

from typing import Any, cast

from csp.decorators import csp_update
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from crmseg.accounts.models import Role, User
from crmseg.accounts.policy import View, allow, everyone_sees, register, visible
from pipelines.models import Contact

from .models import Campaign, Consent, Message, Run, Suppression

SENDERS = (Role.HEAD, Role.MARKETER)
READERS = frozenset({Role.OWNER, Role.ADMIN, *SENDERS, Role.AUDITOR})


def install() -> None:
    register(Campaign, everyone_sees(READERS))
    register(Run, everyone_sees(READERS))
    register(Suppression, everyone_sees(READERS))
    register(Message, _of_people_one_sees)
    register(Consent, _of_people_one_sees)
    allow("campaigns.see", *SENDERS, Role.AUDITOR)
    allow("campaigns.edit", *SENDERS)
    allow("campaigns.launch", *SENDERS)


def shows_pictures(view: View) -> View:
    """A page with a letter on it shows the pictures of the letter, wherever they are."""
    return cast(View, csp_update({"img-src": ["https:"]})(cast(Any, view)))


def find(request: HttpRequest, pk: int) -> Campaign:
    """A campaign this user may see, or 404."""
    rows = visible(request.user, Campaign).select_related("segment", "created_by", "launched_by")
    return get_object_or_404(rows, pk=pk)


def _of_people_one_sees(user: User, rows: QuerySet[Any]) -> QuerySet[Any]:
    """A manager sees what went to their own people; readers of campaigns see everything."""
    if user.role in READERS:
        return rows
    return rows.filter(contact__in=visible(user, Contact)) if user.role == Role.MANAGER else rows.none()
