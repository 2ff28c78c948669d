"""One login per role. Those who work at amoCRM are its imported users, invited; the others exist here only."""

from django.contrib.auth.hashers import check_password, make_password

from crmseg.accounts.models import Role, User

PASSWORD = "dom-u-ozera-2026"  # noqa: S105 - of the demo, printed on the screen
HOST = "domuozera.example"
NAMES = {Role.OWNER: "Виктор Озеров", Role.PARTNER: "Агентство «Пульс»", Role.AUDITOR: "Ольга Счетова"}
LOGINS = {
    Role.OWNER: "owner",
    Role.ADMIN: "sokolova",
    Role.HEAD: "kravtsov",
    Role.MANAGER: "belova",
    Role.MARKETER: "lebedeva",
    Role.PARTNER: "partner",
    Role.AUDITOR: "auditor",
}


def invite() -> dict[Role, User]:
    """Give every role a person who can log in; safe to repeat."""
    encoded = _encoded_password()
    return {role: _invited(role, f"{login}@{HOST}", encoded) for role, login in LOGINS.items()}


def _encoded_password() -> str:
    """Made once for all of them: each making costs a third of a second, by design."""
    known = User.objects.filter(email=f"{LOGINS[Role.OWNER]}@{HOST}").values_list("password", flat=True).first()
    return known if known and check_password(PASSWORD, known) else make_password(PASSWORD)


def _invited(role: Role, email: str, encoded: str) -> User:
    user = User.objects.filter(email=email).first()
    if user is None:
        user = User.objects.create_user(email, None, name=NAMES.get(role, str(role.label)), role=role)
    user.role, user.is_active, user.password = role, True, encoded
    user.save(update_fields=["role", "is_active", "password"])
    return user
