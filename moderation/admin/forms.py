"""The forms of the admin pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone

from focusmaster.text import InvalidText, clean_text
from moderation.models import Feedback
from moderation.models.bans import MAX_REASON
from moderation.models.feedback import MAX_MESSAGE


class LargeText(forms.Textarea):
    """A textarea as wide as those of Django's pages."""

    def __init__(self, attrs: dict[str, Any]) -> None:
        super().__init__({"class": "vLargeTextField", **attrs})


class PlainField(forms.CharField):
    """A field for text of several lines, by the rules of the API."""

    def __init__(self, *, rows: int = 5, **options) -> None:
        options["widget"] = LargeText(attrs={"rows": rows})
        super().__init__(**options)

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        try:
            return clean_text(
                text, max_length=self.max_length, lines=True, trim=self.strip
            )
        except InvalidText as exc:
            message = str(exc)
            raise forms.ValidationError(f"{message[0].upper()}{message[1:]}.") from None


class BanForm(forms.Form):
    reason = PlainField(
        rows=3, max_length=MAX_REASON, help_text="The person reads it when refused."
    )
    until = forms.DateTimeField(
        required=False,
        label="Until (UTC)",
        help_text="Leave empty for a ban that stays until it is lifted.",
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"
        ),
    )

    def clean_until(self) -> datetime | None:
        until = self.cleaned_data["until"]
        if until is not None and until <= timezone.now():
            raise forms.ValidationError("Give a moment in the future.")
        return until


class LiftForm(forms.Form):
    reason = PlainField(
        rows=3,
        max_length=MAX_REASON,
        required=False,
        help_text="For the history; the person does not see it.",
    )


class ReplyForm(forms.Form):
    message = PlainField(rows=10, max_length=MAX_MESSAGE)


class TriageForm(forms.ModelForm):
    """Status and note; each is changed only if it differs from what the page showed."""

    class Meta:
        model = Feedback
        fields = ["status", "note"]
        field_classes = {"note": PlainField}
        help_texts = {"note": "For staff alone; the person never sees it."}

    def __init__(self, *args, **options) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            field.show_hidden_initial = True

    def clean(self) -> None:
        """Add an error for a field that was changed since the page was shown."""
        for name in self.changed_data:
            field = self[name]
            shown = field.field.widget.value_from_datadict(
                self.data, self.files, field.html_initial_name
            )
            if (shown or "") != getattr(self.instance, name):
                now = getattr(self.instance, name) or "empty"
                self.add_error(name, f"Somebody changed this meanwhile, to: {now}")
