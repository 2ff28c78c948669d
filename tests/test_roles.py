"""The role matrix: for every address of the product, who gets in. The table states it; a URL without a row fails."""

from collections.abc import Iterator
from copy import deepcopy

import pytest
from celery.app.task import Task
from django.db import transaction
from django.template.backends.django import Template
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from crmseg.accounts.models import Role
from integrations.amocrm.models import Account, Push
from tests.e2e import rooms
from tests.e2e.rooms import House
from tests.factories import UserFactory

# One letter a role; "-" is somebody who has not logged in, and is led to the login page where the letter is missing.
LETTERS = {
    "O": Role.OWNER,
    "A": Role.ADMIN,
    "H": Role.HEAD,
    "M": Role.MANAGER,
    "K": Role.MARKETER,
    "P": Role.PARTNER,
    "U": Role.AUDITOR,
    "-": None,
}
USERS, STAFF = "OAHMKPU", "OAHMKU"
ANYONE = USERS + "-"

# name: (who may GET, who may POST). Digits: the answer to everyone who is let in. Nobody to POST: refused as a method.
TABLE = {
    "web:home": (USERS, ""),
    "web:livez": (ANYONE, ""),
    "web:readyz": (ANYONE, ""),
    "web:ui_kit": ("404", ""),  # there in development only
    "accounts:login": (ANYONE, ANYONE),
    "accounts:logout": ("405", USERS),
    "accounts:session": (USERS, ""),
    "accounts:profile": (USERS, USERS),
    "accounts:preferences": ("405", ANYONE),
    "deals:board": (STAFF, ""),
    "deals:stage_cards": (STAFF, ""),
    "deals:detail": (STAFF, ""),
    "deals:move": ("405", "OAHM"),
    "deals:undo_move": ("405", "OAHM"),
    "deals:note": ("405", "OAHM"),
    "contacts:list": (STAFF, ""),
    "contacts:detail": (STAFF, ""),
    "companies:list": (STAFF, ""),
    "companies:detail": (STAFF, ""),
    "segments:list": (STAFF, ""),
    "segments:new": ("OAHK", "OAHK"),
    "segments:preview": ("405", "OAHK"),
    "segments:detail": (STAFF, ""),
    "segments:members": (STAFF, ""),
    "segments:edit": ("OAHK", "OAHK"),
    "segments:refreshes": (STAFF, "OAHK"),
    "segments:pause": ("405", "OAHK"),
    "segments:resume": ("405", "OAHK"),
    "campaigns:list": ("OAHKU", ""),
    "campaigns:new": ("OAHK", "OAHK"),
    "campaigns:unsubscribe": (ANYONE, ANYONE),
    "campaigns:detail": ("OAHKU", ""),
    "campaigns:edit": ("OAHK", "OAHK"),
    "campaigns:keep": ("405", "OAHK"),
    "campaigns:preview": ("405", "OAHK"),
    "campaigns:review": ("OAHK", "OAHK"),
    "campaigns:launch": ("405", "OAHK"),
    "campaigns:take_back": ("405", "OAHK"),
    "campaigns:pause": ("405", "OAHK"),
    "campaigns:resume": ("405", "OAHK"),
    "campaigns:cancel": ("405", "OAHK"),
    "campaigns:resend": ("405", "OAHK"),
    "campaigns:close": ("405", "OAHK"),
    "amocrm:page": ("OAU", ""),
    "amocrm:connect": ("405", "OA"),
    "amocrm:progress": ("OAU", ""),
    "amocrm:banner": (USERS, ""),
    "amocrm:arm": ("405", "OA"),
    "amocrm:try_now": ("405", "OA"),
    "amocrm:again": ("405", "OA"),
    "amocrm:consent": ("405", "OA"),
    "amocrm:retry": ("405", "OA"),
    "amocrm:tag": ("405", "OAHK"),
    "amocrm:hook": ("405", ANYONE),  # the path is the secret
}
# Keys open the API, not logins: everyone else is asked for one.
API = {
    "api:contact-list": "401",
    "api:contact-detail": "401",
    "api:company-list": "401",
    "api:company-detail": "401",
    "api:deal-list": "401",
    "api:deal-detail": "401",
    "api:deal-visits": "401",
    "api:segment-list": "401",
    "api:segment-detail": "401",
    "api:segment-members": "401",
    "api:None": "404",
}
PUBLIC = {name for name, row in TABLE.items() if "-" in "".join(row)} | set(API)


@pytest.fixture
def house(db, monkeypatch) -> House:
    monkeypatch.setattr(Task, "apply_async", lambda *args, **kwargs: None)
    # Doors are tried here; pages are looked at elsewhere.
    monkeypatch.setattr(Template, "render", lambda *args, **kwargs: "")
    account = rooms.start_import()
    made = rooms.move_in(*rooms.staff())
    rooms.finish_import(account, made.contact, made.segment)
    return made


@pytest.mark.parametrize("letter", LETTERS)
def test_each_role_gets_in_where_the_table_says(house, letter):
    role = LETTERS[letter]
    user = None if role is None else house.manager if role == Role.MANAGER else UserFactory(role=role)
    visitor = Client()
    if user:
        visitor.force_login(user)
    entered = deepcopy(visitor.cookies)
    address = addresses(house)
    wrong = []
    for name, (getters, posters) in (TABLE | {name: (answer, answer) for name, answer in API.items()}).items():
        for method, who in (("get", getters), ("post", posters or "405")):
            wanted = who if who.isdigit() and (user or name in PUBLIC) else "in" if letter in who else "login"
            wanted = "403" if user and wanted == "login" else wanted
            visitor.cookies = deepcopy(entered)
            found = ask(visitor, method, address[name])
            if found != wanted:
                wrong.append(f"{method.upper()} {name}: {found}, not {wanted}")
    assert not wrong, "\n".join(wrong)


def ask(visitor: Client, method: str, url: str) -> str:
    """What the door answered, in one word; what it did is taken back."""
    with transaction.atomic():
        answer = getattr(visitor, method)(url)
        transaction.set_rollback(True)
    if answer.status_code == 302 and answer["Location"].startswith(f"{reverse('accounts:login')}?next="):
        return "login"
    return str(answer.status_code) if answer.status_code in (401, 403, 404, 405) else "in"


def addresses(house: House) -> dict[str, str]:
    """By name; of something that is there, and that the manager answers for where managers own rows."""
    named = {
        "amocrm:hook": [Account.objects.get().hook_secret],
        "amocrm:retry": [Push.objects.parked().get().pk],
        "amocrm:tag": [house.segment.pk],
        "campaigns:detail": [house.running.pk],
        "campaigns:resend": [house.running.pk, house.letter.pk],
        "campaigns:close": [house.running.pk, house.letter.pk],
        "campaigns:unsubscribe": [house.letter.token],
        "deals:stage_cards": [house.track.quote.pk],
        "deals:undo_move": [house.deal.pk, house.deal.visits.last().pk],
    }
    subjects = {"deal": house.deal, "contact": house.contact, "compan": house.company}
    subjects |= {"segment": house.segment, "campaign": house.draft}

    def address(name: str) -> str:
        about = next((row.pk for word, row in subjects.items() if word in name), 0)
        return reverse(name, args=named.get(name) or ([about] if name in WITH_ID else []))

    found = {name: address(name) for name in (TABLE | API) if name != "api:None"}
    return found | {"api:None": "/api/v1/nothing/"}


def doors(resolver: URLResolver, space: str = "") -> Iterator[tuple[str, bool]]:
    """The name of every address, and whether it takes something."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from doors(entry, space + (f"{entry.namespace}:" if entry.namespace else ""))
        elif isinstance(entry, URLPattern):
            yield f"{space}{entry.name}", bool(entry.pattern.regex.groups)


WITH_ID = {name for name, takes in doors(get_resolver()) if takes}


def test_every_url_has_a_row():
    assert {name for name, _ in doors(get_resolver())} == set(TABLE) | set(API)
