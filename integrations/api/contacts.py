from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from pipelines.models import Company, Contact, ContactPoint

from .mirrored import MirroredViewSet


class PointsField(serializers.Field[Any, Any, list[str], Any]):
    """All e-mails, or all phones in E.164, of a person."""

    def __init__(self, kind: str, **kwargs: Any) -> None:
        super().__init__(source="points", read_only=True, **kwargs)
        self.kind = kind

    def to_representation(self, value: Any) -> list[str]:
        return [point.value for point in value.all() if point.kind == self.kind]


class PersonSerializer(serializers.ModelSerializer[Any]):
    emails = PointsField(ContactPoint.Kind.EMAIL)
    phones = PointsField(ContactPoint.Kind.PHONE)
    custom_fields = serializers.JSONField(source="custom", read_only=True)


class CompanySerializer(PersonSerializer):
    class Meta:
        model = Company
        fields = [
            "id", "amo_id", "name", "emails", "phones", "responsible", "tags", "custom_fields", "lifecycle",
            "created_at", "updated_at", "changed_at", "deleted_at",
        ]  # fmt: skip
        read_only_fields = fields


class ContactSerializer(PersonSerializer):
    class Meta:
        model = Contact
        fields = [
            "id", "amo_id", "name", "first_name", "last_name", "emails", "phones", "company", "responsible", "tags",
            "custom_fields", "lifecycle", "source", "created_at", "updated_at", "changed_at", "deleted_at",
        ]  # fmt: skip
        read_only_fields = fields


class PersonViewSet(MirroredViewSet):
    scope = "contacts"

    def related(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.prefetch_related("points")


class CompanyViewSet(PersonViewSet):
    model = Company
    serializer_class = CompanySerializer


class ContactViewSet(PersonViewSet):
    model = Contact
    serializer_class = ContactSerializer
