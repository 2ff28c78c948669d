from typing import Any

from django.db.models import Q, QuerySet
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from segments.models import Membership, Segment

from .mirrored import MirroredViewSet, instant
from .pagination import PARAMETERS


class SegmentSerializer(serializers.ModelSerializer[Segment]):
    class Meta:
        model = Segment
        fields = [
            "id", "name", "kind", "rules", "size", "refreshed_at", "is_paused", "paused_until", "health", "changed_at",
        ]  # fmt: skip
        read_only_fields = fields


class MemberSerializer(serializers.ModelSerializer[Membership]):
    class Meta:
        model = Membership
        fields = ["contact", "entered_at", "left_at"]
        read_only_fields = fields


class SegmentViewSet(MirroredViewSet):
    scope = "segments"
    model = Segment
    serializer_class = SegmentSerializer

    @action(detail=True, parameters=(*PARAMETERS, "at"))
    def members(self, request: Request, pk: str) -> Response:
        """The members now; ``?at=<ISO time>`` gives the members at that time."""
        stays = self.get_object().memberships.all()
        given = request.query_params.get("at")
        page = self.paginate_queryset(stays.filter(left_at__isnull=True) if given is None else _at(stays, given))
        return self.get_paginated_response(MemberSerializer(page, many=True).data)


def _at(stays: QuerySet[Membership], given: str) -> QuerySet[Any]:
    moment = instant("at", given)
    return stays.filter(Q(left_at__isnull=True) | Q(left_at__gt=moment), entered_at__lte=moment)
