"""Pages of a collection: limit clamped to the maximum, 204 when there is nothing, links to the neighbours."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import orjson

from integrations.amocrm.sandbox.http import Request, Response, no_content, raw_hal
from integrations.amocrm.sandbox.query import parse, whole, with_page

if TYPE_CHECKING:
    from integrations.amocrm.sandbox.core import Sandbox

T = TypeVar("T")
PAGE, MAX_PAGE = 50, 250


def paged(
    box: "Sandbox",
    request: Request,
    rows: Sequence[T],
    key: str,
    render: Callable[[T], bytes],
    most: int = MAX_PAGE,
    totals: bool = False,
) -> Response:
    page = max(whole(request.query.get("page"), 1) or 1, 1)
    limit = min(max(whole(request.query.get("limit"), PAGE) or PAGE, 1), most)
    start = (page - 1) * limit
    shown = rows[start : start + limit]
    if not shown:
        return no_content()
    more = start + limit < len(rows)
    head: dict[str, Any] = {"_page": page, "_links": _links(box, request.target, page, more)}
    if totals:
        head = {"_total_items": len(rows), "_page_count": -(-len(rows) // limit), **head}
    body = b",".join([render(row) for row in shown])
    return raw_hal(orjson.dumps(head)[:-1] + f',"_embedded":{{"{key}":['.encode() + body + b"]}}")


def whole_list(box: "Sandbox", request: Request, key: str, items: Sequence[Any]) -> Response:
    """A dictionary that amoCRM never pages, with its count."""
    if not items and request.method == "GET":
        return no_content()
    document = {
        "_total_items": len(items),
        "_links": {"self": {"href": box.base_url + request.target}},
        "_embedded": {key: list(items)},
    }
    return raw_hal(orjson.dumps(document))


def ordering(query: dict[str, Any], allowed: tuple[str, ...], default: tuple[str, bool]) -> tuple[str, bool]:
    """`order[field]=asc|desc` as (field, is descending); anything unknown falls back in silence."""
    order = query.get("order")
    if not isinstance(order, dict) or not order:
        return default
    name, direction = next(iter(order.items()))
    if name not in allowed or direction not in ("asc", "desc"):
        return default
    return name, direction == "desc"


def query_key(target: str) -> tuple[str, ...]:
    """What makes two requests ask for the same rows: everything but the page, its size and `with`."""
    skipped = ("page", "limit", "with")
    return tuple(sorted(part for part in urlsplit(target).query.split("&") if part.split("=")[0] not in skipped))


def _links(box: "Sandbox", target: str, page: int, more: bool) -> dict[str, Any]:
    def link(number: int) -> dict[str, str]:
        return {"href": box.base_url + with_page(target, number)}

    links = {"self": {"href": box.base_url + target}}
    if not parse(target).get("page"):
        links["self"] = link(page)
    if more:
        links["next"] = link(page + 1)
    if page > 1:
        links |= {"first": link(1), "prev": link(page - 1)}
    return links
