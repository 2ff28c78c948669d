"""The one policy: who sees which rows, and who may do what.

Rooms register what they own from AppConfig.ready(): ``register(Deal, rule)`` for rows, ``allow("deals.move", …)`` for
acts. Pages, partials, API, export, search, counters and the inputs of forms all ask here. Nothing registered means
nothing seen and nothing allowed.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse

from .models import ApiKey, Role, User

Viewer = User | AnonymousUser | ApiKey
Rule = Callable[[User, QuerySet[Any]], QuerySet[Any]]
View = Callable[Concatenate[HttpRequest, ...], HttpResponse]

EVERYONE = frozenset(Role)
STAFF = EVERYONE - {Role.PARTNER}

_rules: dict[type[Model], Rule] = {}
_scopes: dict[type[Model], str] = {}
_acts: dict[str, frozenset[Role]] = {}


def register(model: type[Model], rule: Rule, *, scope: str = "") -> None:
    """Say what a user sees of a model: the rule narrows the queryset it is given.

    ``scope`` names the API scope (contracts §3) whose keys see all rows; without one no key sees the model.
    """
    _rules[model] = rule
    _scopes[model] = scope


def allow(act: str, *roles: Role) -> None:
    """Say who may do an act, e.g. ``allow("campaigns.launch", Role.MARKETER)``. Owner and admin always may."""
    _acts[act] = frozenset(roles) | {Role.OWNER, Role.ADMIN}


def visible(user: Viewer, model: type[Model]) -> Any:
    """All rows of the model this user, or this API key, may see: a queryset of the model's own class."""
    rows = model._default_manager.all()
    if isinstance(user, ApiKey):
        return rows if user.may("read", _scopes.get(model, "")) else rows.none()
    if not isinstance(user, User) or not user.is_active or model not in _rules:
        return rows.none()
    return _rules[model](user, rows)


def may(user: User | AnonymousUser, act: str) -> bool:
    return isinstance(user, User) and user.is_active and user.role in _acts.get(act, frozenset())


def allowed(act: str) -> Callable[[View], View]:
    """Let a view be entered only by those who may do the act; the view carries the act's name for the role matrix."""

    def decorate(view: View) -> View:
        @wraps(view)
        def entered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not may(request.user, act):
                raise PermissionDenied(act)
            return view(request, *args, **kwargs)

        entered.act = act  # type: ignore[attr-defined]
        return entered

    return decorate


def acts() -> dict[str, frozenset[Role]]:
    return dict(_acts)


def everyone_sees(roles: frozenset[Role] = STAFF) -> Rule:
    """A rule for rows that whole roles see, and others do not."""

    def rule(user: User, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows if user.role in roles else rows.none()

    return rule
