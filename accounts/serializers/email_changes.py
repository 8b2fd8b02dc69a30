"""A new email address, and the code that confirms it."""

from __future__ import annotations

import re

from rest_framework import serializers

from accounts.models.email_changes import CODE_DIGITS
from accounts.serializers.fields import EmailField
from focusmaster.api.fields import StrictCharField, StrictSerializer


class NewEmailSerializer(StrictSerializer):
    newEmail = EmailField(source="new_email")


class CodeSerializer(StrictSerializer):
    otp = StrictCharField(max_length=32, source="code")

    def validate_otp(self, code: str) -> str:
        if not re.fullmatch(rf"[0-9]{{{CODE_DIGITS}}}", code):
            raise serializers.ValidationError(f"give the {CODE_DIGITS} digits")
        return code
