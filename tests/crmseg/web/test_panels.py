import pytest
from django.http import HttpRequest
from django.template import engines

from crmseg.web import panels
from crmseg.web.panels import PanelContent


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch):
    monkeypatch.setattr(panels, "_panels", {})


def render(subject):
    template = engines["django"].from_string('{% panels "segment" subject %}')
    return template.render({"subject": subject}, HttpRequest())


def badge(label):
    return lambda request, subject: PanelContent("components/badge.html", {"label": f"{label} {subject}"})


def test_panels_stand_in_order_of_position():
    panels.register("segment", badge("второй"), position=20)
    panels.register("segment", badge("первый"), position=10)
    html = render(7)
    assert html.index("первый 7") < html.index("второй 7")


def test_panel_with_nothing_to_say_is_left_out():
    panels.register("segment", lambda request, subject: None)
    assert render(7).strip() == ""


def test_place_without_panels_is_empty():
    assert render(7) == ""
