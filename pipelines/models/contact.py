from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crmseg.web import formats

from .grams import gram_index
from .mirrored import Mirrored, MirroredQuerySet, folded


class Lifecycle(models.TextChoices):
    """The status of a client (product C-1 … C-3, E7); the first that holds counts, see segments.lifecycle."""

    NEW = "new", _("Новый")
    IN_WORK = "in_work", _("В работе")
    REFUSED = "refused", _("Отказник")
    LOW_QUALITY = "low_quality", _("Некачественный")
    BUYER_ONE_OFF = "buyer_one_off", _("Разовый покупатель")
    BUYER_PERIODIC = "buyer_periodic", _("Периодический покупатель")
    BUYER_REGULAR = "buyer_regular", _("Постоянный покупатель")
    VIP = "vip", _("VIP")


class Person(Mirrored):
    """What a contact and a company share."""

    name = models.CharField(_("Название"), max_length=500, blank=True, default="")
    name_key = folded("name")
    responsible = models.ForeignKey(
        "accounts.User",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("Ответственный"),
    )
    tags = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    custom = models.JSONField(default=dict, blank=True)
    lifecycle = models.CharField(max_length=16, choices=Lifecycle, default=Lifecycle.NEW)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name or str(_("Без имени"))


class Company(Person):
    objects = MirroredQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["changed_at", "id"], name="company_changed"),
            models.Index(fields=["name_key", "id"], name="company_name_key"),
            models.Index(fields=["responsible", "id"], name="company_responsible"),
            GinIndex(fields=["tags"], name="company_tags"),
            gram_index("name_key", "company_grams"),
        ]


class Contact(Person):
    first_name = models.CharField(_("Имя"), max_length=250, blank=True, default="")
    last_name = models.CharField(_("Фамилия"), max_length=250, blank=True, default="")
    company = models.ForeignKey(Company, models.SET_NULL, null=True, blank=True, related_name="contacts")
    source = models.CharField(_("Источник"), max_length=200, blank=True, default="")
    rfm_recency = models.PositiveSmallIntegerField(null=True, blank=True)
    rfm_frequency = models.PositiveSmallIntegerField(null=True, blank=True)
    rfm_monetary = models.PositiveSmallIntegerField(null=True, blank=True)

    objects = MirroredQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["changed_at", "id"], name="contact_changed"),
            models.Index(fields=["name_key", "id"], name="contact_name_key"),
            models.Index(fields=["responsible", "id"], name="contact_responsible"),
            models.Index(fields=["lifecycle", "id"], name="contact_lifecycle"),
            GinIndex(fields=["tags"], name="contact_tags"),
            GinIndex(fields=["custom"], name="contact_custom", opclasses=["jsonb_path_ops"]),
            gram_index("name_key", "contact_grams"),
        ]

    @property
    def initials(self) -> str:
        return formats.initials(str(self))

    @property
    def hue(self) -> int:
        return (self.pk or 0) * 137 % 360


class ContactPoint(models.Model):
    """An e-mail address or a phone number of a contact or a company, normalised, with the text it was typed as."""

    class Kind(models.TextChoices):
        EMAIL = "email", _("Почта")
        PHONE = "phone", _("Телефон")

    contact = models.ForeignKey(Contact, models.CASCADE, null=True, blank=True, related_name="points", db_index=False)
    company = models.ForeignKey(Company, models.CASCADE, null=True, blank=True, related_name="points", db_index=False)
    kind = models.CharField(max_length=5, choices=Kind)
    value = models.CharField(max_length=320)  # e-mail in lower case with a punycode domain; phone in E.164
    raw = models.CharField(max_length=500)
    label = models.CharField(max_length=20, blank=True, default="")
    position = models.PositiveSmallIntegerField(default=0)
    is_valid = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(contact__isnull=False, company__isnull=True)
                | Q(contact__isnull=True, company__isnull=False),
                name="point_has_one_owner",
            ),
            models.UniqueConstraint(
                fields=["contact", "kind", "value"],
                condition=Q(contact__isnull=False),
                name="contact_point_once",
            ),
            models.UniqueConstraint(
                fields=["company", "kind", "value"],
                condition=Q(company__isnull=False),
                name="company_point_once",
            ),
        ]
        indexes = [
            models.Index(fields=["kind", "value"], name="point_value"),
            gram_index("value", "point_grams"),
        ]
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.value


class Tag(models.Model):
    """The dictionary of tags; rows carry their tags by name."""

    class Entity(models.TextChoices):
        CONTACT = "contact", _("Контакт")
        COMPANY = "company", _("Компания")
        DEAL = "deal", _("Сделка")

    entity = models.CharField(max_length=8, choices=Entity)
    name = models.CharField(max_length=200)
    color = models.CharField(max_length=7, blank=True, default="")
    amo_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entity", "name"], name="tag_once")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
