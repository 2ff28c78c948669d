from django.db import models
from django.db.models import OuterRef, Q
from django.utils.translation import gettext_lazy as _

from .mirrored import Mirrored, MirroredQuerySet


class Attached(Mirrored):
    """Something said or to be done about one contact, company or deal (or about nobody)."""

    contact = models.ForeignKey("pipelines.Contact", models.CASCADE, null=True, blank=True, related_name="%(class)ss")
    company = models.ForeignKey("pipelines.Company", models.CASCADE, null=True, blank=True, related_name="%(class)ss")
    deal = models.ForeignKey("pipelines.Deal", models.CASCADE, null=True, blank=True, related_name="%(class)ss")
    author = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        abstract = True


class TaskQuerySet(MirroredQuerySet):
    def open(self) -> "TaskQuerySet":
        return self.alive().filter(is_done=False)

    def open_of_deal(self) -> "TaskQuerySet":
        """Of the deal of the outer query, for ``Exists``."""
        return self.open().filter(deal=OuterRef("pk"))


class Task(Attached):
    class Type(models.TextChoices):
        FOLLOW_UP = "follow_up", _("Связаться")
        MEETING = "meeting", _("Встреча")
        OTHER = "other", _("Другое")

    type = models.CharField(max_length=40, default=Type.FOLLOW_UP)
    type_name = models.CharField(max_length=100, blank=True, default="")
    text = models.TextField(blank=True, default="")
    result = models.TextField(blank=True, default="")
    responsible = models.ForeignKey("accounts.User", models.SET_NULL, null=True, blank=True, related_name="tasks")
    due_at = models.DateTimeField()
    is_done = models.BooleanField(default=False)
    completed_at = models.DateTimeField(null=True, blank=True)

    objects = TaskQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["deal", "due_at"],
                name="task_open_of_deal",
                condition=Q(deleted_at__isnull=True, is_done=False),
            ),
            models.Index(fields=["contact", "due_at"], name="task_open_of_contact", condition=Q(is_done=False)),
            models.Index(fields=["responsible", "due_at"], name="task_open_of_user", condition=Q(is_done=False)),
            models.Index(fields=["changed_at", "id"], name="task_changed"),
        ]

    def __str__(self) -> str:
        return self.text or self.type_label

    @property
    def type_label(self) -> str:
        """The account's own name of the type, else ours."""
        return self.type_name or str(dict(self.Type.choices).get(self.type, self.type))


class Note(Attached):
    class Kind(models.TextChoices):
        COMMON = "common", _("Примечание")
        CALL_IN = "call_in", _("Входящий звонок")
        CALL_OUT = "call_out", _("Исходящий звонок")
        MAIL_IN = "mail_in", _("Входящее письмо")
        MAIL_OUT = "mail_out", _("Исходящее письмо")
        SMS_IN = "sms_in", _("Входящая СМС")
        SMS_OUT = "sms_out", _("Исходящая СМС")
        SERVICE = "service", _("Служебное сообщение")
        OTHER = "other", _("Прочее")

    TOUCHES = (Kind.CALL_IN, Kind.CALL_OUT, Kind.MAIL_IN, Kind.MAIL_OUT, Kind.SMS_IN, Kind.SMS_OUT)

    contact = models.ForeignKey(
        "pipelines.Contact", models.CASCADE, null=True, blank=True, related_name="notes", db_index=False
    )
    deal = models.ForeignKey(
        "pipelines.Deal", models.CASCADE, null=True, blank=True, related_name="notes", db_index=False
    )
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.COMMON)
    text = models.TextField(blank=True, default="")
    params = models.JSONField(default=dict, blank=True)  # what else came: duration in seconds, phone, link, subject

    objects = MirroredQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["deal", "-created_at"], name="note_of_deal"),
            models.Index(fields=["contact", "-created_at"], name="note_of_contact"),
            models.Index(fields=["changed_at", "id"], name="note_changed"),
        ]

    def __str__(self) -> str:
        return self.text
