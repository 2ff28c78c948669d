"""Who sees and who connects amoCRM; what else this room adds to the shell and to others' pages."""

from django.db.models import Value
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from crmseg.accounts.models import Role
from crmseg.accounts.policy import allow, may
from crmseg.web import navigation, panels
from crmseg.web.navigation import NavItem
from crmseg.web.panels import PanelContent
from pipelines.models import Home
from segments.models import Segment

from . import progress
from .models import Account, SegmentTag


def install() -> None:
    allow("amocrm.see", Role.AUDITOR)
    allow("amocrm.connect")
    navigation.register(
        NavItem("amocrm:page", _("amoCRM"), "plug-connected", position=10, group="system", predicate=sees)
    )
    panels.register("banner", banners)
    panels.register("segment", segment_tag, position=60)


def sees(request: HttpRequest) -> bool:
    return may(request.user, "amocrm.see")


def banners(request: HttpRequest, subject: object) -> PanelContent | None:
    """What every page says, found by one query: figures are partial while the import runs, a copy sends nothing."""
    importing = Account.objects.filter(state=Account.State.IMPORTING).values_list(Value("importing"))
    disarmed = Home.objects.filter(disarmed_at__isnull=False).values_list(Value("disarmed"))
    told = {name for (name,) in importing.union(disarmed)} - ({"importing"} if shows_import_itself(request) else set())
    if not told:
        return None
    context = {"import": progress.now() if "importing" in told else None, "is_disarmed": "disarmed" in told}
    return PanelContent("amocrm/_banners.html", context | {"is_linked": sees(request)})


def shows_import_itself(request: HttpRequest) -> bool:
    """The amoCRM page draws the strip from what it draws below, so that both say the same."""
    return request.resolver_match is not None and request.resolver_match.app_name == "amocrm" and sees(request)


def segment_tag(request: HttpRequest, segment: Segment) -> PanelContent | None:
    if not Account.objects.exists():
        return None
    tag = SegmentTag.objects.filter(segment=segment).first()
    context = {"segment": segment, "tag": tag, "may_edit": may(request.user, "segments.edit")}
    return PanelContent("amocrm/_segment_tag.html", context)
