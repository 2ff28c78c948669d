"""Every error as an RFC 9457 problem document with ``errors: [{"path", "code", "message"}]``."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import status
from rest_framework.exceptions import APIException, ErrorDetail, NotFound, ValidationError
from rest_framework.exceptions import PermissionDenied as ApiPermissionDenied
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


def problem(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. Unreadable JSON is 400, invalid content is 422; unexpected errors go on to 500."""
    error = _as_api_error(exc)
    if error is None:
        return None
    code = status.HTTP_422_UNPROCESSABLE_ENTITY if isinstance(error, ValidationError) else error.status_code
    details = list(_flatten(error.get_full_details()))
    body = {
        "type": "about:blank",
        "title": str(TITLES.get(code, _("Ошибка"))),
        "status": code,
        "detail": details[0]["message"] if details else "",
        "errors": details,
    }
    set_rollback()
    return Response(body, status=code, headers=_headers(error), content_type="application/problem+json")


def _headers(error: APIException) -> dict[str, str]:
    given = {"WWW-Authenticate": getattr(error, "auth_header", None), "Retry-After": getattr(error, "wait", None)}
    return {name: str(value) for name, value in given.items() if value}


def _as_api_error(exc: Exception) -> APIException | None:
    if isinstance(exc, APIException):
        return exc
    if isinstance(exc, Http404):
        return NotFound(_("Такой записи нет."))
    if isinstance(exc, PermissionDenied):
        return ApiPermissionDenied()
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


class NoSuchResource(APIView):
    """Any other address below the API: a problem document too, not a page for people."""

    authentication_classes = ()
    permission_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound(_("Такого адреса в API нет."))
