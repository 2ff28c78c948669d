import json

import pytest
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from django_htmx.middleware import HtmxMiddleware

from crmseg.web.page import render_page, toast

PAGE = "{% load partials %}<html>{% partialdef list inline %}<ul></ul>{% endpartialdef %}</html>"


@pytest.fixture(autouse=True)
def _template(settings):
    loaders = [("template_partials.loader.Loader", [("django.template.loaders.locmem.Loader", {"page.html": PAGE})])]
    backend = settings.TEMPLATES[0] | {"APP_DIRS": False}
    with override_settings(TEMPLATES=[backend | {"OPTIONS": {"loaders": loaders}}]):
        yield


def answer(**headers):
    request = RequestFactory().get("/", headers=headers)
    return HtmxMiddleware(lambda r: render_page(r, "page.html", partial="list"))(request)


@pytest.mark.parametrize(
    ("headers", "is_page"),
    [
        ({}, True),
        ({"HX-Request": "true"}, False),
        ({"HX-Request": "true", "HX-Boosted": "true"}, True),
        ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, True),
    ],
)
def test_fragment_goes_only_to_htmx_that_asks_for_one(headers, is_page):
    response = answer(**headers)
    assert (b"<html>" in response.content) is is_page
    assert b"<ul>" in response.content


def test_pages_are_kept_apart_from_fragments_and_never_stored():
    response = answer()
    assert "HX-Request" in response["Vary"]
    assert response["Cache-Control"] == "no-store"


def test_toast_rides_in_the_header():
    undo = {"url": "/segments/7/restore/", "target": "#segment-7"}
    response = toast(HttpResponse(), "Сегмент удалён", undo=undo)
    assert json.loads(response["HX-Trigger"])["toast"] == {"text": "Сегмент удалён", "kind": "ok", "undo": undo}
    assert response["HX-Trigger"].isascii()
