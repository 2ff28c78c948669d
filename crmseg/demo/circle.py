"""Connect, import, fill segments, send a campaign, write back: each step starts like a person's click and then waits.

The workers do the work; what is waited for is found in the database. Safe to run again on the same data: what is done
already is only looked at.
"""

from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from crmseg.accounts.models import Role, User
from crmseg.demo import people
from crmseg.demo.steps import Circle, CircleError
from crmseg.words import gettext as _
from integrations.amocrm import connect, pause, tasks
from integrations.amocrm.client import AmoClient
from integrations.amocrm.models import Account, Entity, ImportStep, Push
from integrations.amocrm.plan import show_as_tag
from pipelines.models import Contact, Deal, Stage
from segments import gallery
from segments.campaigns import launch
from segments.campaigns.models import Campaign, Message, Run, Step
from segments.campaigns.tasks import start_due
from segments.models import Membership, Segment
from segments.tasks import refresh_all

CAMPAIGN = "Разбор сметы"
SEGMENT = "silent_14d"
TAG = "crmseg: молчат после расчёта"
LOOKS_BETWEEN_PUSHES = 8  # two seconds
NORMS = {  # stage → days, percent
    "Расчёт с сайта": (2, 10),
    "Первичный контакт": (3, 20),
    "Отправлен расчёт": (14, 40),
    "Заключение договора": (7, 80),
    "Обращение": (7, 50),
    "Выезд мастера": (7, 70),
    "Работы": (7, 90),
}
SUBJECT = "{{ contact.first_name | default: 'Здравствуйте' }}, разберём вашу смету по строкам?"
LETTER = """<p>Здравствуйте{% if contact.first_name != '' %}, {{ contact.first_name }}{% endif %}!</p>
<p>Недавно мы отправили вам расчёт: {{ deal.name | default: 'ваш дом' }}.{% if deal.price != '' %} Сумма по смете —
{{ deal.price }}.{% endif %}</p>
<p>Понимаем, что решение о доме не принимают за день. Чтобы было проще сравнить, мы подготовили разбор вашей
сметы по строкам: что можно убрать без потери тепла и прочности, а на чём экономить не стоит.</p>
<p>Разбор занимает 20 минут. Удобное время подтвердит {{ deal.responsible | default: 'наш менеджер' }}.</p>
<p>«Дом у озера»</p>
<p><a href="{{ unsubscribe_url }}">Отписаться</a></p>"""


def refuse_real_data() -> None:
    """The demo writes people and letters: never into a database that belongs to a real account."""
    account = Account.current()
    is_foreign = account is not None and not account.base_url.startswith("http://127.0.0.1")
    has_people = User.objects.exclude(email__endswith=f"@{people.HOST}").exists()
    if is_foreign or has_people:
        raise CircleError(_("в этой базе уже есть настоящие данные; укажите пустую базу или уберите DATABASE_URL"))


def connect_account(base_url: str, token: str, public_url: str) -> Account:
    now = timezone.now()
    try:
        account = connect.connect(connect.check(base_url, token, now), now)
    except connect.ConnectionRefused as error:
        raise CircleError(error.reason) from error
    account.put(consent_field="mail_consent")
    with AmoClient(account) as client:
        connect.subscribe(client, public_url)
    tasks.continue_import.delay()
    return account


def await_import(circle: Circle, expected: dict[str, int]) -> None:
    """Until all is in. One could work before the stage history is, but who is silent since when is read from it."""
    for entity, label in (("companies", _("Компании")), ("contacts", _("Контакты")), ("deals", _("Сделки"))):
        circle.wait(label, partial(_of_step, entity, expected.get(entity)), _why_it_waits)
    is_over = Account.objects.exclude(imported_at=None).exists
    circle.wait(_("Задачи и примечания"), lambda: (*_rest(), is_over()), _why_it_waits)
    circle.wait(_("История этапов"), partial(_of_step, "history", None), _why_it_waits)


def _why_it_waits() -> str:
    account = Account.current()
    waiting = pause.current(account) if account else None
    return f"{waiting.reason.text}. {waiting.next_try}" if waiting else ""


def _of_step(entity: str, expected: int | None) -> tuple[int, int | None, bool]:
    step = ImportStep.objects.filter(entity=entity).first()
    if step is None:
        return 0, expected, False
    total = expected or step.total
    return step.done, total and max(total, step.done), step.is_done  # more may have happened since it was counted


def _rest() -> tuple[int, None]:
    steps = ImportStep.objects.filter(Q(entity__contains="notes") | Q(entity="tasks"))
    return sum(step.done for step in steps), None


@transaction.atomic
def set_norms() -> None:
    """What amoCRM does not know of a stage: how long a deal may stand there, and how likely it is won.

    All at once: a worker may be making the segment of those over the norm.
    """
    for name, (days, probability) in NORMS.items():
        Stage.objects.filter(name=name, max_days=None).update(max_days=days, probability=probability)


def fill_segments(circle: Circle) -> Segment:
    """With the norms of the demo, and on a later run of it with what has changed since."""
    asked = timezone.now()
    gallery.ensure(asked)
    refresh_all.delay()

    def look() -> tuple[int, int | None, bool]:
        live = Segment.objects.live()
        filled = live.filter(refreshed_at__gte=asked).count()
        return filled, live.count(), filled == live.count()

    circle.wait(_("Сегменты"), look)
    segment = Segment.objects.filter(ready_key=SEGMENT).first()
    if segment is None or not segment.size:
        raise CircleError(_("сегмент «Молчат после расчёта» пуст"))
    show_as_tag(segment, TAG, timezone.now())
    tasks.push_changes.delay()  # amoCRM learns of it while the letters go out
    return segment


def run_campaign(circle: Circle, segment: Segment) -> Campaign:
    campaign = Campaign.objects.filter(name=CAMPAIGN).first() or _schedule(segment)

    def look() -> tuple[int, int | None, bool]:
        messages = Message.objects.filter(run__campaign=campaign)
        total = messages.count()  # counted first: rows that appear in between are waiting, not done
        waiting = messages.filter(state__in=Message.PENDING).count()
        run = campaign.runs.first()
        is_over = run is not None and run.state == Run.State.DONE
        return max(0, total - waiting), total or None, is_over

    circle.wait(_("Письма"), look)
    return campaign


def _schedule(segment: Segment) -> Campaign:
    now = timezone.now()
    start = {"at": (now + timedelta(seconds=1)).isoformat()}
    author = User.objects.filter(role=Role.MARKETER).first()
    campaign = Campaign.objects.create(name=CAMPAIGN, segment=segment, schedule=start, created_by=author)
    Step.objects.create(campaign=campaign, subject=SUBJECT, html=LETTER)
    launched = launch.launch(campaign, by=author, now=now)
    start_due.apply_async(countdown=1)
    return launched


def write_back(circle: Circle, segment: Segment, campaign: Campaign) -> None:
    """A tag to each member, a note to each who got this campaign's letter; what people did beside it is not counted.

    The log tells what to write once no older transaction is open: a worker is sent again until it has been told.
    """
    looks = count()
    members = Membership.objects.filter(segment=segment, left_at=None).values("contact")
    readers = Message.objects.filter(run__campaign=campaign, state=Message.State.ACCEPTED).values("contact")
    ours = Q(kind=Push.Kind.TAG, local_id__in=members) | Q(kind=Push.Kind.NOTE, local_id__in=readers)

    def look() -> tuple[int, int | None, bool]:
        if next(looks) % LOOKS_BETWEEN_PUSHES == 0:
            tasks.push_changes.delay()
        each = Push.objects.filter(ours, entity=Entity.CONTACT).values("kind", "local_id").distinct()
        expected, total = members.count() + readers.distinct().count(), each.count()
        left = each.filter(state__in=Push.OPEN).count()
        return total - left, max(total, expected), total >= expected and not left

    circle.wait(_("Запись в amoCRM"), look)


def result(circle: Circle) -> dict[str, Any]:
    """The figures of contracts §1."""
    return {
        "contacts": Contact.objects.alive().count(),
        "deals": Deal.objects.alive().count(),
        "segments": Segment.objects.alive().count(),
        "memberships": Membership.objects.filter(left_at=None).count(),
        "messages_accepted": Message.objects.filter(state=Message.State.ACCEPTED).count(),
        "messages_skipped": Message.objects.filter(state=Message.State.SKIPPED).count(),
        "written_back": Push.objects.filter(state=Push.State.DONE)
        .values("kind", "entity", "local_id")
        .distinct()
        .count(),
        "seconds": circle.seconds,
    }
