"""Who sees and who connects amoCRM; what else this room adds to the shell and to others' pages."""

from django.db.models import Value
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from crmseg.accounts.models import Role
from crmseg.accounts.policy import allow, may
from crmseg.accounts.secrets import Locked
from crmseg.web import navigation, panels
from crmseg.web.navigation import NavItem
from crmseg.web.panels import PanelContent
from pipelines.models import Home
from segments.models import Segment

from . import progress
from .models import Account, SegmentTag

DISARMED = "disarmed"


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
    """What every page says, found by one query: figures are partial while the import runs, a copy sends nothing, and
    without a token that is accepted nothing is exchanged."""
    accounts = Account.objects.values_list("state", "token")
    disarmed = Home.objects.filter(disarmed_at__isnull=False).values_list(Value(DISARMED), Value(""))
    told = {_told(state, token) for state, token in accounts.union(disarmed)} - {""}
    if shows_account_itself(request):
        told &= {DISARMED}
    if not told:
        return None
    context = {"import": progress.now() if Account.State.IMPORTING in told else None, "told": told}
    return PanelContent("amocrm/_banners.html", context | {"is_linked": sees(request)})


def _told(state: str, token: str) -> str:
    """Of one row: what pages have to say of it."""
    if isinstance(token, Locked):
        return Account.State.NEEDS_REPAIR
    return "" if state == Account.State.CONNECTED else state


def shows_account_itself(request: HttpRequest) -> bool:
    """The amoCRM page draws the strip from what it draws below, so that both say the same."""
    return request.resolver_match is not None and request.resolver_match.app_name == "amocrm" and sees(request)


def segment_tag(request: HttpRequest, segment: Segment) -> PanelContent | None:
    if not Account.objects.exists():
        return None
    tag = SegmentTag.objects.filter(segment=segment).first()
    context = {"segment": segment, "tag": tag, "may_edit": may(request.user, "segments.edit")}
    return PanelContent("amocrm/_segment_tag.html", context)
