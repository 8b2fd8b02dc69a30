from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.serializers import SignInResponseSerializer
from focusmaster.api.fields import (
    RFC3339Field,
    StrictCharField,
    StrictSerializer,
    TypedTextField,
)

# As long as any body: what is no token of Google's is a 401, whatever its length.
MAX_TOKEN = 2**20


class IdTokenSerializer(StrictSerializer):
    """An ID token under Google's name for it, or under the web client's."""

    credential = TypedTextField(max_length=MAX_TOKEN, required=False, allow_null=True)
    token = TypedTextField(max_length=MAX_TOKEN, required=False, allow_null=True)

    class Meta:
        ignored = list(SignInResponseSerializer().fields)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = {text for text in attrs.values() if text is not None}
        if not given:
            raise serializers.ValidationError({"credential": ["give an ID token"]})
        if len(given) > 1:
            message = "this is another one than credential; give one of them"
            raise serializers.ValidationError({"token": [message]})
        return {"id_token": given.pop()}


class LinkedAccountSerializer(serializers.Serializer):
    """A Google account that opens a person's account, in the copy of their data."""

    provider = StrictCharField()
    subject = StrictCharField(source="uid")
    linkedAt = RFC3339Field(source="created")
