from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _

from .models import User


class LoginForm(AuthenticationForm):
    """E-mail and password; says the same for an unknown address, a wrong password and a person who left."""

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
