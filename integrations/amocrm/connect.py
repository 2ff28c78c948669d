"""Connecting an account: check that the address and the token really answer, then keep them.

What flows in: what a person typed. What flows out: an ``Account`` in the state «importing» and a webhook subscription,
or ``ConnectionRefused`` with words for the form.
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import httpx2
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crmseg.web.reasons import Reason
from pipelines import changes

from ..http import HttpError, Permanent
from .client import AmoClient, TokenRefused
from .limiter import Limiter
from .models import Account, ImportStep, Link
from .models.account import new_secret
from .plan import READER

WITH = "datetime_settings,task_types,is_api_filter_enabled,users_groups"
NEAR = (".localhost", ".local", ".internal", ".test")  # a network of one's own: RFC 6761, RFC 6762, ICANN
HOOKS = [
    f"{action}_{entity}"
    for entity in ("lead", "contact", "company")
    for action in ("add", "update", "delete", "restore", "responsible", "note")
] + ["status_lead", "add_task", "update_task", "delete_task", "responsible_task"]


NOT_BY_HTTPS = ("net_refused", "net_no_tls", "net_cut")
STEPS = {
    "net_no_host": gettext_lazy("Проверьте, нет ли в адресе опечатки"),
    "net_no_dns": gettext_lazy("Проверьте адрес и есть ли на сервере crmseg интернет"),
    "net_no_path": gettext_lazy("Проверьте, есть ли на сервере crmseg интернет"),
    **dict.fromkeys(("net_refused", "net_no_tls", "net_certificate"), gettext_lazy("Проверьте адрес и порт")),
}


class ConnectionRefused(Exception):
    """``field`` names the input that is to blame, or is empty."""

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field


@dataclass(frozen=True)
class Checked:
    base_url: str
    token: str
    about: dict[str, Any]


def clean_address(typed: str) -> str:
    """An address as people type it → scheme and host."""
    text = typed.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        is_fine = parts.scheme in {"http", "https"} and (parts.port or 1) > 0 and _is_host(parts.hostname, text)
        is_fine = is_fine and "@" not in parts.netloc  # what stands before it looks like the host, and is not
    except (ValueError, httpx2.InvalidURL):
        is_fine = False
    if not is_fine:
        raise ConnectionRefused(_("Укажите адрес вида https://company.amocrm.ru"), "base_url")
    if parts.scheme == "http" and not _is_near(str(parts.hostname)):
        raise ConnectionRefused(_("По http токен прочтут в пути. Укажите адрес с https://"), "base_url")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _is_host(name: str | None, typed: str) -> bool:
    """A bare word is no address of anybody; a machine of one's own network is named with its scheme."""
    if not name or not re.fullmatch(r"[\w.:-]+", name) or ".." in name:
        return False
    httpx2.URL(f"http://[{name}]" if ":" in name else f"http://{name}")  # its InvalidURL says what IDNA refuses
    return "://" in typed or "." in name or name == "localhost"


def _is_near(name: str) -> bool:
    """On this machine or in a network of one's own."""
    with suppress(ValueError):
        return ip_address(name).is_private
    return "." not in name or name.endswith(NEAR)


def clean_token(typed: str) -> str:
    token = typed.strip()
    if not token:
        raise ConnectionRefused(_("Укажите долгосрочный токен интеграции"), "token")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ConnectionRefused(
            _("Это не токен: в нём бывают только латинские буквы, цифры и знаки без пробелов"), "token"
        )
    return token


def check(
    base_url: str,
    token: str,
    now: datetime,
    *,
    limiter: Limiter | None = None,
    transport: httpx2.BaseTransport | None = None,
) -> Checked:
    """Ask for the account and its users: a token that cannot read users is no administrator's."""
    address, key = clean_address(base_url), clean_token(token)
    probe = Account(base_url=address, token=key, amo_id=0, connected_at=now)
    with AmoClient(probe, limiter=limiter, transport=transport) as client:
        try:
            about = client.get("account", {"with": WITH})
            if not about.get("id"):
                raise ConnectionRefused(_("По этому адресу отвечает не amoCRM"), "base_url")
            client.get("users", {"limit": "1"})
        except TokenRefused as error:
            raise ConnectionRefused(_("amoCRM не принял токен. Проверьте, не отозван ли он"), "token") from error
        except Permanent as error:
            raise ConnectionRefused(_refusal(error), "token" if _is_forbidden(error) else "base_url") from error
        except HttpError as error:
            told = _("Не удалось связаться: %(reason)s. %(step)s")
            words = {"reason": error.reason.clause.rstrip(". "), "step": _step(error, address)}
            raise ConnectionRefused(told % words, "base_url") from error
    return Checked(address, key, about)


def connect(checked: Checked, now: datetime) -> Account:
    """Keep a checked connection. The same account again keeps its mirror and its place; another one is refused."""
    about = checked.about
    with transaction.atomic():
        known = Account.objects.select_for_update().first()
        if known and known.amo_id != about["id"] and Link.objects.exists():
            text = _("Уже подключён аккаунт «%(name)s». Данные двух аккаунтов не смешиваются")
            raise ConnectionRefused(text % {"name": known.name}, "base_url")
        account = known or Account(connected_at=now, hook_secret=new_secret())
        for name, value in _described(checked).items():
            setattr(account, name, value)
        is_read = bool(known and known.imported_at and not _import_is_open())
        account.state = Account.State.CONNECTED if is_read else Account.State.IMPORTING
        account.state_reason, account.breaker_until, account.breaker_reason = "", None, ""
        account.save()
        if known is None:
            changes.start_here(READER)  # what was done before is nobody's to write there
    return account


def subscribe(client: AmoClient, public_url: str = "") -> str:
    """Ask amoCRM to call us on every change; → the address it will call."""
    account = client.account
    path = f"/settings/amocrm/hook/{account.hook_secret}/"
    url = (public_url or settings.PUBLIC_URL).rstrip("/") + path
    client.post("webhooks", {"destination": url, "settings": HOOKS})
    account.put(hook_url=url)
    return url


def _import_is_open() -> bool:
    return ImportStep.objects.exclude(state=ImportStep.State.DONE).exists()


def _described(checked: Checked) -> dict[str, Any]:
    about = checked.about
    embedded = about.get("_embedded") or {}
    zone = (embedded.get("datetime_settings") or {}).get("timezone") or settings.TIME_ZONE
    types = {str(each["id"]): each.get("name") or "" for each in embedded.get("task_types") or ()}
    return {
        "base_url": checked.base_url,
        "token": checked.token,
        "amo_id": about["id"],
        "subdomain": str(about.get("subdomain") or "")[:100],
        "name": str(about.get("name") or "")[:300],
        "timezone": str(zone)[:64],
        "task_types": types,
        "is_filter_enabled": about.get("is_api_filter_enabled") is not False,
    }


def _step(error: HttpError, address: str) -> str:
    """What to do when nobody answered, or not well."""
    why = error.reason.values.get("why")
    code = why.code if isinstance(why, Reason) else ""
    name, scheme = urlsplit(address).hostname, "https://"
    if code in NOT_BY_HTTPS and address.startswith(scheme) and _is_near(str(name)):
        return _("Если это http, укажите адрес с ним: %(address)s") % {
            "address": "http://" + address.removeprefix(scheme)
        }
    return str(STEPS.get(code, _("Повторите через несколько минут")))


def _is_forbidden(error: Permanent) -> bool:
    return error.answer is not None and error.answer.status == 403


def _refusal(error: Permanent) -> str:
    if _is_forbidden(error):
        return _("Токену не хватает прав: нужен токен администратора")
    if error.answer is not None and error.answer.status == 404:
        return _("По этому адресу нет аккаунта amoCRM")
    return _("amoCRM отказал: %(reason)s") % {"reason": error.reason.clause}
