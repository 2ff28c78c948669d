"""Users, pipelines, loss reasons, custom fields: few rows that others point to, so one by one and never dropped."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import Q

from crmseg.accounts.models import Role, User

from ..models import CustomField, LossReason, Pipeline, Stage
from .table import Loaded, Row


def load_users(rows: Sequence[Row]) -> Loaded:
    """A user of amoCRM is a person who cannot log in until invited; one with the same e-mail is that person."""
    result = Loaded()
    with transaction.atomic():
        for row in rows:
            known = User.objects.filter(Q(amo_id=row["amo_id"]) | Q(email=row["email"])).order_by("amo_id").first()
            if known is None:
                user = User(role=Role.MANAGER, **row)
                user.set_unusable_password()
                user.save()
                result.created.append(user.pk)
            else:
                # who can log in keeps the name and the address they log in with
                kept = {"amo_id"} if known.has_usable_password() else {"amo_id", "name", "is_active"}
                _put(known, {name: row[name] for name in kept}, result)
    return result


def load_pipelines(rows: Sequence[Row], now: datetime) -> Loaded:
    """Pipelines with their stages. What a company set here (probability, norm) stays."""
    result = Loaded()
    with transaction.atomic():
        _step_back(rows)
        for row in rows:
            own = {name: row[name] for name in ("name", "position", "is_main", "is_archived")}
            pipeline = _row(Pipeline, {"amo_id": row["amo_id"]}, {**own, "deleted_at": None}, result)
            for stage in row["stages"]:
                key = {"pipeline": pipeline, "amo_id": stage["amo_id"]}
                _row(Stage, key, {**stage, "deleted_at": None}, result)
            gone = pipeline.stages.exclude(amo_id__in=[stage["amo_id"] for stage in row["stages"]])
            gone.filter(amo_id__isnull=False, deleted_at__isnull=True).update(deleted_at=now)
        _vanish(Pipeline.objects.all(), [row["amo_id"] for row in rows], now)
    return result


def load_loss_reasons(rows: Sequence[Row], now: datetime) -> Loaded:
    result = Loaded()
    with transaction.atomic():
        for row in rows:
            _row(LossReason, {"amo_id": row["amo_id"]}, {**row, "deleted_at": None}, result)
        _vanish(LossReason.objects.all(), [row["amo_id"] for row in rows], now)
    return result


def load_fields(entity: str, rows: Sequence[Row], now: datetime) -> Loaded:
    result = Loaded()
    with transaction.atomic():
        for row in rows:
            if not CustomField.objects.filter(entity=entity, amo_id=row["amo_id"]).exists():
                # a field made anew under a known code continues the old one
                CustomField.objects.filter(entity=entity, key=row["key"]).update(amo_id=row["amo_id"])
            _row(CustomField, {"entity": entity, "amo_id": row["amo_id"]}, {**row, "deleted_at": None}, result)
        _vanish(CustomField.objects.filter(entity=entity), [row["amo_id"] for row in rows], now)
    return result


def _step_back(rows: Sequence[Row]) -> None:
    """Only one pipeline is the main one: the former one makes room first."""
    main = [row["amo_id"] for row in rows if row["is_main"]]
    Pipeline.objects.filter(is_main=True).exclude(amo_id__in=main).update(is_main=False)


def _vanish(rows: models.QuerySet[Any], present: Collection[int], now: datetime) -> None:
    rows.filter(amo_id__isnull=False, deleted_at__isnull=True).exclude(amo_id__in=present).update(deleted_at=now)


def _row(model: type[models.Model], key: dict[str, Any], values: dict[str, Any], result: Loaded) -> Any:
    known = model._default_manager.filter(**key).first()
    if known is None:
        made = model._default_manager.create(**key | values)
        result.created.append(made.pk)
        return made
    _put(known, values, result)
    return known


def _put(row: models.Model, values: dict[str, Any], result: Loaded) -> None:
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    if not changed:
        result.unchanged += 1
        return
    for name in changed:
        setattr(row, name, values[name])
    row.save(update_fields=changed)
    result.updated.append(row.pk)
