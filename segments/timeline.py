"""What segments add to the timeline of a contact: when it entered one and when it left."""

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from crmseg.accounts.policy import Viewer
from crmseg.web import formats
from pipelines.models import Contact
from pipelines.timeline import Entry, Subject

from . import history
from .models import Membership


def stays(subject: Subject, viewer: Viewer, limit: int, before: datetime | None) -> Iterable[Entry]:
    if not isinstance(subject, Contact):
        return
    mine = Membership.objects.filter(contact=subject, segment__deleted_at__isnull=True).select_related("segment")
    for step in history.recent(mine, limit, before):
        words = _("Вход в сегмент «%(segment)s»") if step.is_entry else _("Выход из сегмента «%(segment)s»")
        address = reverse("segments:detail", args=[step.segment.pk])
        title = words % {"segment": formats.within(str(step.segment))}
        yield Entry(step.at, "segment", "target-arrow", title, step.cause, step.by, address)
