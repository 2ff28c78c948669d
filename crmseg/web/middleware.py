from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django_htmx.http import reswap, retarget

from . import errors
from .page import came_from, toast

Answer = Callable[[HttpRequest], HttpResponse]
SAFE = ("GET", "HEAD")


class SessionEndedMiddleware:
    """A session that ended while a page stood open costs nothing of what is typed there.

    Stands after HtmxMiddleware, around the login check. A fragment is answered by a toast that leads to the login in a
    new tab: the page stays as it is. A plain form leads to the login page, and from there back to its own page: the
    address it was sent to has none.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not _is_sent_away(response) or not isinstance(request.user, AnonymousUser):
            return response
        if getattr(request, "htmx", None):
            return _told(request)
        if response.status_code == HTTPStatus.FOUND and request.method not in SAFE:
            response["Location"] = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': came_from(request) or '/'})}"
        return response


def _is_sent_away(response: HttpResponse) -> bool:
    """To the login; or refused before that, its token being gone with the session."""
    if response.status_code == HTTPStatus.FORBIDDEN:
        return True
    location = urlsplit(response.headers.get("Location", ""))
    return response.status_code == HTTPStatus.FOUND and location.path == resolve_url(settings.LOGIN_URL)


def _told(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(status=HTTPStatus.UNAUTHORIZED)
    if not request.htmx.current_url:  # type: ignore[attr-defined]  # a script's own request swaps nothing in
        return toast(response, _("Вы вышли из crmseg. Войдите в новой вкладке — набранное здесь останется"), kind="bad")
    response.content = render_to_string("components/signed_out.html", request=request).encode()
    return reswap(retarget(response, "#toasts"), "innerHTML")


class NotAllowedMiddleware:
    """Who comes to an address that only takes forms, or the other way round, is told so: Django's answer is empty."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED or response.content:
            return response
        page = errors.not_allowed(request)
        page["Allow"] = response["Allow"]
        return page
