"""One file of factories: each builds the least that tells a story."""

from datetime import UTC, datetime

import factory
from factory.django import DjangoModelFactory

from crmseg.accounts.models import Role, User
from pipelines.models import (
    Company,
    Contact,
    ContactPoint,
    CustomField,
    Deal,
    DealContact,
    LossReason,
    Note,
    Pipeline,
    Stage,
    StageVisit,
    Task,
)
from segments.campaigns.consent import address_hash
from segments.campaigns.models import Campaign, Consent, Message, Run, Step
from segments.models import Membership, Segment

NOW = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)  # a Saturday, 14:00 in Moscow


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User

    name = factory.Sequence(lambda n: f"Юлия Щербакова {n}")
    email = factory.Sequence(lambda n: f"user{n}@domuozera.example")
    role = Role.MANAGER
    password = factory.django.Password("dlinnyy-parol-1")


class PipelineFactory(DjangoModelFactory):
    class Meta:
        model = Pipeline

    name = "Строительство коттеджей"


class StageFactory(DjangoModelFactory):
    class Meta:
        model = Stage

    pipeline = factory.SubFactory(PipelineFactory)
    name = factory.Sequence(lambda n: f"Этап {n}")
    position = factory.Sequence(lambda n: n * 10)
    kind = Stage.Kind.OPEN


class LossReasonFactory(DjangoModelFactory):
    class Meta:
        model = LossReason

    name = "Дорого"


class CompanyFactory(DjangoModelFactory):
    class Meta:
        model = Company

    name = "ООО «СеверДом»"
    created_at = NOW


class ContactFactory(DjangoModelFactory):
    class Meta:
        model = Contact

    name = factory.Sequence(lambda n: f"Елена Савина {n}")
    created_at = NOW


class ContactPointFactory(DjangoModelFactory):
    class Meta:
        model = ContactPoint

    contact = factory.SubFactory(ContactFactory)
    kind = ContactPoint.Kind.EMAIL
    value = factory.Sequence(lambda n: f"client{n}@mail.example")
    raw = factory.SelfAttribute("value")


class CustomFieldFactory(DjangoModelFactory):
    class Meta:
        model = CustomField

    entity = CustomField.Entity.CONTACT
    key = factory.Sequence(lambda n: f"field_{n}")
    name = factory.SelfAttribute("key")
    form = CustomField.Form.TEXT


class DealFactory(DjangoModelFactory):
    """A deal with its first visit, standing on its stage since it was created."""

    class Meta:
        model = Deal
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Каркасный дом {n}")
    price = 4_830_000
    stage = factory.SubFactory(StageFactory)
    pipeline = factory.SelfAttribute("stage.pipeline")
    created_at = NOW
    stage_entered_at = factory.SelfAttribute("created_at")

    @factory.post_generation
    def visit(deal: Deal, create: bool, extracted: object, **kwargs: object) -> None:
        if create and extracted is not False:
            StageVisitFactory(deal=deal, stage=deal.stage, entered_at=deal.stage_entered_at)

    @factory.post_generation
    def contact(deal: Deal, create: bool, extracted: Contact | None, **kwargs: object) -> None:
        if create and extracted is not None:
            DealContact.objects.create(deal=deal, contact=extracted, is_main=True)


class StageVisitFactory(DjangoModelFactory):
    class Meta:
        model = StageVisit

    deal = factory.SubFactory(DealFactory)
    stage = factory.SelfAttribute("deal.stage")
    pipeline = factory.SelfAttribute("stage.pipeline")
    entered_at = NOW


class TaskFactory(DjangoModelFactory):
    class Meta:
        model = Task

    text = "Перезвонить по расчёту"
    due_at = NOW


class NoteFactory(DjangoModelFactory):
    class Meta:
        model = Note

    text = "Думают между каркасом и газобетоном"
    created_at = NOW


class SegmentFactory(DjangoModelFactory):
    class Meta:
        model = Segment

    name = factory.Sequence(lambda n: f"Молчат после расчёта {n}")
    rules = factory.LazyFunction(lambda: {"field": "open_deals", "op": "gte", "value": 1})


class MembershipFactory(DjangoModelFactory):
    class Meta:
        model = Membership

    segment = factory.SubFactory(SegmentFactory)
    contact = factory.SubFactory(ContactFactory)
    entered_at = NOW


class CampaignFactory(DjangoModelFactory):
    class Meta:
        model = Campaign

    name = factory.Sequence(lambda n: f"Разбор сметы {n}")
    segment = factory.SubFactory(SegmentFactory)


class StepFactory(DjangoModelFactory):
    class Meta:
        model = Step

    campaign = factory.SubFactory(CampaignFactory)
    subject = "{{ contact.first_name }}, разберём вашу смету"
    html = "<p>Здравствуйте, {{ contact.first_name }}</p>"


class RunFactory(DjangoModelFactory):
    class Meta:
        model = Run

    campaign = factory.SubFactory(CampaignFactory)
    due_at = NOW


class MessageFactory(DjangoModelFactory):
    """A planned letter of a running run."""

    class Meta:
        model = Message

    run = factory.SubFactory(RunFactory, state="running", campaign__state="running")
    step = factory.SubFactory(StepFactory, campaign=factory.SelfAttribute("..run.campaign"))
    contact = factory.SubFactory(ContactFactory)
    channel = "email"
    address = factory.Sequence(lambda n: f"client{n}@mail.example")
    address_hash = factory.LazyAttribute(lambda row: address_hash(row.channel, row.address))
    token = factory.Sequence(lambda n: f"{n:032x}")
    due_at = NOW


class ConsentFactory(DjangoModelFactory):
    class Meta:
        model = Consent

    channel = "email"
    purpose = "advertising"
    given = True
    source = "Форма на сайте"
    at = NOW
