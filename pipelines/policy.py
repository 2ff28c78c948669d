"""Who sees which rows of the mirror, and who may act on them: registered with the one policy from ``ready()``."""

from typing import Any, cast

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q, QuerySet

from crmseg.accounts.models import Role, User
from crmseg.accounts.policy import STAFF, Rule, allow, everyone_sees, register, visible

from .models import (
    Company,
    Contact,
    CustomField,
    Deal,
    DealContact,
    LossReason,
    Note,
    Pipeline,
    Stage,
    StageVisit,
    Tag,
    Task,
)
from .models.deal import DealQuerySet

SELLERS = (Role.HEAD, Role.MANAGER)
OWNERS = (Role.OWNER, Role.ADMIN, *SELLERS)  # of deals, contacts and companies
READERS = (*SELLERS, Role.MARKETER, Role.AUDITOR)


def install() -> None:
    register(Deal, _own(_deals_of), scope="deals")
    register(Contact, _own(_contacts_of), scope="contacts")
    register(Company, _own(_companies_of), scope="contacts")
    register(Task, _own(_tasks_of), scope="deals")
    register(Note, _own(_notes_of), scope="deals")
    register(StageVisit, _own(_visits_of), scope="deals")
    for dictionary in (Pipeline, Stage, LossReason, Tag, CustomField):
        register(dictionary, everyone_sees(), scope="deals")
    allow("deals.see", *READERS)
    allow("deals.move", *SELLERS)
    allow("deals.note", *SELLERS)
    allow("contacts.see", *READERS)


def deals_seen_by(user: User | AnonymousUser) -> DealQuerySet:
    """``visible`` for deals that are not deleted, with the words of their set."""
    return cast(DealQuerySet, visible(user, Deal)).alive()


def _own(rule: Rule) -> Rule:
    """A manager sees what the rule says is theirs, the other staff everything."""

    def narrowed(user: User, rows: QuerySet[Any]) -> QuerySet[Any]:
        if user.role not in STAFF:
            return rows.none()
        return rule(user, rows) if user.role == Role.MANAGER else rows

    return narrowed


def _deals_of(user: User, rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.filter(responsible=user)


def _contacts_of(user: User, rows: QuerySet[Any]) -> QuerySet[Any]:
    linked = DealContact.objects.filter(contact=OuterRef("pk"), deal__responsible=user, deal__deleted_at=None)
    return rows.filter(Q(responsible=user) | Exists(linked))


def _companies_of(user: User, rows: QuerySet[Any]) -> QuerySet[Any]:
    deals = Deal.objects.alive().filter(company=OuterRef("pk"), responsible=user)
    staff = _contacts_of(user, Contact.objects.alive().filter(company=OuterRef("pk")))
    return rows.filter(Q(responsible=user) | Exists(deals) | Exists(staff))


def _tasks_of(user: User, rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.filter(Q(responsible=user) | _about(user))


def _notes_of(user: User, rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.filter(Q(author=user) | _about(user))


def _visits_of(user: User, rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.filter(deal__responsible=user)


def _about(user: User) -> Q:
    """What is attached to a deal, contact or company that the manager sees."""
    contacts = _contacts_of(user, Contact.objects.filter(pk=OuterRef("contact")))
    companies = _companies_of(user, Company.objects.filter(pk=OuterRef("company")))
    return Q(deal__responsible=user) | Q(Exists(contacts)) | Q(Exists(companies))
