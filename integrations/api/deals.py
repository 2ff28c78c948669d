from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from pipelines.models import Deal, StageVisit

from .mirrored import MirroredViewSet
from .pagination import PARAMETERS


class MoneyField(serializers.Field[Any, Any, Any, Any]):
    """A JSON number, whole roubles without a point. A float carries the fifteen digits of the column unharmed."""

    def to_representation(self, value: Decimal) -> int | float:
        return int(value) if value == value.to_integral_value() else float(value)


class DealSerializer(serializers.ModelSerializer[Deal]):
    price = MoneyField(read_only=True)
    stage_kind = serializers.CharField(source="stage.kind", read_only=True)
    contacts = serializers.SerializerMethodField()
    main_contact = serializers.SerializerMethodField()
    custom_fields = serializers.JSONField(source="custom", read_only=True)

    class Meta:
        model = Deal
        fields = [
            "id", "amo_id", "name", "price", "pipeline", "stage", "stage_kind", "contacts", "main_contact", "company",
            "responsible", "loss_reason", "tags", "custom_fields", "source", "created_at", "updated_at", "changed_at",
            "closed_at", "stage_entered_at", "deleted_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_contacts(self, deal: Deal) -> list[int]:
        return [link.contact_id for link in deal.links.all()]

    def get_main_contact(self, deal: Deal) -> int | None:
        return next((link.contact_id for link in deal.links.all() if link.is_main), None)


class VisitSerializer(serializers.ModelSerializer[StageVisit]):
    """``duration_s`` of a stay that has not ended runs to ``now`` of the context."""

    duration_s = serializers.SerializerMethodField()

    class Meta:
        model = StageVisit
        fields = ["stage", "pipeline", "entered_at", "left_at", "duration_s", "direction", "skipped", "source"]
        read_only_fields = fields

    def get_duration_s(self, visit: StageVisit) -> int:
        return int(((visit.left_at or self.context["now"]) - visit.entered_at).total_seconds())


class DealViewSet(MirroredViewSet):
    scope = "deals"
    model = Deal
    serializer_class = DealSerializer

    def related(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.select_related("stage").prefetch_related("links")

    @action(detail=True, parameters=PARAMETERS)
    def visits(self, request: Request, pk: str) -> Response:
        """Stage history, oldest first."""
        self.order = ("entered_at", "id")
        page = self.paginate_queryset(self.get_object().visits.all())
        return self.get_paginated_response(VisitSerializer(page, many=True, context={"now": timezone.now()}).data)
