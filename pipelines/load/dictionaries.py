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
        known = _by_amo_id(Pipeline.objects.all())
        for row in rows:
            own = {name: row[name] for name in ("amo_id", "name", "position", "is_main", "is_archived")}
            pipeline = known.setdefault(row["amo_id"], Pipeline())
            _put(pipeline, {**own, "deleted_at": None}, result)
            stages = _by_amo_id(pipeline.stages.all())
            for stage in row["stages"]:
                place = stages.setdefault(stage["amo_id"], Stage(pipeline=pipeline))
                _put(place, {**stage, "deleted_at": None}, result)
            gone = pipeline.stages.exclude(amo_id__in=[stage["amo_id"] for stage in row["stages"]])
            gone.filter(amo_id__isnull=False, deleted_at__isnull=True).update(deleted_at=now)
        _vanish(Pipeline.objects.all(), [row["amo_id"] for row in rows], now)
    return result


def load_loss_reasons(rows: Sequence[Row], now: datetime) -> Loaded:
    result = Loaded()
    with transaction.atomic():
        known = _by_amo_id(LossReason.objects.all())
        for row in rows:
            _put(known.setdefault(row["amo_id"], LossReason()), {**row, "deleted_at": None}, result)
        _vanish(LossReason.objects.all(), [row["amo_id"] for row in rows], now)
    return result


def load_fields(entity: str, rows: Sequence[Row], now: datetime) -> Loaded:
    result = Loaded()
    with transaction.atomic():
        fields = CustomField.objects.filter(entity=entity)
        known, by_key = _by_amo_id(fields), {field.key: field for field in fields}
        for row in rows:
            # a field made anew under a known code continues the old one
            field = known.setdefault(row["amo_id"], by_key.get(row["key"]) or CustomField(entity=entity))
            _put(field, {**row, "deleted_at": None}, result)
        _vanish(CustomField.objects.filter(entity=entity), [row["amo_id"] for row in rows], now)
    return result


def _step_back(rows: Sequence[Row]) -> None:
    """Only one pipeline is the main one: the former one makes room first."""
    main = [row["amo_id"] for row in rows if row["is_main"]]
    Pipeline.objects.filter(is_main=True).exclude(amo_id__in=main).update(is_main=False)


def _vanish(rows: models.QuerySet[Any], present: Collection[int], now: datetime) -> None:
    rows.filter(amo_id__isnull=False, deleted_at__isnull=True).exclude(amo_id__in=present).update(deleted_at=now)


def _by_amo_id(rows: models.QuerySet[Any]) -> dict[int, Any]:
    return {row.amo_id: row for row in rows}


def _put(row: Any, values: dict[str, Any], result: Loaded) -> None:
    """A new row is made, a known one changed where it differs."""
    if row._state.adding:
        for name, value in values.items():
            setattr(row, name, value)
        row.save(force_insert=True)
        result.created.append(row.pk)
        return
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    if not changed:
        result.unchanged += 1
        return
    for name in changed:
        setattr(row, name, values[name])
    row.save(update_fields=changed)
    result.updated.append(row.pk)
