"""A company as rich as pages can show it: every state of a row that has a look of its own, once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from crmseg.accounts.models import Role, User
from integrations.amocrm.importing import prepare
from integrations.amocrm.models import Account, ImportStep, Push, SegmentTag
from integrations.models import Receipt
from pipelines.models import Company, Contact, CustomField, Deal, Pipeline
from pipelines.models.contact import Lifecycle
from segments.campaigns.models import Campaign, Message
from segments.models import Segment
from tests.factories import (
    CampaignFactory,
    CompanyFactory,
    ConsentFactory,
    ContactFactory,
    ContactPointFactory,
    CustomFieldFactory,
    DealFactory,
    MembershipFactory,
    MessageFactory,
    NoteFactory,
    PipelineFactory,
    RunFactory,
    SegmentFactory,
    StageFactory,
    StepFactory,
    TaskFactory,
    UserFactory,
)
from tests.pipelines.conftest import Track, lay_track

RULES = {
    "all": [
        {"field": "open_deals", "op": "gte", "value": 1},
        {"any": [{"field": "tags", "op": "any_of", "value": ["vip"]}, {"field": "won_count", "op": "eq", "value": 0}]},
        {"none": [{"field": "last_contact_at", "op": "within_last", "value": "14d"}]},
    ]
}  # fmt: skip


@dataclass
class House:
    """Everyone and everything a page may be asked for."""

    owner: User
    manager: User
    track: Track
    unused: Pipeline
    company: Company
    contact: Contact
    deal: Deal
    segment: Segment
    by_hand: Segment
    draft: Campaign
    scheduled: Campaign
    leaving: Campaign
    running: Campaign
    letter: Message


def staff() -> tuple[User, User]:
    owner = UserFactory(name="Ольга Жукова", role=Role.OWNER, email="owner@domuozera.example")
    return owner, UserFactory(name="Юлия Белова", role=Role.MANAGER, email="belova@domuozera.example")


def start_import() -> Account:
    account = Account.objects.create(
        base_url="https://demo.amocrm.ru", token="t", amo_id=1, name="Дом у озера", connected_at=timezone.now()
    )
    prepare()
    first, second = ImportStep.objects.all()[:2]
    first.advance("", 12, timezone.now())
    second.start(timezone.now())
    second.wait("amoCRM не ответил за 30 с", 60, timezone.now())
    return account


def finish_import(account: Account, contact: Contact, segment: Segment) -> None:
    now = timezone.now()
    ImportStep.objects.update(state="done")
    account.put(imported_at=now, pulled_at=now, state=Account.State.CONNECTED, pull_error="502", next_pull_at=now)
    about = {"entity": "contact", "local_id": contact.pk}
    Push.objects.create(kind="note", cause="change 1", state="done", finished_at=now, **about)
    Push.objects.create(kind="tag", cause="change 2", state="planned", **about)
    Push.objects.create(kind="tag", cause="change 3", state="parked", reason="Нет прав", finished_at=now, **about)
    SegmentTag.objects.create(segment=segment, name="Молчат", created_at=now)
    Receipt.objects.create(source="amocrm", body=b"{}")


def move_in(owner: User, manager: User) -> House:
    now = timezone.now()
    track = lay_track()
    unused = PipelineFactory(name="Сервис и гарантия")
    StageFactory(pipeline=unused, name="Обращение")
    company = CompanyFactory(name="ООО «СеверДом»", responsible=manager, lifecycle=Lifecycle.REFUSED)
    _fields()
    contact = _people(company, manager)
    deal = _deals(track, contact, company, manager, now)
    segment, by_hand = _segments(contact, owner, now)
    draft, scheduled, leaving, running, letter = _campaigns(segment, contact, owner, now)
    people = (owner, manager, track, unused, company, contact, deal)
    return House(*people, segment, by_hand, draft, scheduled, leaving, running, letter)


def _fields() -> None:
    forms = CustomField.Form
    for key, name, form in (("area", "Площадь", forms.NUMBER), ("estimate", "Смета", forms.TEXT)):
        CustomFieldFactory(key=key, name=name, form=form)


def _people(company: Company, manager: User) -> Contact:
    custom = {"area": "132.5", "estimate": "https://smeta.example/1"}
    contact = ContactFactory(
        name="Елена Савина", company=company, responsible=manager, tags=["партнёр", "выставка"], custom=custom
    )
    ContactPointFactory(contact=contact, value="savina@mail.example")
    ContactPointFactory(contact=contact, kind="phone", value="+79161234567")
    ContactPointFactory(contact=contact, kind="phone", value="+7916", raw="7-916", is_valid=False)
    for number, status in enumerate(Lifecycle.values):
        ContactPointFactory(contact__name=f"Клиент {number}", contact__lifecycle=status)
    ContactFactory(name="Имя длинное настолько что ни в одну колонку целиком не помещается никогда", deleted_at=None)
    return contact


def _deals(track: Track, contact: Contact, company: Company, manager: User, now: datetime) -> Deal:
    people = {"contact": contact, "company": company, "responsible": manager}
    deal = DealFactory(stage=track.quote, created_at=now - timedelta(days=20), tags=["срочно"], **people)
    for number, stage in enumerate(track.stages):
        DealFactory(stage=stage, created_at=now - timedelta(days=3 * number), closed_at=None if stage.is_open else now)
    lost = DealFactory(stage=track.lost, loss_reason=track.expensive, closed_at=now, **people)
    lost.move_to(track.contact, now=now)
    deal.move_to(track.payment, by=manager, now=now - timedelta(days=9))
    deal.move_to(track.quote, by=manager, now=now - timedelta(days=8))
    for days, is_done in ((-1, False), (0, False), (3, False), (-5, True)):
        TaskFactory(deal=deal, contact=contact, responsible=manager, due_at=now + timedelta(days=days), is_done=is_done)
    NoteFactory(deal=deal, author=manager)
    NoteFactory(contact=contact, author=manager)
    return deal


def _segments(contact: Contact, owner: User, now: datetime) -> tuple[Segment, Segment]:
    segment = SegmentFactory(
        name="Молчат после расчёта", rules=RULES, size=1, refreshed_at=now, owner=owner, description="Ждут звонка"
    )
    MembershipFactory(segment=segment, contact=contact)
    MembershipFactory(segment=segment, left_at=now, left_cause="rule")
    SegmentFactory(name="Новые", ready_key="lifecycle_new", health="empty", refreshed_at=now)
    SegmentFactory(name="Летние", is_paused=True, paused_until=now + timedelta(days=30))
    SegmentFactory(name="Сломан", health="broken", health_reason="Этап удалён", refreshed_at=now)
    SegmentFactory(name="Ещё не посчитан")
    by_hand = SegmentFactory(name="Гости выставки", kind="static", rules=None, refreshed_at=now)
    return segment, by_hand


def _campaigns(
    segment: Segment, contact: Contact, owner: User, now: datetime
) -> tuple[Campaign, Campaign, Campaign, Campaign, Message]:
    ConsentFactory(contact=contact, address="savina@mail.example")
    draft = StepFactory(campaign__segment=segment, campaign__name="Разбор сметы", campaign__created_by=owner).campaign
    at = {"schedule": {"at": (now + timedelta(days=1)).isoformat()}, "next_due_at": now + timedelta(days=1)}
    scheduled = StepFactory(campaign=CampaignFactory(segment=segment, state="scheduled", **at)).campaign
    sent = {"state": "scheduled", "next_due_at": now + timedelta(seconds=60)}
    leaving = StepFactory(campaign=CampaignFactory(name="Дни открытых домов", segment=segment, **sent)).campaign
    for state in ("paused", "done", "cancelled"):
        CampaignFactory(segment=segment, state=state, launched_at=now, state_reason="Почта не отвечает")
    running = CampaignFactory(name="Приглашение", segment=segment, state="running", launched_at=now)
    run, step = RunFactory(campaign=running, state="running"), StepFactory(campaign=running)
    sent = {"run": run, "step": step, "sent_at": now, "subject": "Елена, разберём вашу смету"}
    letter = MessageFactory(contact=contact, state="accepted", **sent)
    for state in ("delivered", "bounced", "complained", "rejected", "unknown", "planned"):
        MessageFactory(state=state, detail="452 4.2.2 mailbox full", changed_at=now - timedelta(hours=1), **sent)
    MessageFactory(state="accepted", unsubscribed_at=now, **sent)
    MessageFactory(run=run, step=step, state="skipped", reason="no_consent")
    return draft, scheduled, leaving, running, letter
