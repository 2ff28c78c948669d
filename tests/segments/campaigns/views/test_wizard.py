"""The wizard of a campaign: its form, preview and review.

Longer than other modules: all three are one page over one typed form.
"""

import json
import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crmseg.accounts.models import User
from segments.campaigns import consent, launch
from segments.campaigns.forms import CampaignForm
from segments.campaigns.models import Campaign, Message
from tests.factories import CampaignFactory, CustomFieldFactory, MembershipFactory, SegmentFactory, UserFactory

pytestmark = pytest.mark.django_db


def values(campaign, **changes):
    return {
        "name": "Разбор сметы",
        "segment": campaign.segment_id or "",
        "purpose": "advertising",
        "subject": "{{ contact.first_name | default: 'коллега' }}, смета",
        "html": "<p>Здравствуйте, {{ contact.first_name }}</p>",
        "text": "",
        "when": "now",
        "at": "",
    } | changes


def edit(client, campaign, **changes):
    return client.post(reverse("campaigns:edit", args=[campaign.pk]), values(campaign, **changes))


def test_new_makes_a_draft_for_the_segment(login):
    segment, client = SegmentFactory(), login()
    assert (
        f'value="{segment.pk}" selected'
        in client.get(reverse("campaigns:new"), {"segment": segment.pk}).content.decode()
    )
    response = client.post(reverse("campaigns:new"), {"name": "Смета", "segment": segment.pk})
    campaign = Campaign.objects.get()
    assert response.url == reverse("campaigns:edit", args=[campaign.pk])
    assert (campaign.state, campaign.segment, campaign.created_by.role) == ("draft", segment, "marketer")


def test_paused_segment_is_marked_where_it_is_chosen(login, campaign):
    SegmentFactory(name="Тихие").pause(now=timezone.now())
    client = login()
    for url in (reverse("campaigns:new"), reverse("campaigns:edit", args=[campaign.pk])):
        page = client.get(url).content.decode()
        assert "Тихие (на паузе)</option>" in page
        assert f"{campaign.segment}</option>" in page
    assert '<span class="grow">Тихие (на паузе)</span>' in page  # of the segments to leave out


def test_new_needs_a_name(login):
    response = login().post(reverse("campaigns:new"), {"name": ""})
    assert response.status_code == 422
    assert "Укажите название" in response.content.decode()


@pytest.mark.parametrize("role", ["manager", "auditor", "partner"])
def test_who_may_not_edit(login, campaign, role):
    assert login(role).get(reverse("campaigns:edit", args=[campaign.pk])).status_code == 403


def test_edit_saves_message_and_schedule(login, campaign):
    day = f"{timezone.localtime() + timedelta(days=9):%Y-%m-%d}"
    edit(login(), campaign, when="at", at=f"{day}T10:00", subject="Тема")
    campaign.refresh_from_db()
    assert campaign.schedule == {"at": f"{day}T10:00:00+03:00"}
    assert campaign.steps.get().subject == "Тема"
    assert campaign.state == "draft"


def test_fault_in_the_template_is_shown_with_its_line(login, campaign):
    response = edit(login(), campaign, html="<p>\n{% if %}")
    assert response.status_code == 422
    assert "строка 2" in response.content.decode()
    assert campaign.steps.get().html != "<p>\n{% if %}"


def test_time_is_needed_for_a_set_time(login, campaign):
    page = edit(login(), campaign, when="at", name="Иначе")
    assert page.status_code == 422
    assert "Укажите дату и время" in page.content.decode()
    assert f'<h1 class="trunc">{campaign.name}</h1>' in page.content.decode()


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2001-01-01T10:00", "Назначенное время прошло. Выберите другое."),
        ("0001-01-01T00:00", "Назначенное время прошло. Выберите другое."),
        ("9999-12-31T23:59", "Это слишком далеко: назначить можно не дальше двух лет."),
        ("завтра", "Укажите дату и время."),
    ],
)
def test_time_that_cannot_be_meant_is_refused_beside_its_field(login, campaign, at, words):
    response = edit(login(), campaign, when="at", at=at, html="<p>Моё письмо</p>")
    page = response.content.decode()
    assert response.status_code == 422
    assert words in page[page.index('id="id_at"') :][:400]
    assert (at in page, "Моё письмо" in page) == (True, True)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"when": "at"},
        {"when": "at", "at": "завтра"},
        {"when": "at", "at": "2001-01-01T10:00"},
        {"when": "at", "at": "9999-12-31T23:59"},
        {"html": "{% for %}"},
        {"html": "{{ contact.nope }}"},
        {"html": "я" * 300_000},
        {"act": "launch", "html": ""},
        {"act": "launch", "subject": ""},
        {"act": "launch", "segment": ""},
    ],
)
def test_form_says_what_is_wrong_in_whole_sentences(login, campaign, changes):
    errors = edit(login(), campaign, **changes).context["form"].errors.values()
    said = [str(error) for each in errors for error in each]
    assert said
    assert [one for one in said if not re.fullmatch(r".*[^.]\.", one)] == []


def test_time_nobody_looks_at_is_not_judged(login, campaign):
    assert edit(login(), campaign, when="now", at="0001-01-01T00:00").status_code == 302


def test_letter_that_is_too_long_is_refused_and_kept(login, campaign):
    html = "<p>" + "смета и сроки " * 140_000  # 1.96 million letters
    response = edit(login(), campaign, html=html)
    page = response.content.decode()
    assert response.status_code == 422
    assert "слишком длинно: 3501 КБ, можно до 500 КБ" in page
    assert page.count("смета и сроки") == 140_000


def test_form_is_sent_without_escaping_each_letter_of_the_text(login, campaign):
    page = login().get(reverse("campaigns:edit", args=[campaign.pk])).content.decode()
    assert re.search(r'<form [^>]*enctype="multipart/form-data"[^>]*id="campaign-form"', page)


def test_send_now_saves_and_leaves_a_minute_to_take_it_back(login, campaign, person, nudges):
    person("a@mail.example", first_name="Елена")
    pressed = timezone.now()
    response = edit(login(), campaign, act="launch", subject="Новая тема")
    assert response.url == reverse("campaigns:detail", args=[campaign.pk])
    campaign.refresh_from_db()
    assert campaign.is_leaving
    assert pressed <= campaign.next_due_at - timedelta(seconds=60) <= timezone.now()
    assert (campaign.steps.get().subject, Message.objects.count(), nudges) == ("Новая тема", 0, ["later"])


def leave(campaign):
    return launch.launch(campaign, by=None, now=timezone.now(), grace=timedelta(seconds=60))


@pytest.mark.parametrize("door", ["edit", "review"])
def test_editor_of_what_is_about_to_leave_leads_to_its_page(login, campaign, door):
    leave(campaign)
    response = login().get(reverse(f"campaigns:{door}", args=[campaign.pk]))
    assert response.url == reverse("campaigns:detail", args=[campaign.pk])


def edition(campaign):
    campaign.refresh_from_db()
    return campaign.edition


@pytest.mark.parametrize("act", ["save", "launch"])
@pytest.mark.parametrize("is_stranger", [True, False])
def test_launch_of_another_window_is_not_undone_and_what_is_typed_stays(login, campaign, act, is_stranger):
    seen, client = "" if is_stranger else edition(campaign), login()
    due_at = leave(campaign).next_due_at
    for _again in range(2):
        response = edit(client, campaign, act=act, subject="Другая", seen=seen)
        page = response.content.decode()
        campaign.refresh_from_db()
        assert (response.status_code, campaign.state, campaign.next_due_at) == (422, "scheduled", due_at)
        assert (campaign.steps.get().subject == "Другая", 'value="Другая"' in page) == (False, True)
        assert f'name="seen" form="campaign-form" value="{seen}"' in page


def test_refusal_after_a_launch_is_a_whole_page_that_leads_to_the_campaign(login, campaign, person):
    person("a@mail.example")
    seen, client = edition(campaign), login()
    leave(campaign)
    page = edit(client, campaign, subject="Другая", name="", seen=seen).content.decode()
    assert page.count("Кампанию запустили сегодня") == 2
    assert "Изменения не сохранены" in page
    assert ("нужно запланировать заново" in page, "в другом окне" in page) == (False, False)
    assert page[page.index('id="review"') :].count(f'href="/campaigns/{campaign.pk}/"') == 1
    assert ("data-launch" in page, "Посчитать, кто получит" in page) == (False, False)


def test_who_launched_it_is_told_in_the_editor_and_on_its_page(login, campaign, person):
    person("a@mail.example")
    seen, client = edition(campaign), login()
    launch.launch(campaign, by=UserFactory(name="Анна Белова"), now=timezone.now(), grace=timedelta(seconds=60))
    assert "Запуск: Анна Белова." in edit(client, campaign, seen=seen).content.decode()
    assert "запуск: Анна Белова" in client.get(reverse("campaigns:detail", args=[campaign.pk])).content.decode()


def test_sending_over_what_another_window_has_saved_says_that_nothing_was_sent(login, campaign, person):
    person("a@mail.example")
    seen, client = edition(campaign), login()
    edit(client, campaign, subject="Из другого окна", seen=seen)
    page = edit(client, campaign, act="launch", subject="Моя", seen=seen).content.decode()
    assert "Письма не отправлены: черновик изменён в другом окне, ваш текст здесь и не сохранён." in page


def test_review_after_a_launch_keeps_its_place_and_has_no_button(login, campaign, person):
    person("a@mail.example")
    leave(campaign)
    client = login()
    for page in (review(client, campaign), typed(client, campaign)):
        assert 'id="review"' in page
        assert ("Кампанию запустили" in page, "<button" in page, 'id="report"' in page) == (True, False, False)


def test_two_buttons_pressed_at_once_launch_once(login, campaign, person, monkeypatch):
    person("a@mail.example")
    client, keep = login(), CampaignForm.keep

    def keep_and_be_overtaken(self, **how):
        keep(self, **how)
        leave(Campaign.objects.get())

    monkeypatch.setattr(CampaignForm, "keep", keep_and_be_overtaken)
    response = edit(client, campaign, act="launch")
    assert response.url == reverse("campaigns:detail", args=[campaign.pk])
    assert "уже запущена" in client.get(response.url).content.decode()


def test_saving_that_meets_the_start_changes_nothing_and_keeps_what_is_typed(login, campaign, person, monkeypatch):
    person("a@mail.example")
    leave(campaign)
    client, keep = login(), CampaignForm.keep

    def start_first(self, **how):
        launch.start_due(timezone.now() + timedelta(seconds=61))
        keep(self, **how)

    monkeypatch.setattr(CampaignForm, "keep", start_first)
    response = edit(client, campaign, subject="Другая", name="Имя", seen=edition(campaign))
    campaign.refresh_from_db()
    assert campaign.state == "running"
    assert (campaign.name == "Имя", campaign.steps.get().subject == "Другая") == (False, False)
    assert response.status_code == 422
    assert "Кампания уже отправляется" in response.content.decode()
    assert 'value="Другая"' in response.content.decode()


def test_send_at_a_time_schedules(login, campaign):
    at = timezone.localtime(timezone.now() + timedelta(days=1))
    edit(login(), campaign, act="launch", when="at", at=f"{at:%Y-%m-%dT%H:%M}")
    campaign.refresh_from_db()
    assert (campaign.state, campaign.next_due_at) == ("scheduled", at.replace(second=0, microsecond=0))


def test_scheduled_campaign_that_is_changed_is_a_draft_again(login, campaign):
    at = timezone.localtime(timezone.now() + timedelta(days=1))
    client = login()
    edit(client, campaign, act="launch", when="at", at=f"{at:%Y-%m-%dT%H:%M}")
    edit(client, campaign, subject="Другая", seen=edition(campaign))
    campaign.refresh_from_db()
    assert (campaign.state, campaign.next_due_at) == ("draft", None)


def test_schedule_of_another_window_is_not_undone(login, campaign):
    at = timezone.localtime(timezone.now() + timedelta(days=1))
    seen, client = edition(campaign), login()
    edit(client, campaign, act="launch", when="at", at=f"{at:%Y-%m-%dT%H:%M}", seen=seen)
    response = edit(client, campaign, subject="Другая", seen=seen)
    campaign.refresh_from_db()
    assert (response.status_code, campaign.state) == (422, "scheduled")
    assert "Кампания уже запланирована: начало завтра" in response.content.decode()


def test_launch_that_is_refused_stays_in_the_form(login):
    campaign = CampaignFactory(segment=None)
    response = edit(login(), campaign, act="launch")
    assert response.status_code == 422
    assert "Выберите сегмент." in response.content.decode()


def test_regular_schedule_of_the_api_is_kept(login, campaign):
    campaign.schedule = {"rrule": "FREQ=DAILY", "start": "2026-12-01T10:00:00+03:00"}
    campaign.save()
    edit(login(), campaign, when="regular")
    campaign.refresh_from_db()
    assert campaign.schedule["rrule"] == "FREQ=DAILY"


def test_field_that_nobody_has_is_refused_beside_the_letter(login, campaign):
    CustomFieldFactory(key="city")
    CustomFieldFactory(key="gone", deleted_at=timezone.now())
    response = edit(login(), campaign, html="{{ contact.custom.city }}\n{{ contact.custom.gone }}")
    assert response.status_code == 422
    (error,) = response.context["form"].errors["html"]
    assert error.startswith("текст, строка 2: поля «contact.custom.gone» нет. Есть похожие:")


def test_running_campaign_is_not_edited_and_what_is_typed_stays(login, campaign):
    Campaign.objects.update(state="running", launched_at=timezone.now())
    client = login()
    assert client.get(f"/campaigns/{campaign.pk}/edit/").url == reverse("campaigns:detail", args=[campaign.pk])
    response = edit(client, campaign, html="<p>Мой текст</p>")
    assert (response.status_code, "Мой текст" in response.content.decode()) == (422, True)
    assert "Мой текст" not in campaign.steps.get().html


def test_preview_shows_the_letter_of_one_person(login, campaign, person):
    person("a@mail.example", first_name="Анна")
    chosen = person("b@mail.example", first_name="Борис")
    url = reverse("campaigns:preview", args=[campaign.pk])
    page = login().post(url, values(campaign, who=chosen.pk)).content.decode()
    assert "<mark>Борис</mark>, смета" in page
    assert "Здравствуйте, <mark>Борис</mark>" in page


@pytest.mark.parametrize(
    ("sender", "shown"),
    [("Дом у озера <info@ozero.example>", "Дом у озера"), ("info@ozero.example", "info@ozero.example")],
)
def test_preview_names_the_sender_as_a_mail_program_does(login, campaign, settings, sender, shown):
    settings.DEFAULT_FROM_EMAIL = sender
    page = login().post(reverse("campaigns:preview", args=[campaign.pk]), values(campaign)).content.decode()
    assert f"</span>{shown}</b>" in page


def test_preview_escapes_what_people_are_called(login, campaign, person):
    person("a@mail.example", first_name="<script>alert(1)</script>")
    page = login().post(reverse("campaigns:preview", args=[campaign.pk]), values(campaign)).content.decode()
    assert "<script>alert" not in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Ссылку отписки добавим"),
        ({"html": "<p>Дом {{ unsubscribe_url }}</p>"}, "Ссылка отписки на месте"),
        ({"subject": "Т" * 61}, "Тема длиннее 60 знаков"),
        ({"subject": "{{ contact.first_name | default: '" + "я" * 60 + "' }}"}, "Тема короче 60 знаков"),
        ({"html": "<p>" + "я" * 52_000}, "Gmail покажет только начало"),
        ({"html": '<img src="дом.png">'}, "Адрес «дом.png» в письме не откроется"),
        ({"html": "<a href='/catalog?a=1&b=2'>Каталог</a>"}, "Адрес «/catalog?a=1&amp;b=2» в письме не откроется"),
        ({"html": '<p style="background:url(фон.png)">Дом'}, "Адрес «фон.png» в письме не откроется"),
        ({"html": '<a href="{{ deal.name }}">Дом</a>'}, "Ссылка или картинка без адреса"),
        ({"html": "{% if deal.name == 'x' %}<img src='дом.png'>{% endif %}"}, "Адрес «дом.png» в письме не откроется"),
        (
            {"html": '<img src="data:image/png;base64,' + "A" * 60 + '">'},
            "AAA…» из письма уберём",
        ),
        ({"html": "<style>p{}</style><p style='position:fixed'>x"}, "Из письма уберём: &lt;style&gt;, position"),
        ({"subject": "Дом {{ unsubscribe_url }}"}, "Ссылка в теме не нажимается"),
        ({"html": ""}, "Текст письма пуст"),
        ({}, "у кого нет имени, там будет пусто"),
        ({"html": "{% for %}"}, "текст, строка 1"),
        ({"html": "{{ contact.nope }}"}, "поля «contact.nope» нет"),
    ],
)
def test_preview_checks_the_letter(login, campaign, changes, words):
    url = reverse("campaigns:preview", args=[campaign.pk])
    assert words in login().post(url, values(campaign, **changes)).content.decode()


def test_address_is_told_once_however_it_is_made(login, campaign, person):
    person("a@mail.example", first_name="Анна")
    links = '<a href="{{ contact.first_name }}">1</a><a href="cid:a">2</a>'
    html = f'<img src="/img/{{{{ contact.first_name }}}}.png"><img src="a.png">{links}'
    page = login().post(reverse("campaigns:preview", args=[campaign.pk]), values(campaign, html=html)).content.decode()
    assert "без адреса" not in page
    assert [words for words in ("«/img/….png»", "«a.png»", "«Анна»", "«/img/Анна.png»") if words in page] == [
        "«/img/….png»",
        "«a.png»",
        "«Анна»",
    ]


def test_no_word_is_offered_in_place_of_an_address(login, campaign):
    url = reverse("campaigns:preview", args=[campaign.pk])
    page = login().post(url, values(campaign, html='<a href="{{ deal.name }}">Дом</a>')).content.decode()
    assert ('data-gap="deal.name"' in page, "data-repairs" in page.partition('data-gap="deal.name"')[2][:600]) == (
        True,
        False,
    )


def test_letter_without_html_is_shown_too(login, campaign, person):
    person("a@mail.example", first_name="Анна")
    url = reverse("campaigns:preview", args=[campaign.pk])
    page = login().post(url, values(campaign, html="", text="Здравствуйте, {{ contact.first_name }}")).content.decode()
    assert "<p>Здравствуйте, Анна</p>" in page


def test_pages_with_a_letter_show_its_pictures_and_no_others_do(login, campaign):
    client = login()
    pages = [reverse("campaigns:edit", args=[campaign.pk]), reverse("campaigns:list")]
    policies = [client.get(page).headers["Content-Security-Policy"] for page in pages]
    assert ["img-src 'self' data: https:" in policy for policy in policies] == [True, False]


def test_review_tells_who_would_get_no_letter_and_why(login, campaign, person):
    for address, name in (("a@mail.example", "Анна"), ("b@mail.example", "Борис"), ("c@mail.example", "Анна")):
        person(address, first_name=name)
    url = reverse("campaigns:review", args=[campaign.pk])
    html = "{% if contact.first_name == 'Анна' %}<p>Дом</p>{% endif %}"
    page = login().post(url, values(campaign, html=html)).content.decode()
    assert "Из 3 проверенных 1 получатель останется без письма: в письме нет ни слова и ни картинки" in page
    assert "останется без письма" not in login().post(url, values(campaign)).content.decode()


def test_whole_addresses_are_no_fault(login, campaign):
    links = '<a href="https://a.example/">1</a><a href="mailto:a@a.example">2</a><a href="{{ unsubscribe_url }}">3</a>'
    url = reverse("campaigns:preview", args=[campaign.pk])
    assert "не откроется" not in login().post(url, values(campaign, html=links)).content.decode()


def test_check_of_the_name_offers_its_repair(login, campaign):
    url = reverse("campaigns:preview", args=[campaign.pk])
    page = unescape(login().post(url, values(campaign)).content.decode())
    assert "Подставить «коллега»" in page
    assert (
        json.dumps([["{{ contact.first_name }}", '{{ contact.first_name | default: "коллега" }}']], ensure_ascii=False)
        in page
    )


def test_check_of_another_field_offers_its_own_word(login, campaign):
    url = reverse("campaigns:preview", args=[campaign.pk])
    page = unescape(login().post(url, values(campaign, html="<p>{{ deal.price }}, {{ deal.name }}")).content.decode())
    assert "у кого нет бюджета сделки, там будет пусто" in page
    assert 'data-gap="deal.price"' in page
    assert ("Подставить «по запросу»" in page, '{{ deal.price | default: \\"по запросу\\" }}' in page) == (True, True)


def test_review_counts_as_the_launch_will(login, campaign, person):
    person("a@mail.example", first_name="Анна")
    person("b@mail.example")
    person("c@mail.example", allowed=False)
    page = login().get(reverse("campaigns:review", args=[campaign.pk]), headers={"HX-Request": "true"}).content.decode()
    assert "Отправить 2 писем" in page or "Отправить 2 письма" in page
    assert "нет согласия" in page
    assert "У 1 получателя из 2 нет имени" in page


def test_review_tells_for_how_many_each_field_is_empty(login, campaign, person):
    area = CustomFieldFactory(entity="contact", key="area", name="Площадь участка")
    for place in range(5):
        person(f"{place}@mail.example", first_name="Анна", custom={area.key: "6"} if place else {})
    person(allowed=False)
    campaign.steps.update(
        subject="{{ deal.price }}",
        html="{{ contact.custom.area }} {{ contact.first_name }} {{ contact.company | default: 'у вас' }}",
    )
    page = review(login(), campaign)
    told = unescape(re.sub(r"<[^>]*>", "", page[page.index('id="gaps"') : page.index('id="blockers"')]))
    assert "У 5 получателей из 5 нет бюджета сделки: впишите запасное слово" in told
    assert "У 1 получателя из 5 нет значения в поле «Площадь участка»" in told
    assert ("Нет получателей без имени" in told, "компании" in told) == (True, False)
    assert re.findall(r'href="#id_(\w+)" data-goto', page) == ["subject", "html"]


def test_review_has_no_heading_of_fields_that_are_empty_for_nobody(login, campaign, person):
    person("a@mail.example", first_name="Анна")
    client = login()
    assert '<section id="gaps" hidden>' in typed(client, campaign, html="{{ contact.first_name }}")
    assert '<section id="gaps">' in typed(client, campaign, html="{{ contact.first_name }} {{ deal.name }}")


def test_review_follows_the_fields_that_are_typed(login, campaign, person):
    person("a@mail.example", first_name="Анна")
    assert "нет названия сделки" in typed(login(), campaign, html="{{ deal.name }}")
    assert "нет названия сделки" not in typed(login(), campaign, html="{{ deal.name | default: 'дом' }}")


def test_review_does_not_mind_who_has_no_name_where_a_word_stands_in(login, campaign, person):
    person("a@mail.example")
    campaign.steps.update(subject="{{ contact.first_name | default: 'коллега' }}", html="<p>Текст</p>")
    assert "нет имени" not in review(login(), campaign)


def test_review_judges_the_audience_once(login, campaign, person):
    person("a@mail.example", first_name="Анна")
    campaign.steps.update(html="{{ deal.name }} {{ contact.first_name }} {{ contact.company }}")
    client = login()
    with CaptureQueriesContext(connection) as queries:
        review(client, campaign)
    assert sum("WITH people AS" in one["sql"] for one in queries) == 1


def test_review_is_a_page_too(login, campaign):
    page = login("head").get(reverse("campaigns:review", args=[campaign.pk])).content.decode()
    assert "<html" in page
    assert "Отправлять некому" in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"subject": " "}, "Темы письма нет. Напишите её."),
        ({"html": ""}, "Текст письма пуст. Напишите его."),
        ({"html": "<p>&nbsp;</p><br>"}, "Текст письма пуст. Напишите его."),
        ({"html": "<p>", "subject": ""}, "Напишите тему и текст письма."),
        ({"html": "{% for %}"}, "В шаблоне ошибка: текст, строка 1"),
    ],
)
def test_preview_tells_what_keeps_the_letter_from_leaving(login, campaign, changes, words):
    url = reverse("campaigns:preview", args=[campaign.pk])
    page = login().post(url, values(campaign, **changes)).content.decode()
    assert words in page[page.index("<template data-obstacles>") :]


def test_letter_without_a_subject_is_shown_all_the_same(login, campaign, person):
    person("a@mail.example", first_name="Анна")
    url = reverse("campaigns:preview", args=[campaign.pk])
    assert "Здравствуйте, <mark>Анна" in login().post(url, values(campaign, subject="")).content.decode()


@pytest.mark.parametrize("fault", ["{% for %}", "{{ company.name }}", "я" * 300_000])
def test_fault_in_the_text_leaves_the_subject_to_be_seen(login, campaign, person, fault):
    person("a@mail.example", first_name="Анна")
    url = reverse("campaigns:preview", args=[campaign.pk])
    page = login().post(url, values(campaign, html=fault)).content.decode()
    assert ("<mark>Анна</mark>, смета" in page, "Письмо нельзя показать, пока" in page) == (True, True)
    assert "Здесь появится письмо" not in page


def test_fault_in_the_subject_leaves_the_text_to_be_seen(login, campaign, person):
    person("a@mail.example", first_name="Анна")
    url = reverse("campaigns:preview", args=[campaign.pk])
    page = login().post(url, values(campaign, subject="{{ deal.nope }}")).content.decode()
    assert ("без темы" in page, "Здравствуйте, <mark>Анна" in page) == (True, True)


def review(client, campaign):
    url = reverse("campaigns:review", args=[campaign.pk])
    return client.get(url, headers={"HX-Request": "true"}).content.decode()


def typed(client, campaign, **changes):
    return client.post(reverse("campaigns:review", args=[campaign.pk]), values(campaign, **changes)).content.decode()


def test_review_follows_the_form_before_it_is_saved(login, campaign, person):
    other = SegmentFactory()
    MembershipFactory(segment=other, contact=person("a@mail.example", first_name="Анна"))
    person("b@mail.example", first_name="Борис")
    client = login()
    assert "Отправить 2 писем" in typed(client, campaign).replace("письма", "писем")
    assert "Отправить 1 письмо" in typed(client, campaign, exclude_segments=[other.pk])
    assert "Запланировать 1 письмо" in typed(client, campaign, segment=other.pk, when="at")
    assert "нет согласия" in typed(client, campaign, purpose="service")
    campaign.refresh_from_db()
    assert (campaign.segment == other, campaign.purpose, campaign.exclude_segments.count()) == (False, "advertising", 0)


def test_preview_takes_its_people_from_the_form(login, campaign, person):
    other = SegmentFactory()
    MembershipFactory(segment=other, contact=person("a@mail.example", first_name="Анна"))
    person("b@mail.example", first_name="Борис")
    url = reverse("campaigns:preview", args=[campaign.pk])
    page = login().post(url, values(campaign, exclude_segments=[other.pk])).content.decode()
    assert "<mark>Борис</mark>" in page
    assert page.count("<option") == 1


def test_segments_to_leave_out_are_picked_with_their_sizes(login, campaign):
    other = SegmentFactory(name="Отказники", size=1284)
    campaign.exclude_segments.add(other)
    page = login().get(reverse("campaigns:edit", args=[campaign.pk])).content.decode()
    assert re.search(rf'<input type="checkbox" name="exclude_segments" value="{other.pk}"[^>]*checked', page)
    assert re.search(
        r'<button class="chip" type="button" title="Отказники" data-unpick="[^"]+"><span class="trunc">Отказники', page
    )
    assert "1\u202f284" in page[page.index("data-picker") :]
    assert "<select multiple" not in page


def test_letter_that_cannot_be_sent_has_no_way_out(login, campaign, person):
    person("a@mail.example")
    client = login()
    assert not re.search(r"<button[^>]*data-launch[^>]*disabled", review(client, campaign))
    campaign.steps.update(html="<p></p>")
    page = review(client, campaign)
    assert re.search(r"<button[^>]*data-launch[^>]*disabled", page)
    assert "Текст письма пуст. Напишите его." in page
    assert 'href="#id_html"' in page


def test_paused_segment_stands_in_the_way_of_the_button(login, campaign, person):
    person("a@mail.example")
    campaign.segment.pause(now=timezone.now())
    page = review(login(), campaign)
    assert "на паузе" in page
    assert re.search(r"<button[^>]*data-launch[^>]*disabled", page)


def test_letter_of_markup_alone_is_not_launched(login, campaign, person):
    person("a@mail.example")
    response = edit(login(), campaign, act="launch", html="<p>&nbsp;</p>")
    assert response.status_code == 422
    assert "Текст письма пуст. Напишите его." in response.content.decode()


@pytest.mark.parametrize(
    ("days", "words"),
    [(None, "Укажите дату и время"), (-2, "Назначенное время прошло"), (900, "не дальше двух лет"), (2, "")],
)
def test_review_tells_what_is_wrong_with_the_time(login, campaign, person, days, words):
    person("a@mail.example")
    at = "" if days is None else f"{timezone.localtime() + timedelta(days=days):%Y-%m-%dT%H:%M}"
    page = typed(login(), campaign, when="at", at=at)
    told = page[page.index('id="blockers"') : page.index('id="obstacles"')]
    assert words in told
    assert ('href="#id_at"' in told) is bool(words)
    assert bool(re.search(r"<button[^>]*data-launch data-blocked disabled", page)) is bool(words)
    assert 'href="#id_at"' not in typed(login(), campaign, when="now", at=at)


def test_review_tells_of_a_saved_time_that_has_passed(login, campaign, person):
    person("a@mail.example")
    campaign.schedule = {"at": "2001-01-01T10:00:00+03:00"}
    campaign.save()
    page = review(login(), campaign)
    assert "Назначенное время прошло" in page
    assert re.search(r"<button[^>]*data-launch[^>]*disabled", page)


def test_review_names_the_exclusion_that_leaves_nobody(login, campaign, person):
    other, unlike = SegmentFactory(name="Отказники"), SegmentFactory(name="Чужие")
    MembershipFactory(segment=other, contact=person("a@mail.example"))
    MembershipFactory(segment=unlike)
    page = typed(login(), campaign, exclude_segments=[other.pk, unlike.pk])
    assert "Исключения убирают всех, кто в сегменте: «Отказники»" in page
    assert ("Выберите другой сегмент" in page, "Чужие" in page) == (False, False)
    assert "Выберите другой сегмент" in typed(login(), CampaignFactory(segment=unlike), segment=SegmentFactory().pk)


def test_review_tells_everything_that_leaves_nobody_and_what_to_do(login, campaign, person):
    other = SegmentFactory(name="Отказники")
    MembershipFactory(segment=other, contact=person("a@mail.example"))
    person()
    person("b@mail.example", allowed=False)
    person("c@mail.example", allowed=False)
    page = typed(login(), campaign, exclude_segments=[other.pk])
    told = re.sub(r"<[^>]*>", "|", page[page.index("Отправлять некому") :])
    causes = ["нет согласия||2", "Получите согласие на рекламу", "исключения убирают «Отказники»||1"]
    causes += ["Уберите исключение", "нет адреса||1", "Добавьте почту"]
    assert [cause in told for cause in causes] == [True] * 6
    assert re.findall(r'href="#(id_[a-z_0-9]+)" data-goto', page) == ["id_exclude_segments_open"]
    consent.give("b@mail.example", "email", "processing", source="Договор", at=timezone.now())
    page = typed(login(), campaign, exclude_segments=[other.pk])
    assert "Сервисное сообщение — другое назначение" in page
    assert re.findall(r'href="#(id_[a-z_0-9]+)" data-goto', page) == ["id_purpose_1", "id_exclude_segments_open"]


def test_a_button_puts_in_a_field_with_a_word_for_whoever_has_nothing_there(login, campaign):
    page = unescape(login().get(reverse("campaigns:edit", args=[campaign.pk])).content.decode())
    for piece in ('contact.company | default: "ваша компания"', 'deal.name | default: "ваш заказ"', "unsubscribe_url"):
        assert f'data-insert="{{{{ {piece} }}}}"' in page
    assert 'data-markup="<a href="{{ unsubscribe_url }}">Отписаться</a>"' in page


def test_what_buttons_put_into_a_letter_is_in_the_language_of_letters(login, campaign):
    client = login()
    User.objects.update(language="en")
    page = unescape(client.get(reverse("campaigns:edit", args=[campaign.pk])).content.decode())
    assert ">opt-out link</button>" in page
    assert ('default: "ваш заказ"' in page, ">Отписаться</a>" in page) == (True, True)
    url = reverse("campaigns:preview", args=[campaign.pk])
    assert "Put in “по запросу”" in client.post(url, values(campaign, html="{{ deal.price }}")).content.decode()
