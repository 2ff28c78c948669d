import json
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from .models import Segment
from .rules.parse import RuleError, RuleRefused, parse

# The count and the sentence follow the text as it is typed; while one is counted the last one waits.
PREVIEWED = {
    "hx-trigger": "input changed delay:300ms",
    "hx-target": "#preview",
    "hx-swap": "outerHTML",
    "hx-sync": "this:queue last",
}
EXAMPLE = {
    "all": [
        {"field": "open_deals", "op": "gte", "value": 1},
        {"field": "last_contact_at", "op": "more_than_ago", "value": "30d"},
    ]
}


class PauseForm(forms.Form):
    until = forms.DateField(label=_("До"), required=False, widget=forms.DateInput(attrs={"type": "date"}))


class SegmentForm(forms.ModelForm):
    """Name, description, and the rule as JSON text; what the language refuses comes back with its path."""

    rules_text = forms.CharField(
        label=_("Условия, JSON"),
        strip=False,
        widget=forms.Textarea(attrs={"rows": 16, "spellcheck": "false", "class": "mono", "autocomplete": "off"}),
    )

    class Meta:
        model = Segment
        fields = ["name", "description"]
        widgets = {"description": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rule_errors: list[RuleError] = []
        self.rules_before = self.instance.rules
        self.stored = {"name": self.instance.name, "description": self.instance.description}
        self.read = {"name": self.instance.title, "description": self.instance.about}
        if self.instance.pk:  # a ready segment is stored in the installation's language, and read in the reader's
            self.initial.update(self.read)
        if self.instance.pk and self.instance.kind != Segment.Kind.DYNAMIC:
            del self.fields["rules_text"]
        elif self.instance.rules is not None:
            self.initial.setdefault("rules_text", as_text(self.instance.rules))
        if "rules_text" in self.fields:
            asked = {"hx-post": reverse("segments:preview"), "placeholder": as_text(EXAMPLE)}
            self.fields["rules_text"].widget.attrs |= PREVIEWED | asked

    def _as_stored(self, field: str) -> str:
        """Words that nobody touched are kept as they are stored."""
        typed = str(self.cleaned_data[field]).strip()
        return self.stored[field] if self.instance.pk and typed == self.read[field].strip() else typed

    def clean_description(self) -> str:
        return self._as_stored("description")

    def clean_name(self) -> str:
        name = self._as_stored("name")
        if Segment.objects.alive().filter(name=name).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("Сегмент с таким названием уже есть"))
        return name

    def clean_rules_text(self) -> str:
        text = str(self.cleaned_data["rules_text"])
        try:
            parse(text, segment=self.instance.pk)
        except RuleRefused as refused:
            self.rule_errors = refused.errors
            raise forms.ValidationError([str(error) for error in refused.errors]) from None
        return text

    @property
    def rules(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.cleaned_data["rules_text"])
        return found

    @property
    def has_edits(self) -> bool:
        return self.has_new_rules or any(self.cleaned_data[name] != kept for name, kept in self.stored.items())

    @property
    def has_new_rules(self) -> bool:
        return "rules_text" in self.fields and self.rules != self.rules_before


ORDER = ("field", "has", "pick", "where", "agg", "of", "segment", "op", "value", "for")


def as_text(rules: Any) -> str:
    """The document as people write it: the database keeps keys in an order of its own."""
    return json.dumps(_ordered(rules), ensure_ascii=False, indent=2)


def _ordered(node: Any) -> Any:
    if isinstance(node, list):
        return [_ordered(child) for child in node]
    if not isinstance(node, dict):
        return node
    keys = sorted(node, key=lambda key: ORDER.index(key) if key in ORDER else len(ORDER))
    return {key: _ordered(node[key]) for key in keys}
