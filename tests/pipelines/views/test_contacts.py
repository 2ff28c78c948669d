import re

import pytest

from crmseg.accounts.models import Role
from tests.factories import (
    NOW,
    CompanyFactory,
    ContactFactory,
    ContactPointFactory,
    DealFactory,
    NoteFactory,
    SegmentFactory,
    TaskFactory,
    UserFactory,
)
from tests.pipelines.conftest import lay_track

pytestmark = pytest.mark.django_db


def login(client, role=Role.HEAD):
    user = UserFactory(role=role)
    client.force_login(user)
    return user


def test_list_shows_a_person_with_phone_and_open_sum(client):
    login(client)
    contact = ContactPointFactory(kind="phone", value="+79035551842").contact
    DealFactory(contact=contact, price=4_830_000)
    page = client.get("/contacts/").content.decode()
    assert "+7 (903) 555-18-42" in page
    assert "4\u202f830\u202f000" in page


def test_search_answers_with_the_rows_alone(client):
    login(client)
    ContactFactory(name="Семён Королёв")
    answer = client.get("/contacts/?q=королев", headers={"HX-Request": "true"}).content.decode()
    assert "Семён" in answer
    assert "<html" not in answer


def test_no_line_of_the_feed_ends_with_a_separator(client):
    note = NoteFactory(contact=ContactFactory(), author=login(client))
    deal = DealFactory(contact=note.contact)
    deal.visits.update(by=note.author)
    page = client.get(f"/contacts/{note.contact.pk}/").content.decode()
    feed = page[page.index('class="feed"') :]
    assert deal.name in feed
    assert not re.search(r"·\s*<", feed)


@pytest.mark.parametrize("address", ["/contacts/", "/companies/"])
def test_search_asks_the_list_itself_and_not_its_present_query(client, address):
    login(client)
    assert f'hx-get="{address}"' in client.get(address, {"q": "королев"}).content.decode()


def test_nothing_found_offers_to_reset(client):
    login(client)
    ContactFactory()
    assert "Сбросить фильтр" in client.get("/contacts/?q=нет такого").content.decode()


FIRST = {"/contacts/": "Здесь появятся ваши контакты", "/companies/": "Компаний пока нет"}


@pytest.mark.parametrize("query", ["", "?q=", "?q=%20", "?responsible=&lifecycle=", "?utm_source=letter"])
@pytest.mark.parametrize("address", FIRST)
def test_list_without_anybody_says_what_comes_here(client, address, query):
    login(client)
    page = client.get(address + query).content.decode()
    assert (FIRST[address] in page, "Сбросить фильтр" in page) == (True, False)


@pytest.mark.parametrize("query", ["?q=нет", "?lifecycle=vip", "?tag=эскроу"])
@pytest.mark.parametrize("address", FIRST)
def test_list_that_is_empty_for_its_filter_says_so(client, address, query):
    login(client)
    page = client.get(address + query).content.decode()
    assert (FIRST[address] in page, "Сбросить фильтр" in page) == (False, True)


@pytest.mark.parametrize(("address", "factory"), [("/contacts/", ContactFactory), ("/companies/", CompanyFactory)])
def test_responsible_are_those_who_can_own_people_and_those_who_do(client, address, factory):
    login(client)
    for role in Role:
        UserFactory(role=role, name=f"Есть {role}")
    factory(responsible=UserFactory(role=Role.MARKETER, name="Ведёт marketer"))
    UserFactory(role=Role.MANAGER, name="Уволен", is_active=False)
    factory(responsible=UserFactory(role=Role.MANAGER, name="Уволен, но ведёт", is_active=False))
    offered = client.get(address).context["filter"].form.fields["responsible"].queryset
    names = {user.name for user in offered} - {client.get(address).context["user"].name}
    own = {f"Есть {role}" for role in ("owner", "admin", "head", "manager")}
    assert names == own | {"Ведёт marketer", "Уволен, но ведёт"}


def test_manager_sees_own_people_only(client):
    manager = login(client, Role.MANAGER)
    mine, other = ContactFactory(responsible=manager), ContactFactory()
    page = client.get("/contacts/").content.decode()
    assert mine.name in page
    assert other.name not in page
    assert client.get(f"/contacts/{other.pk}/").status_code == 404


def test_partner_is_refused(client):
    login(client, Role.PARTNER)
    assert client.get("/contacts/").status_code == 403


def test_card_shows_deals_tasks_and_timeline(client):
    login(client)
    contact = ContactFactory()
    DealFactory(contact=contact, name="Барнхаус")
    TaskFactory(contact=contact, text="Позвонить Елене")
    page = client.get(f"/contacts/{contact.pk}/").content.decode()
    assert "Барнхаус" in page
    assert "Позвонить Елене" in page


def test_manager_reads_nothing_of_a_colleagues_deal_on_the_card(client):
    contact = ContactFactory(responsible=login(client, Role.MANAGER))
    NoteFactory(deal=DealFactory(contact=contact, name="Чужая", responsible=UserFactory()), text="Торгуется")
    page = client.get(f"/contacts/{contact.pk}/").content.decode()
    assert "Чужая" not in page
    assert "Торгуется" not in page


def test_lists_cost_the_same_whatever_their_length(client, django_assert_max_num_queries):
    login(client)
    for _ in range(30):
        DealFactory(contact=ContactPointFactory(contact__company=CompanyFactory()).contact)
    with django_assert_max_num_queries(14):
        client.get("/contacts/")
    with django_assert_max_num_queries(8):
        client.get("/companies/")


def test_company_shows_its_people(client):
    login(client)
    contact = ContactFactory(company=CompanyFactory())
    page = client.get(f"/companies/{contact.company_id}/").content.decode()
    assert contact.name in page
    assert "Создана" in page
    assert "удалена в amoCRM" not in page


def test_deleted_company_is_told_in_its_gender(client):
    login(client)
    company = CompanyFactory(deleted_at=NOW)
    assert "удалена в amoCRM" in client.get(f"/companies/{company.pk}/").content.decode()


@pytest.mark.parametrize("address", ["/deals/", "/contacts/", "/companies/", "/segments/"])
@pytest.mark.parametrize("typed", ["%00", "%F0%9F%8F%A0", "%25_%5C", "%27%22%3C", "a" * 5000])
def test_odd_characters_in_search_break_nothing(client, address, typed):
    login(client)
    assert client.get(f"{address}?q={typed}").status_code == 200


@pytest.mark.parametrize("address", ["/deals/", "/contacts/", "/companies/", "/segments/"])
def test_search_leaves_one_step_back_however_long_it_is_typed(client, address):
    login(client)
    DealFactory(stage=lay_track().quote)
    page = client.get(address).content.decode()
    form = re.search(r'<form[^>]*role="search"[^>]*>.*?</form>', page, re.DOTALL).group()
    assert ('hx-replace-url="true"' in form.split(">")[0], "hx-push-url" in form) == (True, False)


@pytest.mark.parametrize("address", ["/deals/", "/contacts/", "/companies/", "/segments/"])
def test_search_takes_what_its_field_takes_and_cuts_the_rest(client, address):
    login(client)
    track, most = lay_track(), "ё" * 200
    contact = ContactFactory(name=most)
    DealFactory(name=most, stage=track.quote, contact=contact)
    CompanyFactory(name=most)
    SegmentFactory(name=most)
    page = client.get(address, {"q": f" {most}лки"}).content.decode()
    field = re.search(r'<input[^>]*name="q"[^>]*>', page).group()
    assert (f'value="{most}"' in field, 'maxlength="200"' in field) == (True, True)
    assert page.count(most) > field.count(most)
