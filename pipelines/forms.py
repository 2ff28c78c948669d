from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crmseg.accounts.models import User
from crmseg.accounts.policy import visible

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
    text = forms.CharField(
        label=_("Примечание"),
        max_length=10_000,
        error_messages={"required": _("Напишите примечание")},
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": _("Напишите примечание")}),
    )

    def begin(self) -> "NoteForm":
        """The focus comes into the field: after a note the next one is typed, after a refusal this one."""
        self.fields["text"].widget.attrs["autofocus"] = True
        return self
