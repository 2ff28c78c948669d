"""Every error as an RFC 9457 problem document with ``errors: [{"path", "code", "message"}]``."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.urls import resolve
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from rest_framework import exceptions, status
from rest_framework.exceptions import APIException, ErrorDetail, NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback

TITLES = {
    400: gettext_lazy("Запрос не разобран"),
    401: gettext_lazy("Нужен ключ"),
    403: gettext_lazy("Нет права"),
    404: gettext_lazy("Не найдено"),
    405: gettext_lazy("Метод не поддерживается"),
    406: gettext_lazy("Формат не поддерживается"),
    415: gettext_lazy("Формат не поддерживается"),
    422: gettext_lazy("Данные не приняты"),
    429: gettext_lazy("Слишком часто"),
}


DEFAULTS: dict[type[APIException], Any] = {
    exceptions.NotAuthenticated: gettext_lazy("Передайте ключ API: Authorization: Bearer <ключ>."),
    exceptions.AuthenticationFailed: gettext_lazy("Ключ неизвестен, истёк или отозван."),
    exceptions.PermissionDenied: gettext_lazy("У ключа нет права на этот раздел."),
    exceptions.NotFound: gettext_lazy("Такой записи нет."),
    exceptions.NotAcceptable: gettext_lazy(
        "Ответ бывает только в application/json, а заголовок Accept его не допускает."
    ),
}


def problem(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. Unreadable JSON is 400, invalid content is 422; unexpected errors go on to 500."""
    error = _as_api_error(exc)
    if error is None:
        return None
    code = status.HTTP_422_UNPROCESSABLE_ENTITY if isinstance(error, ValidationError) else error.status_code
    details = list(_flatten(error.get_full_details()))
    if own := _own_words(error, context["request"]):
        details[0]["message"] = own
    body = {
        "type": "about:blank",
        "title": str(TITLES.get(code, _("Ошибка"))),
        "status": code,
        "detail": details[0]["message"] if details else "",
        "errors": details,
    }
    set_rollback()
    return Response(body, status=code, headers=_headers(error), content_type="application/problem+json")


def _own_words(error: APIException, request: Request) -> str:
    """What the framework would say by itself, in our voice; "" where the words are ours already."""
    write = WRITERS.get(type(error))
    if write:
        return write(error, request)
    default = DEFAULTS.get(type(error))
    return str(default) if default and error.detail == str(error.default_detail) else ""


def _unreadable(error: APIException, request: Request) -> str:
    cause = error.__cause__ or error.__context__
    if isinstance(cause, UnicodeDecodeError):
        return _("Тело запроса не в UTF-8.")
    if isinstance(cause, json.JSONDecodeError):
        place = {"line": cause.lineno, "column": cause.colno}
        return _("Тело запроса — не JSON: строка %(line)s, знак %(column)s.") % place
    return _("Тело запроса — не JSON.")


def _wrong_method(error: APIException, request: Request) -> str:
    return _("Метод %(method)s здесь не поддерживается.") % {"method": request.method}


def _wrong_type(error: APIException, request: Request) -> str:
    given = request.content_type.partition(";")[0] or "?"
    return _("Тело запроса принимается в application/json, а пришло %(type)s.") % {"type": given}


def _too_often(error: APIException, request: Request) -> str:
    wait = math.ceil(getattr(error, "wait", None) or 0)
    if not wait:
        return _("Запросов слишком много. Повторите позже.")
    text = ngettext(
        "Запросов слишком много. Повторите через %(wait)s секунду.",
        "Запросов слишком много. Повторите через %(wait)s секунд.",
        wait,
    )
    return text % {"wait": wait}


WRITERS: dict[type[APIException], Callable[[APIException, Request], str]] = {
    exceptions.ParseError: _unreadable,
    exceptions.MethodNotAllowed: _wrong_method,
    exceptions.UnsupportedMediaType: _wrong_type,
    exceptions.Throttled: _too_often,
}


def _headers(error: APIException) -> dict[str, str]:
    given = {"WWW-Authenticate": getattr(error, "auth_header", None), "Retry-After": getattr(error, "wait", None)}
    return {name: str(value) for name, value in given.items() if value}


def _as_api_error(exc: Exception) -> APIException | None:
    if isinstance(exc, APIException):
        return exc
    if isinstance(exc, Http404):
        return NotFound(_("Такой записи нет."))
    if isinstance(exc, PermissionDenied):
        return exceptions.PermissionDenied()
    return None


def _flatten(details: Any, path: str = "") -> Iterator[dict[str, str]]:
    if isinstance(details, list):
        for number, item in enumerate(details):
            leaf = isinstance(item, dict) and set(item) == {"message", "code"}
            yield from _flatten(item, path if leaf else f"{path}.{number}".lstrip("."))
    elif set(details) == {"message", "code"}:
        yield {"path": path, "code": str(details["code"]), "message": str(details["message"])}
    else:
        for name, item in details.items():
            yield from _flatten(item, path if name == "non_field_errors" else f"{path}.{name}".lstrip("."))


def invalid(path: str, code: str, message: str) -> ValidationError:
    """A refusal of one value, shown with its path."""
    return ValidationError({path: [ErrorDetail(message, code=code)]})


class UnknownParameter(APIException):
    """The address takes no such parameter: 400 with each of them, and what it does take."""

    status_code = status.HTTP_400_BAD_REQUEST

    def __init__(self, unknown: Sequence[str], known: Sequence[str]) -> None:
        hint = _("Параметра «%(name)s» здесь нет. Есть: %(known)s.") if known else _("Этот адрес не берёт параметров.")
        told = {name: hint % {"name": name, "known": ", ".join(known)} for name in unknown}
        super().__init__({name: [ErrorDetail(text, code="unknown_parameter")] for name, text in told.items()})


class NoSuchResource(APIView):
    """Any other address below the API: a problem document too, not a page for people."""

    authentication_classes = ()
    permission_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if _is_ours(f"{request.path_info}/"):
            raise NotFound(_("Адреса API кончаются на «/»: %(address)s") % {"address": f"{request.path}/"})
        raise NotFound(_("Такого адреса в API нет."))


def _is_ours(path: str) -> bool:
    """Told and not redirected to: a client that follows may lose its key, and what it posts, without a word."""
    return getattr(resolve(path).func, "cls", None) is not NoSuchResource
