from types import SimpleNamespace

import pytest
from django.template.loader import render_to_string

from crmseg.web import navigation
from crmseg.web.navigation import NavItem


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch):
    monkeypatch.setattr(navigation, "_items", {})
    monkeypatch.setattr(navigation, "reverse", lambda name: f"/{name}/")


def request(role="manager", path="/", authenticated=True):
    return SimpleNamespace(user=SimpleNamespace(role=role, is_authenticated=authenticated), path=path)


def labels(links):
    return [link.label for link in links]


def test_each_role_sees_its_own_sections():
    navigation.register(NavItem("deals", "Сделки", "layout-kanban"))
    navigation.register(NavItem("campaigns", "Кампании", "send", roles=frozenset({"marketer"})))
    assert labels(navigation.build(request("manager")).links) == ["Сделки"]
    assert labels(navigation.build(request("marketer")).links) == ["Кампании", "Сделки"]


def test_predicate_may_close_a_section():
    navigation.register(NavItem("amocrm", "amoCRM", "plug-connected", predicate=lambda r: r.user.role == "admin"))
    assert not navigation.build(request("manager")).links
    assert navigation.build(request("admin")).links


def test_groups_stand_in_order_and_system_at_the_bottom():
    navigation.register(NavItem("settings", "Настройки", "settings", group="system"))
    navigation.register(NavItem("segments", "Сегменты", "target-arrow", group="audience"))
    navigation.register(NavItem("today", "Сегодня", "home", position=10))
    navigation.register(NavItem("deals", "Сделки", "layout-kanban", position=20))
    built = navigation.build(request())
    assert [labels(group) for group in built.groups] == [["Сегодня", "Сделки"], ["Сегменты"]]
    assert labels(built.system) == ["Настройки"]


def test_bottom_bar_holds_four_and_the_sheet_the_rest():
    for position in range(6):
        navigation.register(NavItem(f"s{position}", f"Раздел {position}", "home", position=position, is_tab=True))
    built = navigation.build(request())
    assert labels(built.tabs) == ["Раздел 0", "Раздел 1", "Раздел 2", "Раздел 3"]
    assert labels(built.rest) == ["Раздел 4", "Раздел 5"]


@pytest.mark.parametrize(("path", "lit"), [("/s1/", False), ("/s5/", True)])
def test_page_of_the_sheet_lights_its_button(path, lit):
    for position in range(6):
        navigation.register(NavItem(f"s{position}", f"Раздел {position}", "home", position=position, is_tab=True))
    built = navigation.build(request(path=path))
    assert built.is_in_rest == lit
    bar = render_to_string("components/tabbar.html", {"navigation": built})
    assert ('data-open="more" aria-current="true"' in bar) == lit


def test_section_of_a_page_is_the_longest_address_it_begins_with():
    assert navigation.current("/settings/amocrm/log/", ["/settings/", "/settings/amocrm/"]) == "/settings/amocrm/"
    assert navigation.current("/elsewhere/", ["/settings/"]) is None


def test_nobody_sees_nothing():
    navigation.register(NavItem("deals", "Сделки", "layout-kanban"))
    assert not navigation.build(request(authenticated=False)).links


def test_unknown_group_is_refused():
    with pytest.raises(ValueError, match="no group"):
        navigation.register(NavItem("deals", "Сделки", "layout-kanban", group="somewhere"))
