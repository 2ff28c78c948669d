from django.db import models
from django.utils.translation import gettext_lazy as _


class CustomField(models.Model):
    """A company's own field, as amoCRM defines it. Values live in ``row.custom[key]`` in the form of ``FORMS``.

    ``key`` is the field's code in lower case, else ``amo_<id>``; for fields made here a slug (contracts §4).
    """

    class Entity(models.TextChoices):
        CONTACT = "contact", _("Контакт")
        COMPANY = "company", _("Компания")
        DEAL = "deal", _("Сделка")

    class Form(models.TextChoices):
        """How a value is kept in JSON, and which rule type reads it."""

        TEXT = "text", _("Текст")  # "…"
        NUMBER = "number", _("Число")  # 12.5
        MONEY = "money", _("Деньги")  # 1200.5
        BOOLEAN = "boolean", _("Да или нет")  # true
        CHOICE = "choice", _("Выбор")  # "option text"
        SET = "set", _("Несколько вариантов")  # ["a", "b"]
        DATE = "date", _("Дата")  # "2026-11-21"
        DATETIME = "datetime", _("Дата и время")  # "2026-11-21T14:32:00+00:00"
        OTHER = "other", _("Прочее")  # kept and shown, no rule field: whatever JSON came

    entity = models.CharField(max_length=8, choices=Entity)
    key = models.CharField(max_length=100)
    name = models.CharField(max_length=300)
    amo_type = models.CharField(max_length=40, blank=True, default="")
    form = models.CharField(max_length=8, choices=Form)
    code = models.CharField(max_length=100, blank=True, default="")
    options = models.JSONField(default=list, blank=True)  # [{"id": 711, "text": "Москва"}, …] in order
    settings = models.JSONField(default=dict, blank=True)
    position = models.IntegerField(default=0)
    amo_id = models.BigIntegerField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["entity", "position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["entity", "key"], name="custom_field_key_once"),
            models.UniqueConstraint(fields=["entity", "amo_id"], name="custom_field_amo_once"),
        ]

    def __str__(self) -> str:
        return self.name
