"""A draft in the wizard, as a marketer has it open."""

import re

import pytest
from celery import Task
from django.urls import reverse
from playwright.sync_api import expect

from crmseg.accounts.models import Role
from tests.factories import StepFactory, UserFactory
from tests.segments.campaigns.conftest import add_person

TEXT = "<p>Дом у озера ждёт вас</p>"


@pytest.fixture(autouse=True)
def nobody_works(monkeypatch):
    monkeypatch.setattr(Task, "apply_async", lambda *args, **kwargs: None)


@pytest.fixture
def campaign():
    step = StepFactory(subject="Тема", html=TEXT)
    add_person(step.campaign.segment, "a@mail.example")
    return step.campaign


@pytest.fixture
def open_editor(browser_page, campaign):
    def opened(**window):
        page = browser_page(user=UserFactory(role=Role.MARKETER), **window)
        page.goto(reverse("campaigns:edit", args=[campaign.pk]))
        return page

    return opened


@pytest.fixture
def editor(open_editor):
    return open_editor()


def send(page):
    page.locator("#review").get_by_role("button", name=re.compile("Отправить")).click()
    expect(page.locator("#leaving")).to_be_visible()
