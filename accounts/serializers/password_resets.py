"""A forgotten password, and the new one."""

from __future__ import annotations

from accounts.serializers.fields import MAX_EMAIL_LENGTH
from focusmaster.api.fields import StrictCharField, StrictSerializer


class ForgottenPasswordSerializer(StrictSerializer):
    # Any text, because the response must not depend on it.
    email = StrictCharField(max_length=MAX_EMAIL_LENGTH)


class NewPasswordSerializer(StrictSerializer):
    token = StrictCharField()
    password = StrictCharField(trim_whitespace=False)
