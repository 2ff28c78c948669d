from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from pipelines.models import CustomField

from .models import Account, SegmentTag


class ConnectForm(forms.Form):
    base_url = forms.CharField(
        label=_("Адрес аккаунта"),
        max_length=300,
        widget=forms.TextInput(attrs={"placeholder": "https://company.amocrm.ru", "autocomplete": "off"}),
    )
    token = forms.CharField(
        label=_("Долгосрочный токен"),
        max_length=5000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("amoCRM → amoМаркет → ваша интеграция → «Ключи и доступы». Нужны права администратора"),
    )


class ConsentForm(forms.ModelForm):
    """Which checkbox of a contact says that he allowed to be written to."""

    consent_field = forms.ChoiceField(
        label=_("Поле контакта"),
        required=False,
        help_text=_("Отмеченный флажок даёт согласие на письма, снятый отзывает. Без поля согласия не переносятся"),
    )

    class Meta:
        model = Account
        fields = ["consent_field"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        boxes = CustomField.objects.filter(
            entity=CustomField.Entity.CONTACT, form=CustomField.Form.BOOLEAN, deleted_at=None
        )
        field = self.fields["consent_field"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("Не переносить")), *boxes.values_list("key", "name")]


class TagForm(forms.Form):
    """The tag of a segment; two segments never share one."""

    name = forms.CharField(label=_("Название тега"), max_length=200)

    def __init__(self, *args: Any, segment_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.segment_id = segment_id

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if SegmentTag.objects.filter(name=name).exclude(segment=self.segment_id).exists():
            raise forms.ValidationError(_("Этот тег уже у другого сегмента"))
        return name
