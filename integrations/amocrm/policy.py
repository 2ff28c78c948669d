"""Who sees and who connects amoCRM; what else this room adds to the shell and to others' pages."""

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from crmseg.accounts.models import Role
from crmseg.accounts.policy import allow, may
from crmseg.web import navigation, panels
from crmseg.web.navigation import NavItem
from crmseg.web.panels import PanelContent
from segments.models import Segment

from . import progress
from .models import Account, SegmentTag


def install() -> None:
    allow("amocrm.see", Role.AUDITOR)
    allow("amocrm.connect")
    navigation.register(
        NavItem("amocrm:page", _("amoCRM"), "plug-connected", position=10, group="system", predicate=sees)
    )
    panels.register("banner", import_banner)
    panels.register("segment", segment_tag, position=60)


def sees(request: HttpRequest) -> bool:
    return may(request.user, "amocrm.see")


def import_banner(request: HttpRequest, subject: object) -> PanelContent | None:
    """While the import runs every page says so: figures are partial, work is allowed."""
    if Account.objects.filter(state=Account.State.IMPORTING).exists():
        return PanelContent("amocrm/_banner.html", {"import": progress.now(), "is_linked": sees(request)})
    return None


def segment_tag(request: HttpRequest, segment: Segment) -> PanelContent | None:
    if not Account.objects.exists():
        return None
    tag = SegmentTag.objects.filter(segment=segment).first()
    context = {"segment": segment, "tag": tag, "may_edit": may(request.user, "segments.edit")}
    return PanelContent("amocrm/_segment_tag.html", context)
