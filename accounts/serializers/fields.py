"""Fields that several serializers share, and the check of a new password."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Case, Expression, F, Q, When
from django.db.models.functions import Now
from rest_framework import serializers

from accounts.addresses import MAX_EMAIL_LENGTH, InvalidAddress, shown_address
from accounts.models import User
from focusmaster.api.fields import StrictCharField, StrictChoiceField
from focusmaster.db.json_rows import Constant
from focusmaster.text import BLANKS, LONGEST_DECOMPOSITION, InvalidText, normalize

MAX_PICTURE_LENGTH = 2048


class EmailField(StrictCharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_EMAIL_LENGTH, **kwargs)

    def clean(self, data: Any) -> Any:
        """Check the address as it was sent; return it as it is stored."""
        if not isinstance(data, str) or not data.strip(BLANKS):
            return super().clean(data)
        if len(data) > LONGEST_DECOMPOSITION * MAX_EMAIL_LENGTH:
            self.fail("max_length", max_length=MAX_EMAIL_LENGTH)
        try:
            return shown_address(data)
        except InvalidAddress:
            super().clean(data)  # Which has an error of its own, for some.
            raise serializers.ValidationError("give a valid email address") from None


class PictureField(StrictCharField):
    """An https URL, or "" for none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_PICTURE_LENGTH, allow_blank=True, **kwargs)

    def run_validation(self, data: Any = serializers.empty) -> str:
        url = super().run_validation(data)
        try:
            if url:
                URLValidator(schemes=["https"])(url)
        except DjangoValidationError:
            raise serializers.ValidationError("give an https URL, or nothing") from None
        # The validator takes a scheme in any case, the database in lower case.
        scheme, separator, rest = url.partition("://")
        return f"{scheme.lower()}{separator}{rest}"


class StatusField(StrictChoiceField):
    """The status as it is now: a suspension ends by itself."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(User.Status.choices, **kwargs)

    def as_json(self, prefix: str) -> list[Expression]:
        is_over = Q(
            **{f"{prefix}status": "suspended", f"{prefix}banned_until__lte": Now()}
        )
        status = Case(
            When(is_over, then=Constant("active")),
            default=F(f"{prefix}status"),
            output_field=models.TextField(),
        )
        return [Constant('"'), status, Constant('"')]


def check_new_password(password: str, user: User) -> None:
    """Raise ValidationError unless the password, in NFC, is fit for this user."""
    try:
        validate_password(normalize(password), user)
    except DjangoValidationError as exc:
        raise serializers.ValidationError({"password": exc.messages}) from None
    except InvalidText as exc:
        raise serializers.ValidationError({"password": [str(exc)]}) from None
