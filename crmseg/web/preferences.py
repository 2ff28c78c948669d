"""Language and theme: the user's own, else the cookie's (so the login page keeps them), else the browser's."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

THEMES = ("auto", "light", "dark")
LANGUAGES = tuple(code for code, _name in settings.LANGUAGES)
THEME_COOKIE = "theme"
YEAR = 365 * 24 * 3600


def language_of(request: HttpRequest) -> str:
    chosen = getattr(request.user, "language", None)
    return chosen if chosen in LANGUAGES else translation.get_language_from_request(request)


def theme_of(request: HttpRequest) -> str:
    chosen = getattr(request.user, "theme", None) or request.COOKIES.get(THEME_COOKIE)
    return chosen if chosen in THEMES else "auto"


def remember(response: HttpResponse, *, language: str = "", theme: str = "") -> HttpResponse:
    """Keep the choice in cookies too; values that are none of ours are left out."""
    kept = {}
    if language in LANGUAGES:
        kept[settings.LANGUAGE_COOKIE_NAME] = language
    if theme in THEMES:
        kept[THEME_COOKIE] = theme
    for name, value in kept.items():
        response.set_cookie(name, value, max_age=YEAR, samesite="Lax", httponly=True, secure=settings.HTTPS)
    return response


class PreferencesMiddleware:
    """Stands after the authentication: activates the language for this request and names the theme."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = language_of(request)
        request.LANGUAGE_CODE = language
        request.theme = theme_of(request)  # type: ignore[attr-defined]
        with translation.override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ["Accept-Language", "Cookie"])
        return response
