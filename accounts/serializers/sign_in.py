"""Registering and signing in, and the response to both."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import User
from accounts.serializers.fields import EmailField, PictureField, check_new_password
from focusmaster.api.fields import (
    IdField,
    RoundedIntegerField,
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictSerializer,
)
from focusmaster.db.fields import OBJECT_ID


class SignInResponseSerializer(serializers.Serializer):
    """A person who has just signed in, with the token of the new sign-in."""

    _id = IdField(source="id")
    name = StrictCharField()
    email = EmailField(allow_blank=True)
    picture = PictureField()
    role = StrictChoiceField(User.Role.choices)
    isGuest = StrictBooleanField(source="is_guest")
    points = RoundedIntegerField(source="progress.points")
    token = StrictCharField()


class RegistrationSerializer(StrictSerializer):
    name = StrictCharField(max_length=100)
    email = EmailField()
    password = StrictCharField(trim_whitespace=False)

    class Meta:
        ignored = list(SignInResponseSerializer().fields)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        check_new_password(
            attrs["password"], User(name=attrs["name"], email=attrs["email"])
        )
        return attrs


class CredentialsSerializer(StrictSerializer):
    email = StrictCharField()
    password = StrictCharField(trim_whitespace=False)

    class Meta:
        ignored = list(SignInResponseSerializer().fields)


class GuestSerializer(StrictSerializer):
    guestId = StrictCharField(
        source="id", required=False, allow_null=True, allow_blank=True
    )

    class Meta:
        ignored = list(SignInResponseSerializer().fields)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Take what cannot be an id for none."""
        given = attrs.get("id") or ""
        return {"id": given if OBJECT_ID.fullmatch(given) else None}
