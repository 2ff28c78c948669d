from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django_htmx.http import HttpResponseClientRedirect


class FragmentLoginMiddleware:
    """A session that ended while a page stood open: a fragment must not become the login form in the middle of it.

    Stands after HtmxMiddleware, around the login check; htmx is told to open the login page, which leads back here.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        login = resolve_url(settings.LOGIN_URL)
        location = urlsplit(response.headers.get("Location", ""))
        if not getattr(request, "htmx", None) or response.status_code != 302 or location.path != login:
            return response
        page = request.htmx.current_url_abs_path or "/"  # type: ignore[attr-defined]
        return HttpResponseClientRedirect(f"{login}?{urlencode({'next': page})}")
