"""A forgotten password, and the new one."""

from __future__ import annotations

from accounts.addresses import MAX_EMAIL_LENGTH
from accounts.passwords import MAX_TYPED
from focusmaster.api.fields import StrictCharField, StrictSerializer, TypedTextField

# Far above what a mail has.
MAX_TOKEN = 255


class ForgottenPasswordSerializer(StrictSerializer):
    # Any text, because the response must not depend on it.
    email = TypedTextField(max_length=MAX_EMAIL_LENGTH)


class NewPasswordSerializer(StrictSerializer):
    token = StrictCharField(max_length=MAX_TOKEN)
    password = TypedTextField(max_length=MAX_TYPED, trim_whitespace=False)
