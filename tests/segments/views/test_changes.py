"""Making and editing a segment, looking before saving, pausing."""

import html
import json
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from crmseg.accounts.models import Role, User
from segments import builder, gallery
from segments.forms import SegmentForm
from segments.membership import refresh
from segments.models import Membership, Segment
from segments.rules.parse import parse
from tests.factories import NOW, ContactFactory, MembershipFactory, SegmentFactory

from .conftest import HX

pytestmark = pytest.mark.django_db

NEW, PREVIEW = reverse("segments:new"), reverse("segments:preview")
TAGGED = {"field": "tags", "op": "any_of", "value": ["эскроу"]}


def form(name="Эскроу", rules=TAGGED, **fields):
    return {"name": name, "description": "", "rules_text": json.dumps(rules)} | fields


def at(name, segment):
    return reverse(f"segments:{name}", args=[segment.pk])


@pytest.mark.parametrize("role", [Role.MANAGER, Role.AUDITOR, Role.PARTNER])
@pytest.mark.parametrize("name", ["new", "preview", "edit", "pause", "resume"])
def test_who_may_not_edit_is_refused(as_role, role, name):
    client, segment = as_role(role), SegmentFactory()
    address = reverse(f"segments:{name}") if name in ("new", "preview") else at(name, segment)
    assert client.post(address, form()).status_code == 403
    segment.refresh_from_db()
    assert (Segment.objects.count(), segment.is_paused) == (1, False)


def test_empty_page_offers_the_ready_and_an_example(marketer):
    SegmentFactory(name="Новые лиды", ready_key="new_leads")
    page = marketer.get(NEW).content.decode()
    assert page.count("?from=") == 2  # in the menu and beside the form
    parse(html.unescape(re.search(r'placeholder="([^"]+)"', page)[1]))


def test_new_segment_is_filled_at_once(marketer, sent):
    contact = ContactFactory(tags=["эскроу"])
    response = marketer.post(NEW, form())
    segment = Segment.objects.get()
    assert response.url == at("detail", segment)
    assert (segment.rules, segment.owner, segment.size) == (TAGGED, marketer.user, 1)
    assert (Membership.objects.get().contact, sent) == (contact, [])


def test_heavy_segment_is_handed_to_a_worker(marketer, sent, monkeypatch):
    monkeypatch.setattr(builder, "fill", lambda *_args, **_kwargs: False)
    marketer.post(NEW, form())
    assert sent == [Segment.objects.get().pk]


def test_refused_rule_comes_back_with_its_path(marketer):
    response = marketer.post(NEW, form(rules={"all": [{"field": "nonsense", "op": "eq", "value": 1}]}))
    assert response.status_code == 422
    assert "all.0.field" in response.content.decode()
    assert not Segment.objects.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"all": []}', '{"field": "name", "field": "name"}', "null", "1"])
def test_text_that_is_no_rule_is_refused(marketer, text):
    assert marketer.post(NEW, form(rules_text=text)).status_code == 422
    assert marketer.post(PREVIEW, {"rules_text": text}, **HX).status_code == 200


def test_name_is_taken_once(marketer):
    SegmentFactory(name="Эскроу")
    response = marketer.post(NEW, form())
    assert "Сегмент с таким названием уже есть" in response.content.decode()


def test_new_can_begin_with_a_ready_one(marketer):
    start = SegmentFactory(name="VIP", ready_key="lifecycle_vip", rules=TAGGED)
    shown = marketer.get(NEW, {"from": start.pk})
    assert json.loads(shown.context["form"]["rules_text"].value()) == TAGGED
    assert marketer.get(NEW, {"from": "9" * 40}).status_code == 200


def test_ready_one_to_begin_with_speaks_the_language_of_the_reader(marketer):
    User.objects.update(language="en")
    ready = SegmentFactory(name="Засыпающие покупатели", ready_key="rfm_fading", rules=TAGGED)
    assert ready.name not in marketer.get(NEW).content.decode()
    begun = marketer.get(NEW, {"from": ready.pk}).context["form"]
    assert begun["name"].value().isascii()


def test_changed_rules_move_people(marketer, sent):
    segment = SegmentFactory(rules={"field": "name", "op": "eq", "value": "никто"}, refreshed_at=NOW)
    MembershipFactory(segment=segment)
    new = ContactFactory(tags=["эскроу"])
    marketer.post(at("edit", segment), form())
    segment.refresh_from_db()
    assert (segment.name, segment.size) == ("Эскроу", 1)
    assert Membership.objects.get(left_at__isnull=True).contact == new
    assert set(Membership.objects.values_list("cause", "left_cause")) == {("rule", "edit"), ("edit", "")}


def test_new_name_alone_does_not_refresh(marketer):
    segment = SegmentFactory(rules=TAGGED, refreshed_at=NOW)
    marketer.post(at("edit", segment), form(name="Иначе"))
    segment.refresh_from_db()
    assert (segment.name, segment.refreshed_at) == ("Иначе", NOW)


def edition(client, segment):
    """What the edit page of a window knows the segment by."""
    return re.search(r'name="seen" value="([^"]+)"', client.get(at("edit", segment)).content.decode())[1]


def test_older_window_does_not_save_over_the_newer(marketer, sent):
    other = {"field": "name", "op": "contains", "value": "Ольга"}
    marketer.user.name = "Анна Белова"
    marketer.user.save()
    segment = SegmentFactory(name="Эскроу", rules=TAGGED, refreshed_at=NOW)
    seen = edition(marketer, segment)
    marketer.post(at("edit", segment), form(rules=other, description="Новое", seen=seen))
    refused = marketer.post(at("edit", segment), form(name="Иначе", seen=seen))
    segment.refresh_from_db()
    assert (segment.name, segment.description, segment.rules) == ("Эскроу", "Новое", other)
    page = refused.content.decode()
    assert (refused.status_code, 'value="Иначе"' in page) == (422, True)
    assert "Сегмент изменили в другом окне: Анна Белова, сегодня" in page
    assert f'href="{at("edit", segment)}" target="_blank"' in page
    assert marketer.post(at("edit", segment), form(name="Иначе", seen=seen)).status_code == 422  # not by pressing again
    over = re.search(r'name="over" value="([^"]+)"', page)[1]
    assert marketer.post(at("edit", segment), form(name="Иначе", seen=seen, over=over)).status_code == 302
    segment.refresh_from_db()
    assert (segment.name, segment.description, segment.rules) == ("Иначе", "", TAGGED)


def test_what_is_kept_already_is_no_quarrel(marketer):
    segment = SegmentFactory(name="Эскроу", rules=TAGGED, refreshed_at=NOW)
    seen = edition(marketer, segment)
    answers = [marketer.post(at("edit", segment), form(name="Иначе", seen=seen)).status_code for _click in range(2)]
    assert answers == [302, 302]


def test_saving_over_is_refused_when_the_segment_was_changed_once_more(marketer):
    segment = SegmentFactory(name="Эскроу", rules=TAGGED, refreshed_at=NOW)
    seen = edition(marketer, segment)
    marketer.post(at("edit", segment), form(description="Раз", seen=seen))
    over = edition(marketer, segment)
    marketer.post(at("edit", segment), form(description="Два", seen=over))
    assert marketer.post(at("edit", segment), form(description="Три", seen=seen, over=over)).status_code == 422
    assert Segment.objects.get().description == "Два"


def test_form_that_is_refused_for_a_mistake_keeps_the_edition_it_was_drawn_from(marketer):
    segment = SegmentFactory(name="Эскроу", rules=TAGGED, refreshed_at=NOW)
    seen = edition(marketer, segment)
    marketer.post(at("edit", segment), form(description="Раз", seen=seen))
    page = marketer.post(at("edit", segment), form(name="", seen=seen)).content.decode()
    assert f'name="seen" value="{seen}"' in page


def test_only_what_is_written_in_the_form_makes_another_edition(marketer, sent):
    segment = SegmentFactory(name="Эскроу", rules=TAGGED, refreshed_at=NOW)
    ContactFactory(tags=["эскроу"])
    seen = edition(marketer, segment)
    marketer.post(at("pause", segment))
    marketer.post(at("resume", segment))
    refresh(segment, now=timezone.now())
    marketer.post(at("edit", segment), form(seen=seen))  # as it is
    assert marketer.post(at("edit", segment), form(name="Иначе", seen=seen)).status_code == 302
    assert Segment.objects.get().name == "Иначе"


def test_two_who_save_at_once_do_not_both_win(marketer):
    segment = SegmentFactory(name="Эскроу", rules=TAGGED, refreshed_at=NOW)
    first, second = (SegmentForm(form(name=name), instance=Segment.objects.get()) for name in ("Раз", "Два"))
    assert first.is_valid() and second.is_valid()  # noqa: PT018
    builder.change(first, by=marketer.user, now=NOW)
    with pytest.raises(builder.Overtaken):
        builder.change(second, by=marketer.user, now=NOW)
    segment.refresh_from_db()
    assert (segment.name, segment.edited_by, segment.edited_at) == ("Раз", marketer.user, NOW)


def test_rule_that_reads_itself_is_refused(marketer):
    segment = SegmentFactory(rules=TAGGED)
    response = marketer.post(at("edit", segment), form(name="Иначе", rules={"segment": segment.pk, "op": "in"}))
    assert response.status_code == 422
    assert f'<h1 class="trunc">{segment.name}</h1>' in response.content.decode()


def test_static_segment_is_edited_without_a_rule(marketer):
    segment = SegmentFactory(kind="static", rules=None)
    assert "rules_text" not in marketer.get(at("edit", segment)).context["form"].fields
    marketer.post(at("edit", segment), {"name": "Иначе", "description": "Вручную"})
    segment.refresh_from_db()
    assert (segment.name, segment.description, segment.rules) == ("Иначе", "Вручную", None)


def test_preview_counts_and_saves_nothing(marketer):
    ContactFactory(tags=["эскроу"])
    response = marketer.post(PREVIEW, form(), **HX)
    assert response.context["shown"].count == 1
    assert not Segment.objects.exists()


def test_preview_names_the_place_of_an_error_only_where_there_is_one(marketer):
    text = marketer.post(PREVIEW, form() | {"rules_text": '{"all": ['}, **HX).content.decode()
    assert "<li>Запись не разобрать" in text
    text = marketer.post(PREVIEW, form(rules={"all": []}), **HX).content.decode()
    assert "<li><code>all</code> Группа пуста" in text
    text = marketer.post(PREVIEW, form(rules=TAGGED | {"x": 1}), **HX).content.decode()
    assert "<li><code>x</code> Лишний ключ</li>" in text


def test_preview_that_takes_too_long_says_so(marketer, monkeypatch):
    monkeypatch.setattr(builder, "PREVIEW_WITHIN_MS", 50)
    monkeypatch.setattr(builder, "matching", lambda *_a, base, **_k: base.extra(where=["pg_sleep(600) IS NOT NULL"]))
    ContactFactory()
    assert "Слишком тяжёлое условие" in marketer.post(PREVIEW, form(), **HX).content.decode()


def test_pause_until_a_day_and_back(marketer, sent):
    segment = SegmentFactory(rules=TAGGED, refreshed_at=NOW)
    day = timezone.localdate() + timedelta(days=30)
    marketer.post(at("pause", segment), {"until": day.isoformat()})
    segment.refresh_from_db()
    assert (segment.is_paused, timezone.localtime(segment.paused_until).date()) == (True, day)
    assert "снят с паузы" in marketer.post(at("resume", segment), follow=True).content.decode()
    segment.refresh_from_db()
    assert (segment.is_paused, segment.paused_until) == (False, None)
    assert segment.refreshed_at > NOW


@pytest.fixture
def former(marketer, sent):
    """Paused with one person inside, then given other rules."""
    segment = SegmentFactory(name="Новые", rules={"field": "name", "op": "contains", "value": "Ольга"})
    ContactFactory(name="Ольга")
    refresh(segment, now=NOW)
    marketer.post(at("pause", segment))
    marketer.post(at("edit", segment), form(name="Новые"))
    segment.refresh_from_db()
    return segment


FORMER = "пока люди прежних условий"


def test_people_of_the_former_rules_are_called_so_until_the_pause_ends(marketer, former):
    page, listed = (
        marketer.get(address).content.decode() for address in (at("detail", former), reverse("segments:list"))
    )
    notice = re.search(r'<div class="notice warn">.*?</form>', page, re.DOTALL)[0]
    assert (FORMER in notice, at("resume", former) in notice) == (True, True)
    assert "Кто входит, словами" not in page
    assert '<p class="big">1</p>' in page
    assert (FORMER in listed, '<td class="num">1</td>' in listed) == (True, True)
    assert FORMER in marketer.get(at("members", former)).content.decode()
    assert list(Membership.objects.values_list("cause", "left_at")) == [("first", None)]


def test_end_of_the_pause_lets_the_new_rules_in(marketer, former):
    new = ContactFactory(tags=["эскроу"])
    page = marketer.post(at("resume", former), follow=True).content.decode()
    assert (FORMER in page, "Кто входит, словами" in page) == (False, True)
    stays = Membership.objects.values_list("contact", "cause", "left_cause")
    assert set(stays) == {
        (Membership.objects.exclude(contact=new).get().contact_id, "first", "edit"),
        (new.pk, "edit", ""),
    }


def test_pause_offers_its_end_where_it_is_told(as_role):
    segment = SegmentFactory(rules=TAGGED, refreshed_at=NOW, is_paused=True)
    shown = {role: as_role(role).get(at("detail", segment)).content.decode() for role in (Role.HEAD, Role.AUDITOR)}
    notices = {role: page.split('class="notice warn"')[1].split("</section>")[0] for role, page in shown.items()}
    assert {role: at("resume", segment) in notice for role, notice in notices.items()} == {
        Role.HEAD: True,
        Role.AUDITOR: False,
    }
    assert [FORMER in page for page in shown.values()] == [False, False]


@pytest.mark.parametrize("until", ["2020-01-01", "завтра"])
def test_pause_until_no_day_to_come_is_refused(marketer, until):
    segment = SegmentFactory()
    marketer.post(at("pause", segment), {"until": until})
    segment.refresh_from_db()
    assert not segment.is_paused


def test_changes_are_posts(marketer):
    segment = SegmentFactory()
    assert {marketer.get(at(name, segment)).status_code for name in ("pause", "resume")} == {405}


def test_ready_one_is_edited_in_the_language_of_the_reader_and_stored_as_it_was(marketer):
    gallery.ensure(NOW)
    ready = Segment.objects.get(ready_key="rfm_fading")
    User.objects.update(language="en")
    url = reverse("segments:edit", args=[ready.pk])
    form = marketer.get(url).context["form"]
    shown = {"name": form["name"].value(), "description": form["description"].value()}
    assert "".join(shown.values()).isascii()
    marketer.post(url, shown | {"rules_text": form["rules_text"].value()})
    kept = Segment.objects.get(pk=ready.pk)
    assert (kept.name, kept.description) == (ready.name, ready.description)
    marketer.post(url, shown | {"name": "Sleepers", "rules_text": form["rules_text"].value()})
    assert Segment.objects.get(pk=ready.pk).name == "Sleepers"
