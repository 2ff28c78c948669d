"""Who knocks and what they may: bearer keys with scopes (contracts §3)."""

from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from crmseg.accounts.models import ApiKey

REMEMBER_USE_EVERY = timedelta(minutes=1)


class KeyAuthentication(BaseAuthentication):
    """``Authorization: Bearer <key>``. ``request.auth`` is the key; there is no user behind it."""

    def authenticate(self, request: Request) -> tuple[None, ApiKey] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        if len(words) != 2:
            raise AuthenticationFailed(_("Заголовок Authorization: ожидалось «Bearer <ключ>»."))
        now = timezone.now()
        key = ApiKey.objects.alive(now).filter(digest=ApiKey.digest_of(words[1].decode("latin-1"))).first()
        if key is None:
            raise AuthenticationFailed(_("Ключ неизвестен, истёк или отозван."))
        unused = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - REMEMBER_USE_EVERY)
        ApiKey.objects.filter(unused, pk=key.pk).update(last_used_at=now)
        return None, key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="crmseg"'


class HasScope(BasePermission):
    """The view names its ``scope``; reading and writing are asked of the key apart. No scope, no entry."""

    message = gettext_lazy("У ключа нет права на этот раздел.")

    def has_permission(self, request: Request, view: Any) -> bool:
        verb = "read" if request.method in SAFE_METHODS else "write"
        return isinstance(request.auth, ApiKey) and request.auth.may(verb, getattr(view, "scope", ""))
