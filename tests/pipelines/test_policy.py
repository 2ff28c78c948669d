"""Who sees what of the mirror: a table of roles."""

import pytest

from crmseg.accounts.models import Role
from crmseg.accounts.policy import may, visible
from pipelines.models import Company, Contact, Deal, Note, Pipeline, StageVisit, Task
from tests.factories import CompanyFactory, ContactFactory, DealFactory, NoteFactory, TaskFactory, UserFactory


@pytest.fixture
def manager(db):
    return UserFactory(role=Role.MANAGER)


@pytest.fixture
def theirs(track, manager):
    """A deal of the manager with all that hangs on it, and one of a colleague."""
    for owner in (manager, UserFactory()):
        deal = DealFactory(
            stage=track.quote, responsible=owner, contact=ContactFactory(), company=CompanyFactory(name=owner.name)
        )
        TaskFactory(deal=deal)
        NoteFactory(contact=deal.contacts.get())
    return manager


MODELS = [Deal, Contact, Company, Task, Note, StageVisit]


@pytest.mark.parametrize("model", MODELS)
def test_manager_sees_what_hangs_on_own_deals_only(theirs, model):
    assert visible(theirs, model).count() == 1
    assert model.objects.count() == 2


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("role", "seen"), [("head", 2), ("marketer", 2), ("auditor", 2), ("owner", 2), ("partner", 0)])
def test_other_roles_see_all_or_nothing(theirs, model, role, seen):
    assert visible(UserFactory(role=role), model).count() == seen


def test_manager_sees_contacts_and_tasks_of_his_own(manager):
    mine = ContactFactory(responsible=manager)
    task = TaskFactory(responsible=manager)
    assert list(visible(manager, Contact)) == [mine]
    assert list(visible(manager, Task)) == [task]


def test_dictionaries_are_seen_by_staff(track):
    assert visible(UserFactory(role=Role.AUDITOR), Pipeline).count() == 1
    assert visible(UserFactory(role=Role.PARTNER), Pipeline).count() == 0


ACTS = [
    ("deals.see", {"owner", "admin", "head", "manager", "marketer", "auditor"}),
    ("deals.move", {"owner", "admin", "head", "manager"}),
    ("deals.note", {"owner", "admin", "head", "manager"}),
    ("contacts.see", {"owner", "admin", "head", "manager", "marketer", "auditor"}),
]


@pytest.mark.parametrize(("act", "roles"), ACTS)
def test_acts_belong_to_roles(db, act, roles):
    assert {role for role in Role.values if may(UserFactory(role=role), act)} == roles
