"""Money as JSON numbers: whole roubles without a point, anything else with both digits of the kopecks."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.utils.encoders import JSONEncoder


class MoneyField(serializers.Field[Any, Any, Any, Any]):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: Decimal) -> int | Decimal:
        return int(value) if value == value.to_integral_value() else value


class Encoder(JSONEncoder):
    def default(self, obj: Any) -> Any:
        return float(obj) if isinstance(obj, Decimal) else super().default(obj)


def written(value: object) -> object:
    return orjson.Fragment(f"{value:.2f}") if isinstance(value, Decimal) else str(value)


class Renderer(JSONRenderer):
    """By orjson, which knows such numbers; by the slower one what orjson refuses: integers above 64 bits, an indent."""

    encoder_class = Encoder

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> Any:
        is_indented = self.get_indent(accepted_media_type or "", dict(renderer_context or {}))
        if data is not None and not is_indented:
            try:
                return orjson.dumps(data, default=written)
            except orjson.JSONEncodeError:
                pass
        return super().render(data, accepted_media_type, renderer_context)
