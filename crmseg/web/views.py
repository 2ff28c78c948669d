from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from . import navigation, uikit
from .page import render_page


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The first section open to this user; who sees none still has a profile."""
    return HttpResponseRedirect(navigation.first_url(request) or reverse("accounts:profile"))


@require_safe
def ui_kit(request: HttpRequest) -> HttpResponse:
    """Every component in both themes, for those who build pages; not there in production."""
    if not uikit.is_shown():
        raise Http404
    return render_page(request, "web/ui_kit.html", uikit.samples())
