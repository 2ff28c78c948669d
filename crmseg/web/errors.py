"""The pages for what went wrong: what happened, why, what next. Fragments get the same words as a toast."""

import logging
import secrets
import sys

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from django_htmx.http import reswap, retarget

from . import preferences
from .page import came_from, is_fragment, render_page, toast

logger = logging.getLogger(__name__)

ADMIN_ROLES = ("owner", "admin")
NAMES_SHOWN = 3
API = "/api/"


def admin_names() -> str:
    """Whom to ask for a right: people who can log in and change roles."""
    users = get_user_model()._default_manager.filter(role__in=ADMIN_ROLES, is_active=True)
    users = users.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX).order_by("name")
    return ", ".join(str(user) for user in users[:NAMES_SHOWN])


def _page(request: HttpRequest, template: str, status: int, text: str, **context: str | bool) -> HttpResponse:
    if is_fragment(request):
        return toast(HttpResponse(status=status), text, kind="bad")
    user = getattr(request, "user", None)
    shell = "base.html" if user is not None and user.is_authenticated else "outside.html"
    return render_page(request, template, {"shell": shell, "text": text, **context}, status=status)


def _problem(request: HttpRequest, status: int, title: str, text: str, code: str = "error") -> HttpResponse | None:
    """The same for programs (RFC 9457), where the API is asked."""
    if not f"{request.path}/".startswith(API):
        return None
    error = {"path": "", "code": code, "message": text}
    document = {"type": "about:blank", "title": title, "status": status, "detail": text, "errors": [error]}
    as_is = {"ensure_ascii": False}
    return JsonResponse(document, status=status, content_type="application/problem+json", json_dumps_params=as_is)


def _one_line(path: str) -> str:
    """A path may hold a line end, and after it whatever somebody wants to read in our log."""
    return path.encode("unicode_escape").decode("ascii")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if isinstance(exception, DisallowedHost):
        with translation.override(translation.get_language_from_request(request)):  # no middleware has chosen one yet
            return _unknown_host(request)
    if problem := _problem(request, 400, _("Запрос не разобран"), _("Запрос не разобрать.")):
        return problem
    text = _("Запрос не разобрать. Обновите страницу и повторите")
    return _page(request, "errors/400.html", 400, text, back=came_from(request))


def _unknown_host(request: HttpRequest) -> HttpResponse:
    text = _("Этого имени сайта нет в ALLOWED_HOSTS. Добавьте его в окружении сервера и перезапустите его.")
    if problem := _problem(request, 400, _("Имя сайта не разрешено"), text, "host_not_allowed"):
        return problem
    return _page(request, "errors/400.html", 400, text, hint=text)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    names = admin_names()
    text = _("Нет доступа. Попросите администратора: %(names)s") % {"names": names} if names else _("Нет доступа")
    return _page(request, "errors/403.html", 403, text, names=names)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if problem := _problem(request, 404, _("Не найдено"), _("Такого адреса в API нет."), "not_found"):
        return problem
    return _page(request, "errors/404.html", 404, _("Такой записи нет: её удалили или ссылка неверна"))


def not_allowed(request: HttpRequest) -> HttpResponse:
    is_opened = request.method in ("GET", "HEAD")
    text = _("Этот адрес не принимает того, что отправлено: ничего не изменилось")
    if is_opened:
        text = _("Этот адрес так не открывают: он принимает то, что отправляют на странице")
    if problem := _problem(request, 405, _("Метод не поддерживается"), text, "method_not_allowed"):
        return problem
    return _page(request, "errors/405.html", 405, text, back=came_from(request), is_opened=is_opened)


def signed_out(request: HttpRequest) -> HttpResponse:
    """Told by a toast: the page the fragment is for stays as it is, and what is typed in it."""
    words = render_to_string("components/signed_out.html", request=request)
    return reswap(retarget(HttpResponse(words, status=401), "#toasts"), "beforeend")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if getattr(request, "htmx", None) and not request.user.is_authenticated:  # its token is gone with the session
        return signed_out(request)
    logger.warning("Request to %s refused: %s", _one_line(request.path), reason)
    text = _("Страница устарела. Обновите её и повторите")
    return _page(request, "errors/csrf.html", 403, text, back=came_from(request))


def failure(request: HttpRequest) -> HttpResponse:
    """Leans on nothing that may be the very thing that failed: no user, no database, no navigation."""
    code = secrets.token_hex(2).upper()
    logger.error("Failure %s at %s %s", code, request.method, _one_line(request.path), exc_info=sys.exc_info())
    text = _("Сбой на нашей стороне. Номер: %(number)s") % {"number": code}
    if problem := _problem(request, 500, _("Ошибка"), text):
        return problem
    if is_fragment(request):
        return toast(HttpResponse(status=500), text, kind="bad")
    theme = request.COOKIES.get(preferences.THEME_COOKIE, "auto")
    theme = theme if theme in preferences.THEMES else "auto"
    context = {"text": text, "number": code, "theme": theme, "shell": "outside.html"}
    return HttpResponse(render_to_string("errors/500.html", context), status=500)
