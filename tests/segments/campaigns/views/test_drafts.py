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


def overwriting(response):
    return re.search(r'data-overwrite="([^"]+)"', response.content.decode())[1].replace("&#x2B;", "+")


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
    assert keep(client, campaign, html="<p>Второй</p>", seen=overwriting(late)).status_code == 200
    assert campaign.steps.get().html == "<p>Второй</p>"


def test_button_does_not_overwrite_another_window_at_once(login, campaign):
    client = login()
    seen = edition(client.get(f"/campaigns/{campaign.pk}/edit/"))
    keep(client, campaign, html="<p>Первый</p>", seen=seen)
    late = edit(client, campaign, html="<p>Второй</p>", seen=seen)
    page = late.content.decode()
    assert (late.status_code, "Второй" in page, "Сохранить мой" in page) == (422, True, True)
    assert keep(client, campaign, html="<p>Второй!</p>", seen=edition(late)).status_code == 422
    assert campaign.steps.get().html == "<p>Первый</p>"
    assert keep(client, campaign, html="<p>Второй</p>", seen=overwriting(late)).status_code == 200


def test_letter_is_kept_while_its_time_is_still_being_chosen(login, campaign):
    at = (timezone.localtime() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    client = login()
    assert keep(client, campaign, when="at", at=at).status_code == 200
    campaign.refresh_from_db()
    chosen = campaign.schedule
    for unready in ("", "2020-01-01T10:00"):
        assert keep(client, campaign, when="at", at=unready, html=f"<p>{unready}</p>").status_code == 200
        campaign.refresh_from_db()
        assert (campaign.schedule, campaign.steps.get().html) == (chosen, f"<p>{unready}</p>")


def test_another_window_is_told_before_what_is_missing_here(login, campaign):
    client = login()
    seen = edition(client.get(f"/campaigns/{campaign.pk}/edit/"))
    keep(client, campaign, html="<p>Первый</p>", seen=seen)
    assert "Черновик изменён в другом окне" in keep(client, campaign, name="", seen=seen).content.decode()


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
    said = keep(client, campaign, html="<p>Другой</p>").content.decode()
    assert ("уже не черновик" in said, f'href="/campaigns/{campaign.pk}/"' in said) == (True, True)
    campaign.refresh_from_db()
    assert (campaign.state, campaign.steps.get().html == "<p>Другой</p>") == ("scheduled", False)


def test_what_cannot_be_kept_is_told(login, campaign):
    answer = keep(login(), campaign, name="")
    assert (answer.status_code, "Не сохранено: Укажите название" in answer.content.decode()) == (422, True)
