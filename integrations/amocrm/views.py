from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crmseg.accounts.models import User
from crmseg.accounts.policy import allowed, may, visible
from crmseg.web.page import flash, is_fragment, render_page, toast
from pipelines import arming
from pipelines.models import Home
from segments.models import Segment

from ..http import HttpError
from . import connect as connecting
from . import consent, importing, pause, plan, progress, tasks
from .client import AmoClient
from .forms import ConnectForm, ConsentForm, TagForm
from .models import Account, Push, SegmentTag

PAGE, TAG = "amocrm/page.html", "amocrm/_segment_tag.html"


@require_safe
@allowed("amocrm.see")
def page(request: HttpRequest) -> HttpResponse:
    return _page(request)


@require_POST
@allowed("amocrm.connect")
def connect(request: HttpRequest) -> HttpResponse:
    """Check with amoCRM itself, then keep and start the import; what amoCRM says against it stands by the field."""
    form, now = ConnectForm(request.POST), timezone.now()
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        checked = connecting.check(form.cleaned_data["base_url"], form.cleaned_data["token"], now)
        account = connecting.connect(checked, now)
    except connecting.ConnectionRefused as error:
        form.add_error(error.field or None, error.reason)
        return _page(request, form, status=422)
    _subscribe(request, account)
    transaction.on_commit(tasks.continue_import.delay, robust=True)
    return redirect("amocrm:page")


@require_safe
@allowed("amocrm.see")
def show_progress(request: HttpRequest) -> HttpResponse:
    """The page's only look at how it stands: its strip comes along. `import` says that one was followed there."""
    context = _context(request)
    answer, account = render_page(request, PAGE, context, partial="look"), context["account"]
    if "import" not in request.GET or not isinstance(account, Account) or account.is_importing:
        return answer
    text, kind = progress.outcome(account)
    return toast(answer, text, kind)


@require_safe
def banner(request: HttpRequest) -> HttpResponse:
    """The strip of other pages; when the import is over it vanishes, asks no more and says how it ended."""
    account = Account.current()
    is_running = account is not None and account.is_importing
    context = {"import": progress.now() if is_running else None, "is_linked": may(request.user, "amocrm.see")}
    answer = render_page(request, "amocrm/_banner.html", context)
    if is_running or account is None:
        return answer
    text, kind = progress.outcome(account)
    return toast(answer, text, kind)


@require_POST
@allowed("amocrm.connect")
def choose_consent(request: HttpRequest) -> HttpResponse:
    form = ConsentForm(request.POST, instance=get_object_or_404(Account))
    if not form.is_valid():
        return _page(request, consent_form=form, status=422)
    with transaction.atomic():
        account = form.save()
        written = consent.follow_everyone(account, timezone.now()) if account.consent_field else 0
    flash(request, _("Сохранено. Новых записей о согласии: %(count)s") % {"count": written})
    return redirect("amocrm:page")


@require_POST
@allowed("amocrm.connect")
def try_now(request: HttpRequest) -> HttpResponse:
    """End a pause before its time."""
    if pause.end(get_object_or_404(Account), timezone.now()):
        for task in (tasks.continue_import, tasks.pull_changes, tasks.push_changes):
            transaction.on_commit(task.delay, robust=True)
        flash(request, _("Пробуем сейчас"))
    return redirect("amocrm:page")


@require_POST
@allowed("amocrm.connect")
def import_again(request: HttpRequest) -> HttpResponse:
    """Read everything once more, say after a right at amoCRM was granted; a running import goes on as it is."""
    account = get_object_or_404(Account)
    if account.is_connected:
        importing.start_over(account)
        transaction.on_commit(tasks.continue_import.delay, robust=True)
    return redirect("amocrm:page")


@require_POST
@allowed("amocrm.connect")
def arm(request: HttpRequest) -> HttpResponse:
    """An administrator answers for a restored database: it may send and write again."""
    by = request.user if isinstance(request.user, User) else None
    home = Home.objects.first()
    if home and home.arm(by, timezone.now()):
        flash(request, _("Отправка и запись в amoCRM включены"))
    return redirect("amocrm:page")


@require_POST
@allowed("amocrm.connect")
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    push = get_object_or_404(Push, pk=pk)
    if push.retry():
        plan.show_waiting([push])
        transaction.on_commit(tasks.push_changes.delay, robust=True)
    return redirect("amocrm:page")


@require_POST
@allowed("segments.edit")
def switch_tag(request: HttpRequest, segment_id: int) -> HttpResponse:
    """Show a segment as a tag at amoCRM, or no longer."""
    segment = get_object_or_404(visible(request.user, Segment), pk=segment_id)
    form, now, tag = TagForm(request.POST, segment_id=segment_id), timezone.now(), None
    with transaction.atomic():
        if "off" in request.POST:
            plan.hide_tag(segment, now)
        elif form.is_valid():
            tag = plan.show_as_tag(segment, form.cleaned_data["name"], now)
    is_bad = "off" not in request.POST and not form.is_valid()
    told = form.errors["name"].as_data()[0].messages[0] if is_bad else _("Тег включён") if tag else _("Тег выключен")
    if not is_fragment(request):
        flash(request, told, kind="bad" if is_bad else "ok")
        return redirect("segments:detail", segment_id)
    context = {"segment": segment, "tag": tag or SegmentTag.objects.filter(segment=segment).first(), "may_edit": True}
    answer = render_page(request, TAG, context | {"form": form if is_bad else None}, status=422 if is_bad else 200)
    return answer if is_bad else toast(answer, told)


def _subscribe(request: HttpRequest, account: Account) -> None:
    """Without hooks changes still come, a few minutes later."""
    try:
        with AmoClient(account) as client:
            connecting.subscribe(client)
    except HttpError as error:
        flash(request, _("Подписка на изменения не удалась: %(reason)s") % {"reason": error.reason.clause}, kind="bad")


def _page(
    request: HttpRequest,
    form: ConnectForm | None = None,
    consent_form: ConsentForm | None = None,
    status: int = 200,
) -> HttpResponse:
    return render_page(request, PAGE, _context(request, form, consent_form), status=status)


def _context(
    request: HttpRequest, form: ConnectForm | None = None, consent_form: ConsentForm | None = None
) -> dict[str, object]:
    account = Account.current()
    return progress.describe(account) | {
        "form": form or ConnectForm(initial={"base_url": account.base_url if account else ""}),
        "consent_form": consent_form or (ConsentForm(instance=account) if account else None),
        "disarmed_at": arming.disarmed_at(timezone.now()),
        "may_connect": may(request.user, "amocrm.connect"),
    }
