"""Registering and signing in, and the response to both."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.addresses import MAX_EMAIL_LENGTH
from accounts.models import User
from accounts.passwords import MAX_TYPED
from accounts.serializers.fields import EmailField, PictureField, check_new_password
from focusmaster.api.fields import (
    IdField,
    RoundedIntegerField,
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictSerializer,
    TypedTextField,
)
from focusmaster.db.fields import OBJECT_ID

# What cannot be an id is taken for none, up to here.
MAX_GUEST_ID = 255


class SignInResponseSerializer(serializers.Serializer):
    """A person who has just signed in, with the token of the new sign-in."""

    _id = IdField(source="user.id")
    name = StrictCharField(source="user.name")
    email = EmailField(source="user.email", allow_blank=True)
    picture = PictureField(source="user.picture")
    role = StrictChoiceField(User.Role.choices, source="user.role")
    isGuest = StrictBooleanField(source="user.is_guest")
    points = RoundedIntegerField(source="user.progress.points")
    token = StrictCharField()


class RegistrationSerializer(StrictSerializer):
    name = StrictCharField(max_length=100)
    email = EmailField()
    password = TypedTextField(max_length=MAX_TYPED, trim_whitespace=False)

    class Meta:
        ignored = list(SignInResponseSerializer().fields)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        check_new_password(
            attrs["password"], User(name=attrs["name"], email=attrs["email"])
        )
        return attrs


class CredentialsSerializer(StrictSerializer):
    email = TypedTextField(max_length=MAX_EMAIL_LENGTH)
    password = TypedTextField(max_length=MAX_TYPED, trim_whitespace=False)

    class Meta:
        ignored = list(SignInResponseSerializer().fields)


class GuestSerializer(StrictSerializer):
    guestId = TypedTextField(
        max_length=MAX_GUEST_ID,
        source="id",
        required=False,
        allow_null=True,
        allow_blank=True,
    )

    class Meta:
        ignored = list(SignInResponseSerializer().fields)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Take what cannot be an id for none."""
        given = attrs.get("id") or ""
        return {"id": given if OBJECT_ID.fullmatch(given) else None}
