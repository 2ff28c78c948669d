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


def is_kept(response):
    """What the page goes by: the answer to a refused one has no other status, as a browser would log a fault."""
    assert response.status_code == 200
    return response.headers.get("Draft-Kept") == "1"


def edition(response):
    return re.search(r'name="seen"[^>]*value="([^"]+)"', response.content.decode())[1].replace("&#x2B;", "+")


def overwriting(response):
    return re.search(r'data-overwrite="([^"]+)"', response.content.decode())[1].replace("&#x2B;", "+")


def test_half_written_letter_is_kept_and_the_next_one_after_it(login, campaign):
    client = login()
    first = keep(client, campaign, html="<p>{{ contact.", seen=edition(client.get(f"/campaigns/{campaign.pk}/edit/")))
    assert (is_kept(first), "Сохранено" in first.content.decode()) == (True, True)
    assert is_kept(keep(client, campaign, html="<p>Дом", seen=edition(first)))
    campaign.refresh_from_db()
    assert (campaign.steps.get().html, campaign.state) == ("<p>Дом", "draft")


def test_what_another_window_saved_is_not_overwritten(login, campaign):
    client = login()
    seen = edition(client.get(f"/campaigns/{campaign.pk}/edit/"))
    keep(client, campaign, html="<p>Первый</p>", seen=seen)
    late = keep(client, campaign, html="<p>Второй</p>", seen=seen)
    assert (is_kept(late), "Черновик изменён в другом окне" in late.content.decode()) == (False, True)
    assert (campaign.steps.get().html, edition(late)) == ("<p>Первый</p>", seen)
    assert is_kept(keep(client, campaign, html="<p>Второй</p>", seen=overwriting(late)))
    assert campaign.steps.get().html == "<p>Второй</p>"


def test_button_does_not_overwrite_another_window_at_once(login, campaign):
    client = login()
    seen = edition(client.get(f"/campaigns/{campaign.pk}/edit/"))
    keep(client, campaign, html="<p>Первый</p>", seen=seen)
    late = edit(client, campaign, html="<p>Второй</p>", seen=seen)
    page = late.content.decode()
    assert (late.status_code, "Второй" in page, "Сохранить мой" in page) == (422, True, True)
    assert not is_kept(keep(client, campaign, html="<p>Второй!</p>", seen=edition(late)))
    assert campaign.steps.get().html == "<p>Первый</p>"
    assert is_kept(keep(client, campaign, html="<p>Второй</p>", seen=overwriting(late)))


def test_letter_is_kept_while_its_time_is_still_being_chosen(login, campaign):
    at = (timezone.localtime() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    client = login()
    assert is_kept(keep(client, campaign, when="at", at=at))
    campaign.refresh_from_db()
    chosen = campaign.schedule
    for unready in ("", "2020-01-01T10:00"):
        assert is_kept(keep(client, campaign, when="at", at=unready, html=f"<p>{unready}</p>"))
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
    answer = keep(client, campaign, html="<p>Другой</p>")
    said = " ".join(answer.content.decode().split())
    assert ("Не сохранено: Кампания уже" in said, f'href="/campaigns/{campaign.pk}/"' in said) == (True, True)
    assert (is_kept(answer), answer.headers["HX-Trigger"]) == (False, '{"gone": {}}')
    campaign.refresh_from_db()
    assert (campaign.state, campaign.steps.get().html == "<p>Другой</p>") == ("scheduled", False)


def test_what_cannot_be_kept_is_told(login, campaign):
    answer = keep(login(), campaign, name="")
    assert (is_kept(answer), "Не сохранено: Укажите название." in answer.content.decode()) == (False, True)
