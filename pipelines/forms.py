from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from crmseg.accounts.models import User
from crmseg.accounts.policy import visible
from crmseg.web import formats

from .models import LossReason, Stage


class MoveForm(forms.Form):
    """Where a deal goes, and where the page believed it to stand (``from``)."""

    stage = forms.ModelChoiceField(Stage.objects.none(), error_messages={"required": _("Укажите этап")})
    loss_reason = forms.ModelChoiceField(LossReason.objects.none(), required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stages = visible(user, Stage).select_related("pipeline")
        self.fields["stage"] = forms.ModelChoiceField(stages, error_messages=self.fields["stage"].error_messages)
        self.fields["from"] = forms.ModelChoiceField(stages, required=False)
        reasons = visible(user, LossReason).filter(deleted_at=None)
        self.fields["loss_reason"] = forms.ModelChoiceField(reasons, required=False)

    @property
    def first_error(self) -> str:
        return next((str(error) for errors in self.errors.values() for error in errors), "")


class NoteForm(forms.Form):
    MOST = 10_000  # no `max_length`: with it the browser cuts what is pasted

    text = forms.CharField(
        label=_("Примечание"),
        error_messages={"required": _("Напишите примечание")},
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": _("Напишите примечание")}),
    )

    def clean_text(self) -> str:
        text = str(self.cleaned_data["text"]).replace("\r\n", "\n")
        if len(text) > self.MOST:
            size, most = (formats.number(signs, get_language() or "ru") for signs in (len(text), self.MOST))
            words = _("Слишком длинно: набрано %(size)s, можно до %(most)s знаков. Разделите на несколько примечаний")
            raise forms.ValidationError(words, code="max_length", params={"size": size, "most": most})
        return text

    def begin(self) -> "NoteForm":
        """The focus comes into the field: after a note the next one is typed, after a refusal this one."""
        self.fields["text"].widget.attrs["autofocus"] = True
        return self
