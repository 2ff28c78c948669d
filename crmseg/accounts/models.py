import hashlib
import secrets
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from crmseg.web import formats


class Role(models.TextChoices):
    """Who does what: reliability rules of the product, one role per person."""

    OWNER = "owner", _("Владелец")
    ADMIN = "admin", _("Администратор")
    HEAD = "head", _("Руководитель отдела")
    MANAGER = "manager", _("Менеджер")
    MARKETER = "marketer", _("Маркетолог")
    PARTNER = "partner", _("Партнёр")
    AUDITOR = "auditor", _("Аудитор")


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Add a person; without a password they cannot log in until invited."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, **{"role": Role.OWNER, "name": email} | fields)


class User(AbstractBaseUser):
    """A person of the company. A user of amoCRM is one who cannot log in until invited (no usable password)."""

    email = models.EmailField(_("Почта"), unique=True)
    name = models.CharField(_("Имя"), max_length=200)
    role = models.CharField(_("Роль"), max_length=16, choices=Role, default=Role.MANAGER)
    amo_id = models.BigIntegerField(null=True, blank=True, unique=True)
    is_active = models.BooleanField(_("Работает"), default=True)
    language = models.CharField(_("Язык"), max_length=2, choices=[("ru", "Русский"), ("en", "English")], default="ru")
    theme = models.CharField(
        _("Тема"),
        max_length=5,
        choices=[("auto", _("Как в системе")), ("light", _("Светлая")), ("dark", _("Тёмная"))],
        default="auto",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_in_lower_case"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="user_role_known"),
        ]
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def initials(self) -> str:
        return formats.initials(str(self))

    @property
    def hue(self) -> int:
        """A colour of one's own for the avatar, 0–359, stable for a person."""
        return (self.pk or 0) * 137 % 360

    @property
    def first_name(self) -> str:
        return str(self).split()[0]


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def alive(self, now: datetime) -> "ApiKeyQuerySet":
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now), revoked_at__isnull=True)


class ApiKey(models.Model):
    """A partner's key. Only its SHA-256 is kept: the secret has 256 random bits, so a slow hash would add nothing."""

    SCOPED = ("contacts", "deals", "segments", "campaigns", "webhooks")
    SCOPES = (*(f"{scope}:{verb}" for scope in SCOPED for verb in ("read", "write", "*")), "admin")

    name = models.CharField(max_length=200)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        ordering = [F("created_at").desc()]

    def __str__(self) -> str:
        return self.name

    def may(self, verb: str, scope: str) -> bool:
        """Whether the key opens ``scope`` for reading or writing; ``x:*`` is both, ``admin`` is everything."""
        return bool(scope) and not {f"{scope}:{verb}", f"{scope}:*", "admin"}.isdisjoint(self.scopes)

    @staticmethod
    def digest_of(secret: str) -> str:
        return hashlib.sha256(secret.encode()).hexdigest()

    @classmethod
    def issue(cls, name: str, scopes: list[str], expires_at: datetime | None = None) -> tuple["ApiKey", str]:
        """Create a key and return it with its secret, which is shown once and never stored."""
        secret = f"crmseg_{secrets.token_urlsafe(32)}"
        key = cls.objects.create(
            name=name, prefix=secret[7:15], digest=cls.digest_of(secret), scopes=scopes, expires_at=expires_at
        )
        return key, secret


class LoginCountQuerySet(models.QuerySet["LoginCount"]):
    def ensure(self, keys: Collection[str], now: datetime) -> None:
        """A row for every key; those nobody has touched for long go."""
        if self.filter(pk__in=keys).count() < len(keys):
            self.filter(last_at__lt=now - 2 * LoginCount.FORGOTTEN_AFTER).exclude(pk__in=keys).delete()
            self.bulk_create([self.model(key=key, last_at=now) for key in sorted(keys)], ignore_conflicts=True)

    def held(self, keys: Iterable[str]) -> "LoginCountQuerySet":
        """Locked, always in the same order, so that no two logins wait for each other."""
        return self.filter(pk__in=keys).select_for_update(no_key=True).order_by("pk")

    def wipe(self, key: str) -> None:
        self.filter(pk=key).update(attempts=0, blocked_until=None, blocked_before=None)

    def take_back(self, key: str) -> None:
        """One attempt turned out right: it is not counted, and nobody waits because of it."""
        self.filter(pk=key, attempts__gt=0).update(attempts=F("attempts") - 1, blocked_until=F("blocked_before"))


class LoginCount(models.Model):
    """How many attempts to log in failed lately under one key (see ``backoff``), and until when the next one waits."""

    FORGOTTEN_AFTER = timedelta(days=1)
    FIRST_WAIT = timedelta(minutes=1)
    LONGEST_WAIT = timedelta(minutes=15)

    key = models.CharField(max_length=64, primary_key=True)
    attempts = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(db_index=True)
    blocked_until = models.DateTimeField(null=True, blank=True)
    blocked_before = models.DateTimeField(null=True, blank=True)  # what it was before the last attempt

    objects = LoginCountQuerySet.as_manager()

    def __str__(self) -> str:
        return self.key

    def add(self, now: datetime, free: int) -> None:
        """Count an attempt; from the last free one on each doubles the wait."""
        old = self.last_at < now - self.FORGOTTEN_AFTER
        self.attempts = 1 if old else self.attempts + 1
        self.last_at, self.blocked_before = now, self.blocked_until
        if self.attempts >= free:
            doublings = min(self.attempts - free, 10)
            self.blocked_until = now + min(self.FIRST_WAIT * 2**doublings, self.LONGEST_WAIT)
        self.save(update_fields=["attempts", "last_at", "blocked_until", "blocked_before"])
