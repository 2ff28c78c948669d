from collections.abc import Callable
from http import HTTPStatus

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from . import errors
from .page import came_from

Answer = Callable[[HttpRequest], HttpResponse]
View = Callable[..., HttpResponseBase]


class SessionRequiredMiddleware(LoginRequiredMiddleware):
    """A session that ended while a page stood open costs nothing of what is typed there.

    Stands after HtmxMiddleware. A fragment is answered by a toast that leads to the login in a new tab: the page stays
    as it is. A plain form leads to the login, and from there back to its own page: the address it was sent to has none.
    """

    def handle_no_permission(self, request: HttpRequest, view_func: View) -> HttpResponse:  # type: ignore[override]
        if getattr(request, "htmx", None):
            return errors.signed_out(request)
        if request.method not in ("GET", "HEAD"):
            return redirect_to_login(came_from(request) or "/", self.get_login_url(view_func))
        return super().handle_no_permission(request, view_func)


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
