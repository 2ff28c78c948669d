"""What the demo prints is in the language of the installation."""

import io
import re

import pytest
from django.utils import translation

from crmseg.demo import circle, stand
from crmseg.demo.steps import Circle
from crmseg.management.commands.demo import Command

CYRILLIC = re.compile("[А-Яа-яЁё]+")


@pytest.fixture
def english(monkeypatch):
    monkeypatch.setenv("LANGUAGE_CODE", "en")
    with translation.override("en"):
        yield


def test_addresses_and_logins_are_told_in_english(english):
    told = io.StringIO()
    demo = Command(stdout=told)
    demo.doors = stand.Doors(8000, 8001, 8002, 8003)
    demo._announce()
    demo._show("Deals", 3, 3)
    assert CYRILLIC.findall(told.getvalue()) == []
    assert "emails:        http://127.0.0.1:8002" in told.getvalue()
    assert re.search(r"Deals +█+ 3 of 3", told.getvalue())


@pytest.mark.django_db
def test_steps_are_told_in_english(english, monkeypatch):
    labels = []
    monkeypatch.setattr(Circle, "wait", lambda self, label, look, note=None: labels.append(label))
    each = Circle(lambda *shown: None)
    circle.await_import(each, {})
    assert labels == ["Companies", "Contacts", "Deals", "Tasks and notes", "Stage history"]
