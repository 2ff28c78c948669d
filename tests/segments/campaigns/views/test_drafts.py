"""What is typed into the wizard is kept before anybody presses a button."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from segments.campaigns import launch
from tests.segments.campaigns.views.test_wizard import edit, values

pytestmark = pytest.mark.django_db


def keep(client, campaign, **changes):
    return client.post(reverse("campaigns:keep", args=[campaign.pk]), values(campaign, **changes))


def edition(response):
    return re.search(r'name="seen"[^>]*value="([^"]+)"', response.content.decode())[1].replace("&#x2B;", "+")


def test_half_written_letter_is_kept_and_the_next_one_after_it(login, campaign):
    client = login()
    first = keep(client, campaign, html="<p>{{ contact.", seen=edition(client.get(f"/campaigns/{campaign.pk}/edit/")))
    assert (first.status_code, "Сохранено" in first.content.decode()) == (200, True)
    assert keep(client, campaign, html="<p>Дом", seen=edition(first)).status_code == 200
    campaign.refresh_from_db()
    assert (campaign.steps.get().html, campaign.state) == ("<p>Дом", "draft")


def test_what_another_window_saved_is_not_overwritten(login, campaign):
    client = login()
    seen = edition(client.get(f"/campaigns/{campaign.pk}/edit/"))
    keep(client, campaign, html="<p>Первый</p>", seen=seen)
    late = keep(client, campaign, html="<p>Второй</p>", seen=seen)
    assert (late.status_code, "Черновик изменён в другом окне" in late.content.decode()) == (422, True)
    assert (campaign.steps.get().html, edition(late)) == ("<p>Первый</p>", seen)
    mine = re.search(r'data-overwrite="([^"]+)"', late.content.decode())[1].replace("&#x2B;", "+")
    assert keep(client, campaign, html="<p>Второй</p>", seen=mine).status_code == 200
    assert campaign.steps.get().html == "<p>Второй</p>"


def test_button_does_not_overwrite_another_window_at_once(login, campaign):
    client = login()
    seen = edition(client.get(f"/campaigns/{campaign.pk}/edit/"))
    keep(client, campaign, html="<p>Первый</p>", seen=seen)
    late = edit(client, campaign, html="<p>Второй</p>", seen=seen)
    assert (late.status_code, "Второй" in late.content.decode()) == (422, True)
    assert campaign.steps.get().html == "<p>Первый</p>"
    assert edit(client, campaign, html="<p>Второй</p>", seen=edition(late)).status_code == 302


def test_scheduled_campaign_is_not_changed_quietly(login, campaign, person):
    person("a@mail.example")
    campaign.schedule = {"at": (timezone.now() + timedelta(days=2)).isoformat()}
    campaign.save()
    launch.launch(campaign, by=None, now=timezone.now())
    client = login()
    assert (
        "hx-post"
        not in re.search(r'<div class="saved"[^>]*>', client.get(f"/campaigns/{campaign.pk}/edit/").content.decode())[0]
    )
    assert "уже не черновик" in keep(client, campaign, html="<p>Другой</p>").content.decode()
    campaign.refresh_from_db()
    assert (campaign.state, campaign.steps.get().html == "<p>Другой</p>") == ("scheduled", False)


def test_what_cannot_be_kept_is_told(login, campaign):
    answer = keep(login(), campaign, name="")
    assert (answer.status_code, "Не сохранено: Укажите название" in answer.content.decode()) == (422, True)
