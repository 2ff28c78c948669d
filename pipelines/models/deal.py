from datetime import datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models, transaction
from django.db.models import Exists, F, Q, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crmseg.accounts.models import User
from pipelines import changes, moves, visits
from pipelines.moves import Closing

from .activity import Note, Task
from .change import Origin
from .contact import Company, Contact
from .grams import gram_index
from .mirrored import Mirrored, MirroredQuerySet, folded
from .pipeline import STUCK_AFTER, LossReason, Pipeline, Stage
from .refusals import EntryRefused, LossReasonRequired, StageChanged, UndoRefused
from .visit import StageVisit

UNDO_WITHIN = timedelta(minutes=10)


class DealQuerySet(MirroredQuerySet):
    def open(self) -> "DealQuerySet":
        return self.alive().filter(stage__kind__in=Stage.OPEN_KINDS)

    def won(self) -> "DealQuerySet":
        return self.alive().filter(stage__kind=Stage.Kind.WON)

    def stuck(self, now: datetime) -> "DealQuerySet":
        """Longer on an open stage than two norms of it; a stage without a norm holds nobody up."""
        return self.filter(self.is_stuck(now))

    @staticmethod
    def is_stuck(now: datetime) -> Q:
        limit = Value(now) - F("stage__max_days") * Value(timedelta(days=STUCK_AFTER))
        return Q(stage__kind__in=Stage.OPEN_KINDS, stage__max_days__gt=0, stage_entered_at__lt=limit)

    def with_overdue_task(self, now: datetime) -> "DealQuerySet":
        return self.filter(Exists(Task.objects.open_of_deal().filter(due_at__lt=now)))

    def without_task(self) -> "DealQuerySet":
        return self.filter(~Exists(Task.objects.open_of_deal()))


class Deal(Mirrored):
    name = models.CharField(_("Название"), max_length=500, blank=True, default="")
    name_key = folded("name")
    price = models.DecimalField(_("Бюджет"), max_digits=15, decimal_places=2, null=True, blank=True)
    pipeline = models.ForeignKey(Pipeline, models.PROTECT, related_name="deals", db_index=False)
    stage = models.ForeignKey(Stage, models.PROTECT, related_name="deals")
    stage_entered_at = models.DateTimeField(default=timezone.now)
    contacts = models.ManyToManyField(Contact, through="DealContact", related_name="deals")
    company = models.ForeignKey(Company, models.SET_NULL, null=True, blank=True, related_name="deals")
    responsible = models.ForeignKey(
        "accounts.User",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="deals",
        db_index=False,
        verbose_name=_("Ответственный"),
    )
    loss_reason = models.ForeignKey(
        LossReason, models.SET_NULL, null=True, blank=True, related_name="deals", db_index=False
    )
    source = models.CharField(_("Источник"), max_length=200, blank=True, default="")
    tags = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    custom = models.JSONField(default=dict, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = DealQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["stage", "stage_entered_at", "id"],
                include=["price", "responsible"],
                condition=Q(deleted_at__isnull=True),
                name="deal_on_board",
            ),
            models.Index(fields=["responsible", "stage"], name="deal_responsible"),
            models.Index(fields=["loss_reason", "closed_at"], name="deal_lost", condition=Q(loss_reason__isnull=False)),
            models.Index(fields=["changed_at", "id"], name="deal_changed"),
            GinIndex(fields=["tags"], name="deal_tags"),
            GinIndex(fields=["custom"], name="deal_custom", opclasses=["jsonb_path_ops"]),
            gram_index("name_key", "deal_grams"),
        ]

    def __str__(self) -> str:
        return self.name or str(_("Сделка № %(number)s") % {"number": self.pk})

    @property
    def lacks_loss_reason(self) -> bool:
        """Taken over from amoCRM as it was: lost, and nobody said why."""
        return self.stage.kind == Stage.Kind.LOST and self.loss_reason_id is None

    def days_on_stage(self, now: datetime) -> int:
        return max((now - self.stage_entered_at).days, 0)

    def move_to(
        self,
        stage: Stage,
        *,
        by: User | None = None,
        origin: Origin | str = Origin.UI,
        now: datetime,
        loss_reason: LossReason | None = None,
        came_from: Stage | None = None,
    ) -> StageVisit:
        """Put the deal on a stage: row, visit and change in one transaction. What amoCRM did is never refused."""
        with transaction.atomic():
            self._hold()
            if came_from is not None and came_from.pk != self.stage_id:
                raise StageChanged(self.stage, self._moved_by(), by)
            if stage.pk == self.stage_id:
                return self._stay(loss_reason, by, origin, now)
            if origin not in Origin.inbound():
                self._check_entry(stage, loss_reason)
            was, visit = Closing(self.closed_at, self.loss_reason), visits.enter(self, stage, at=now, by=by)
            lost_for = loss_reason if stage.kind == Stage.Kind.LOST else None
            self._stand_on(visit, Closing(None if stage.is_open else visit.entered_at, lost_for), now)
            moves.record(self, visit, was, by, origin)
            return visit

    def undo_move(self, visit_id: int, *, by: User, now: datetime) -> StageVisit:
        """Take one's own latest move back as if it had not been: the stay before it goes on since it began.

        ``visit_id`` is the visit that move made. Only while it is the latest and fresh; the log keeps both lines.
        """
        with transaction.atomic():
            self._hold()
            undone = self._fresh_move(visit_id, by, now)
            visit = visits.take_back(undone)
            if visit is None:
                raise UndoRefused(_("История этапов сделки обновилась, этот перенос уже не отменить"))
            self._check_stage(visit.stage)
            self._stand_on(visit, moves.before(self, undone), now)
            moves.record_undo(self, visit, undone, by, now)
            return visit

    def win(self, *, by: User | None = None, origin: Origin | str = Origin.UI, now: datetime) -> StageVisit:
        return self.move_to(self._closing_stage(Stage.Kind.WON), by=by, origin=origin, now=now)

    def lose(
        self,
        reason: LossReason | None,
        *,
        by: User | None = None,
        origin: Origin | str = Origin.UI,
        now: datetime,
    ) -> StageVisit:
        stage = self._closing_stage(Stage.Kind.LOST)
        return self.move_to(stage, by=by, origin=origin, now=now, loss_reason=reason)

    def add_note(self, text: str, *, by: User | None, now: datetime, origin: Origin | str = Origin.UI) -> Note:
        with transaction.atomic():
            note = Note.objects.create(deal=self, text=text, author=by, created_at=now, updated_at=now, changed_at=now)
            changes.record("note.created", note.pk, origin=origin, at=now, actor=by, data={"deal": self.pk})
            return note

    def _hold(self) -> None:
        """Lock the row and read what a move depends on: of two moves at once the second sees the first."""
        rows = Deal.objects.select_for_update(no_key=True)
        fields = ["stage", "pipeline", "stage_entered_at", "closed_at", "loss_reason", "deleted_at"]
        self.refresh_from_db(fields=fields, from_queryset=rows)

    def _moved_by(self) -> User | None:
        visit = self.visits.filter(left_at__isnull=True).select_related("by").first()
        return visit.by if visit else None

    def _closing_stage(self, kind: Stage.Kind) -> Stage:
        return self.pipeline.stages.alive().get(kind=kind)

    def _fresh_move(self, visit_id: int, by: User, now: datetime) -> StageVisit:
        visit = self.visits.filter(left_at__isnull=True).first()
        if visit is None or visit.pk != visit_id:
            if moves.was_undone(self, visit_id):
                raise UndoRefused(_("Этот перенос уже отменён"))
            text = _("Сделку уже перенесли дальше, на этап «%(stage)s». Отменить прежний перенос нельзя")
            raise UndoRefused(text % {"stage": self.stage})
        if visit.by_id != by.pk:
            raise UndoRefused(_("Отменить можно только свой перенос"))
        if now - visit.entered_at > UNDO_WITHIN:
            raise UndoRefused(_("Отменить перенос можно в течение 10 минут. Перенесите сделку обратно"))
        return visit

    def _check_entry(self, stage: Stage, loss_reason: LossReason | None) -> None:
        self._check_stage(stage)
        if stage.kind == Stage.Kind.LOST and loss_reason is None:
            raise LossReasonRequired

    def _check_stage(self, stage: Stage) -> None:
        if self.deleted_at:
            raise EntryRefused(str(_("Сделка удалена")))
        if stage.deleted_at or stage.pipeline.deleted_at:
            raise EntryRefused(str(_("Этап «%(stage)s» удалён") % {"stage": stage}))
        if stage.takes_nobody_back:
            raise EntryRefused(str(_("amoCRM не возвращает сделки в «%(stage)s»") % {"stage": stage}))

    def _stay(self, reason: LossReason | None, by: User | None, origin: Origin | str, now: datetime) -> StageVisit:
        """Same stage: no visit, no move. A reason may still be given to a deal that was lost without one."""
        if self.stage.kind == Stage.Kind.LOST and reason and reason.pk != self.loss_reason_id:
            self.loss_reason, self.updated_at, self.changed_at = reason, now, now
            self.save(update_fields=["loss_reason", "updated_at", "changed_at"])
            data = {"fields": ["loss_reason"]}
            changes.record("deal.updated", self.pk, origin=origin, at=now, actor=by, data=data)
        return self.visits.filter(left_at__isnull=True).first() or visits.missing(self, now)

    def _stand_on(self, visit: StageVisit, closing: Closing, now: datetime) -> None:
        self.stage, self.pipeline, self.stage_entered_at = visit.stage, visit.stage.pipeline, visit.entered_at
        self.closed_at, self.loss_reason = closing.at, closing.reason
        self.updated_at = self.changed_at = now
        self.save(
            update_fields=[
                "stage", "pipeline", "stage_entered_at", "closed_at", "loss_reason", "updated_at", "changed_at"
            ]
        )  # fmt: skip


class DealContact(models.Model):
    """A person of a deal; one of them is the main one."""

    deal = models.ForeignKey(Deal, models.CASCADE, related_name="links", db_index=False)
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="links")
    is_main = models.BooleanField(default=False)

    class Meta:
        ordering = [F("is_main").desc(), "id"]
        constraints = [
            models.UniqueConstraint(fields=["deal", "contact"], name="deal_contact_once"),
            models.UniqueConstraint(fields=["deal"], condition=Q(is_main=True), name="deal_one_main_contact"),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id} – {self.contact_id}"
