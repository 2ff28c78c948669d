from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from crmseg.accounts.models import Role
from segments.campaigns import launch
from tests.factories import UserFactory


@pytest.fixture
def login(client):
    """``login("marketer")``: the client as somebody of this role."""

    def enter(role=Role.MARKETER):
        client.force_login(UserFactory(role=role))
        return client

    return enter


@pytest.fixture(autouse=True)
def nudges(monkeypatch):
    """Doors wake a worker; here we only note that they did."""
    woken = []
    monkeypatch.setattr("segments.campaigns.views.acts.send_soon", lambda: woken.append("now"))
    for door in ("acts", "wizard"):
        monkeypatch.setattr(
            f"segments.campaigns.views.{door}.start_soon",
            lambda campaign: woken.append("later" if campaign.is_leaving else "now"),
        )
    return woken


def leaving(campaign, since=0):
    sent_at = timezone.now() - timedelta(seconds=since)
    return launch.launch(campaign, by=None, now=sent_at, grace=timedelta(seconds=60))


def detail(client, campaign, *, fragment=False, **query):
    headers = {"HX-Request": "true"} if fragment else {}
    return client.get(reverse("campaigns:detail", args=[campaign.pk]), query, headers=headers).content.decode()
