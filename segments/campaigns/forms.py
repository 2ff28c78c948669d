"""The wizard's one form: whom, what, when. It reads and writes a campaign together with its step."""

from datetime import datetime
from typing import Any

from django import forms
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from crmseg.accounts.models import User
from crmseg.accounts.policy import visible
from segments.models import Segment

from . import personal
from .models import Campaign, Purpose, Step
from .obstacles import of_time
from .reasons import WORDS
from .rendering import MAX_SOURCE, problems, too_long

NOW, AT, REGULAR = "now", "at", "regular"
LOCAL = "%Y-%m-%dT%H:%M"
WHEN = _("Когда отправить")
TIMES = [(NOW, _("Сейчас")), (AT, _("В назначенное время"))]


class Overtaken(Exception):
    """Somebody else has saved since this form was drawn."""


class Gone(Exception):
    """It was launched or put on schedule since this form was drawn."""


class _Marked:
    def label_from_instance(self, obj: Any) -> str:
        """One that is paused is told where it is chosen: to be sent to, it stands in the way of a launch."""
        return str(_("%(segment)s (на паузе)") % {"segment": obj}) if obj.is_paused else str(obj)


class SegmentField(_Marked, forms.ModelChoiceField):
    pass


class SegmentsField(_Marked, forms.ModelMultipleChoiceField):
    pass


class DraftForm(forms.ModelForm):
    """What a draft needs to exist."""

    class Meta:
        model = Campaign
        fields = ["name", "segment"]
        error_messages = {"name": {"required": _("Укажите название.")}}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["segment"] = _segments(user, label=_("Сегмент"), empty_label=_("Выберите сегмент"))


class WhomForm(forms.ModelForm):
    """Who is to get it; also of a campaign that is still being typed, which nobody saves."""

    purpose = forms.ChoiceField(
        label=_("Назначение"),
        choices=Purpose.choices,
        widget=forms.RadioSelect,
        help_text=_("Реклама уходит тем, кто согласился на рекламу; сервисное — кто согласился на обработку данных."),
    )

    class Meta:
        model = Campaign
        fields = ["segment", "exclude_segments", "purpose"]

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["segment"] = _segments(user, label=_("Кому"), empty_label=_("Выберите сегмент"))
        self.fields["exclude_segments"] = SegmentsField(
            _rows(user), required=False, label=_("Кроме тех, кто в сегментах"), widget=forms.CheckboxSelectMultiple
        )

    def typed(self) -> tuple[Campaign, QuerySet[Segment]]:
        """The campaign as the form means it, unsaved, and the segments it leaves out."""
        self.is_valid()
        campaign: Campaign = self.instance
        return campaign, self.cleaned_data.get("exclude_segments", Segment.objects.none())


class CampaignForm(WhomForm):
    subject = forms.CharField(label=_("Тема письма"), max_length=500, required=False)
    html = forms.CharField(
        label=_("Текст"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 12}),
    )
    text = forms.CharField(
        label=_("Текст без оформления"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("Пусто — сделаем из основного текста."),
    )
    when = forms.ChoiceField(label=WHEN, choices=TIMES, widget=forms.RadioSelect)
    at = forms.DateTimeField(
        label=_("Дата и время"),
        required=False,
        input_formats=[LOCAL],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=LOCAL),
        error_messages={"invalid": WORDS["no_time"]},
    )

    class Meta(WhomForm.Meta):
        fields = ["name", *WhomForm.Meta.fields]
        error_messages = {"name": {"required": _("Укажите название.")}}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        step = self.instance.steps.first() if self.instance.pk else None
        for name in ("subject", "html", "text"):
            self.initial.setdefault(name, getattr(step, name, ""))
        for name in ("html", "text"):  # told while it is typed: such a letter need not travel here and back
            weight = {"data-most": MAX_SOURCE, "data-too-long": str(too_long(name, "{size}"))}
            self.fields[name].widget.attrs.update(weight)
        self._show_schedule()

    def _show_schedule(self) -> None:
        schedule = self.instance.schedule or {}
        if "rrule" in schedule:  # made through the API: kept as it is until another choice is made
            regular = (REGULAR, _("Регулярно: %(rule)s") % {"rule": schedule["rrule"]})
            self.fields["when"] = forms.ChoiceField(label=WHEN, choices=[*TIMES, regular], widget=forms.RadioSelect)
        at = parse_datetime(schedule["at"]) if "at" in schedule else None
        self.initial.setdefault("at", timezone.localtime(at) if at else None)
        self.initial.setdefault("when", REGULAR if "rrule" in schedule else AT if at else NOW)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        self._check_letter({name: cleaned.get(name, "") for name in ("subject", "html", "text")})
        self._check_time(cleaned.get("when"), cleaned.get("at"))
        return cleaned

    def _check_letter(self, template: dict[str, str]) -> None:
        for problem in problems(**template, names=personal.names()):
            self.add_error(problem.field, str(problem))

    def _check_time(self, when: str | None, at: datetime | None) -> None:
        if when != AT:
            self.errors.pop("at", None)  # nobody looks at the field then
        elif "at" not in self.errors:
            for wrong in of_time(at, timezone.now()):
                self.add_error(wrong.field, str(wrong.reason))

    @property
    def schedule(self) -> dict[str, Any] | None:
        when, at = self.cleaned_data["when"], self.cleaned_data.get("at")
        if when == REGULAR:
            return self.instance.schedule
        return {"at": at.isoformat()} if when == AT and isinstance(at, datetime) else None

    @transaction.atomic
    def keep(self, *, now: datetime, seen: str = "", quietly: bool = False) -> None:
        """Save; what was scheduled is a draft again. The row is held till it is done.

        ``seen``: the edition the form was drawn from; raises Gone when it has been launched or put on schedule since,
        Overtaken when another draft is kept. ``quietly``: nobody asked for it, so only a draft is saved.
        """
        campaign: Campaign = self.instance
        campaign.hold()
        if campaign.is_gone(seen) or (quietly and campaign.state != Campaign.State.DRAFT):
            raise Gone
        if seen and seen != campaign.edition:
            raise Overtaken
        campaign.unschedule(now=now)
        self.save()

    @transaction.atomic
    def save(self, commit: bool = True) -> Campaign:
        """Its state is no business of the form."""
        campaign: Campaign = self.instance
        campaign.schedule = self.schedule
        campaign.changed_at = timezone.now()
        campaign.save(update_fields=["name", "segment", "purpose", "schedule", "changed_at"])
        campaign.exclude_segments.set(self.cleaned_data["exclude_segments"])
        template = {name: self.cleaned_data[name] for name in ("subject", "html", "text")}
        Step.objects.update_or_create(campaign=campaign, position=1, defaults=template)
        return campaign


class HalfWrittenForm(CampaignForm):
    """Saved while it is being typed: a field that is not closed yet is no mistake."""

    def _check_letter(self, template: dict[str, str]) -> None:
        size = max(len(source.encode()) for source in template.values())
        if size > MAX_SOURCE:
            self.add_error(None, str(too_long("html", -(-size // 1000))))

    def _check_time(self, when: str | None, at: datetime | None) -> None:
        self.errors.pop("at", None)

    @property
    def schedule(self) -> dict[str, Any] | None:
        """The one before, while the time is not whole or has passed."""
        if self.cleaned_data["when"] == AT and of_time(self.cleaned_data.get("at"), timezone.now()):
            return self.instance.schedule
        return super().schedule


def typed_time(text: str) -> datetime | None:
    """The time as the form has it; none when it is missing or cannot be read."""
    try:
        found: datetime | None = CampaignForm.base_fields["at"].clean(text)
    except forms.ValidationError:
        return None
    return found


def _rows(user: User) -> Any:
    return visible(user, Segment).filter(deleted_at__isnull=True)


def _segments(user: User, **more: Any) -> forms.ModelChoiceField:
    return SegmentField(_rows(user), required=False, **more)
