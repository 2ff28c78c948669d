"""Query strings in PHP's bracket notation: `filter[id][]=1` becomes {"filter": {"id": {"0": "1"}}}."""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit


def parse(target: str) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in parse_qsl(urlsplit(target).query, keep_blank_values=True):
        _put(tree, _path(key), value)
    return tree


def leaves(node: Any) -> list[str]:
    """Every scalar under a node, in order; a scalar may itself be a comma list."""
    if node is None:
        return []
    if isinstance(node, dict):
        return [leaf for child in node.values() for leaf in leaves(child)]
    return [str(node)]


def names(node: Any) -> set[str]:
    return {name for leaf in leaves(node) for name in leaf.split(",") if name}


def whole(text: Any, default: int | None = None) -> int | None:
    try:
        return int(text)
    except (TypeError, ValueError):
        return default


def with_page(target: str, page: int) -> str:
    """The same request for another page, for the `_links` of a list."""
    parts = urlsplit(target)
    pairs = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != "page"]
    return f"{parts.path}?{urlencode([*pairs, ('page', str(page))])}"


def _path(key: str) -> list[str]:
    head, bracket, rest = key.partition("[")
    if not bracket:
        return [head]
    return [head, *rest.removesuffix("]").split("][")]


def _put(tree: dict[str, Any], path: list[str], value: str) -> None:
    for name in path[:-1]:
        step = name or str(len(tree))
        child = tree.get(step)
        if not isinstance(child, dict):
            child = tree[step] = {}
        tree = child
    tree[path[-1] or str(len(tree))] = value
