import math
from datetime import datetime
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from .backoff import Attempt, TooManyAttempts
from .models import User


class LoginForm(AuthenticationForm):
    """E-mail and password; says the same for an unknown address, a wrong password and a person who left."""

    retry_at: datetime | None = None

    error_messages = {
        "invalid_login": _("Почта или пароль не подходят. Проверьте раскладку и Caps Lock"),
        "inactive": _("Почта или пароль не подходят. Проверьте раскладку и Caps Lock"),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        email = self.fields["username"]
        email.label = _("Почта")
        email.widget = forms.EmailInput(
            attrs={"autocomplete": "username", "autofocus": True, "inputmode": "email", "placeholder": "vy@company.ru"}
        )
        self.fields["password"].label = _("Пароль")
        for field in self.fields.values():
            field.error_messages["required"] = _("Заполните это поле")

    def begin_where_wrong(self) -> None:
        """An address that was typed is rarely what is wrong: one goes on in the password, which is never sent back."""
        if "username" not in self.errors:
            del self.fields["username"].widget.attrs["autofocus"]
            self.fields["password"].widget.attrs["autofocus"] = True

    def clean(self) -> dict[str, Any]:
        email, now = self.cleaned_data.get("username"), timezone.now()
        if not email or not self.cleaned_data.get("password") or self.request is None:
            return super().clean()
        attempt = Attempt.of(self.request, email)
        try:
            attempt.begin(now)
        except TooManyAttempts as refusal:
            self.retry_at = refusal.until
            raise forms.ValidationError(_wait(refusal.until, now), code="too_many") from None
        cleaned = super().clean()
        attempt.forgive()
        return cleaned


def _wait(until: datetime, now: datetime) -> str:
    minutes = max(math.ceil((until - now).total_seconds() / 60), 1)
    text = ngettext(
        "Слишком много неверных попыток. Попробуйте снова через %(minutes)s минуту",
        "Слишком много неверных попыток. Попробуйте снова через %(minutes)s минут",
        minutes,
    )
    return text % {"minutes": minutes}


class PreferencesForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["language", "theme"]
        widgets = {"language": forms.RadioSelect, "theme": forms.RadioSelect}

    def save(self, commit: bool = True) -> User:
        user = super().save(commit=False)
        if commit:
            user.save(update_fields=self.Meta.fields)
        return user
