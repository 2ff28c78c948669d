"""The sections of the product: every room registers its own from AppConfig.ready(), the shell draws them.

`build(request)` gives what one user sees: groups for the side navigation, at most four tabs for the bottom bar of
small screens, and the rest for its sheet «Ещё».
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

GROUPS = ("work", "audience", "reports", "system")  # "system" stands at the bottom
TABS = 4

Test = Callable[[HttpRequest], bool]


@dataclass(frozen=True)
class NavItem:
    """A section: who sees it (`roles`, or a `predicate` of the request) and the count shown beside it."""

    url_name: str
    label: Any  # a lazy translation
    icon: str
    position: int = 100
    group: str = "work"
    roles: frozenset[str] | None = None
    predicate: Test | None = None
    counter: Callable[[HttpRequest], int] | None = None
    counter_label: Any = ""
    is_tab: bool = False

    def is_open_to(self, request: HttpRequest) -> bool:
        if self.roles is not None and getattr(request.user, "role", None) not in self.roles:
            return False
        return self.predicate is None or self.predicate(request)


@dataclass(frozen=True)
class Link:
    """A section as one user sees it on one page."""

    label: Any
    url: str
    icon: str
    group: str
    is_tab: bool
    is_current: bool
    count: int
    count_label: Any


@dataclass(frozen=True)
class Navigation:
    links: Sequence[Link] = field(default_factory=tuple)

    @property
    def groups(self) -> list[list[Link]]:
        upper = [link for link in self.links if link.group != "system"]
        return [list(links) for _, links in groupby(upper, key=lambda link: link.group)]

    @property
    def system(self) -> list[Link]:
        return [link for link in self.links if link.group == "system"]

    @property
    def tabs(self) -> list[Link]:
        """The bottom bar: the sections marked for it, or the first ones."""
        return ([link for link in self.links if link.is_tab] or list(self.links))[:TABS]

    @property
    def rest(self) -> list[Link]:
        tabs = self.tabs
        return [link for link in self.links if link not in tabs]

    @property
    def is_in_rest(self) -> bool:
        """Whether the page is one of the sheet's, so that «Ещё» is the current one of the bar."""
        return any(link.is_current for link in self.rest)


_items: dict[str, NavItem] = {}


def register(item: NavItem) -> None:
    if item.group not in GROUPS:
        raise ValueError(f"{item.url_name}: no group {item.group!r} in the navigation")
    _items[item.url_name] = item


def items_for(request: HttpRequest) -> list[NavItem]:
    order = sorted(_items.values(), key=lambda item: (GROUPS.index(item.group), item.position, item.url_name))
    return [item for item in order if item.is_open_to(request)]


def build(request: HttpRequest) -> Navigation:
    if not request.user.is_authenticated:
        return Navigation()
    items = items_for(request)
    urls = {item.url_name: reverse(item.url_name) for item in items}
    here = current(request.path, list(urls.values()))
    return Navigation([_link(item, request, urls[item.url_name], here) for item in items])


def current(path: str, urls: Sequence[str]) -> str | None:
    """The section a page belongs to: the longest address its own begins with."""
    inside = [url for url in urls if path.startswith(url.partition("?")[0])]
    return max(inside, key=len, default=None)


def first_url(request: HttpRequest) -> str | None:
    """Where a user starts: the first section open to them."""
    items = items_for(request)
    return reverse(items[0].url_name) if items else None


def _link(item: NavItem, request: HttpRequest, url: str, here: str | None) -> Link:
    return Link(
        label=item.label,
        url=url,
        icon=item.icon,
        group=item.group,
        is_tab=item.is_tab,
        is_current=url == here,
        count=item.counter(request) if item.counter else 0,
        count_label=item.counter_label,
    )
