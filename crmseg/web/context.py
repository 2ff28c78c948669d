from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from . import navigation


def shell(request: HttpRequest) -> dict[str, Any]:
    """What base.html needs on every page; fragments pay nothing for the navigation they do not draw."""
    return {
        "navigation": SimpleLazyObject(lambda: navigation.build(request)),
        "theme": getattr(request, "theme", "auto"),
    }
