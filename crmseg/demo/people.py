"""One login per role. Those who work at amoCRM are its imported users, invited; the others exist here only."""

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
    return {role: _invited(role, f"{login}@{HOST}") for role, login in LOGINS.items()}


def _invited(role: Role, email: str) -> User:
    user = User.objects.filter(email=email).first()
    if user is None:
        return User.objects.create_user(email, PASSWORD, name=NAMES.get(role, str(role.label)), role=role)
    user.role, user.is_active = role, True
    if not user.check_password(PASSWORD):
        user.set_password(PASSWORD)
    user.save(update_fields=["role", "is_active", "password"])
    return user
