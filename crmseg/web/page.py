"""The one place that decides between a whole page and its fragment.

In: a request, a template and the name of the partial the server would swap. Out: the partial for an htmx request,
the page for everything else (a link, a boosted link, Back after the history was lost). Every URL is thus a page too.
"""

from typing import Any, Literal
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import trigger_client_event

Kind = Literal["ok", "bad"]


def is_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of a page that is already on the screen."""
    htmx = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def came_from(request: HttpRequest) -> str:
    """The address of our own page the request was made on, or nothing where that is the one it asks for."""
    page = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure()):
        return ""
    parts = urlsplit(page)
    is_itself = request.method in ("GET", "HEAD") and parts.path == request.path
    return "" if is_itself else parts._replace(scheme="", netloc="").geturl()


def render_page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    partial: str | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the page, or `template#partial` when htmx asks for a fragment and the server names one."""
    name = f"{template}#{partial}" if partial and is_fragment(request) else template
    response = HttpResponse(render_to_string(name, context, request), status=status)
    patch_vary_headers(response, ["HX-Request"])
    response["Cache-Control"] = "no-store"
    return response


def toast(response: HttpResponse, text: str, kind: Kind = "ok", undo: dict[str, str] | None = None) -> HttpResponse:
    """Show a toast when htmx receives this response. `undo`: the "url" to POST to and the "target" to draw anew."""
    detail = {"text": str(text), "kind": kind} | ({"undo": undo} if undo else {})
    trigger_client_event(response, "toast", detail)
    return response


def flash(request: HttpRequest, text: str, kind: Kind = "ok") -> None:
    """Show a toast on the next whole page: for a form that ends in a redirect."""
    messages.add_message(request, messages.SUCCESS if kind == "ok" else messages.ERROR, str(text))
