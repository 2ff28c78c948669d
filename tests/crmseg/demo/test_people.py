import pytest

from crmseg.accounts.models import Role, User
from crmseg.demo import people

pytestmark = pytest.mark.django_db


def test_every_role_can_log_in_with_a_password_hashed_once(monkeypatch):
    made = []
    monkeypatch.setattr(people, "make_password", lambda raw, make=people.make_password: made.append(raw) or make(raw))
    invited = people.invite()
    people.invite()
    assert set(invited) == set(Role)
    assert all(user.check_password(people.PASSWORD) for user in User.objects.all())
    assert len(made) == 1


def test_imported_person_becomes_the_one_who_logs_in():
    imported = User.objects.create_user(f"belova@{people.HOST}", name="Юлия Белова")
    people.invite()
    imported.refresh_from_db()
    assert (imported.role, imported.name) == (Role.MANAGER, "Юлия Белова")
    assert imported.check_password(people.PASSWORD)
