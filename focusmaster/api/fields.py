"""Serializer fields that take JSON's own types and nothing that merely looks alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.utils import timezone as django_timezone
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.fields import empty, get_error_detail
from rest_framework.validators import ProhibitSurrogateCharactersValidator

from focusmaster.dates.rfc3339 import format_instant, parse_day, parse_instant
from focusmaster.db.fields import OBJECT_ID
from focusmaster.text import InvalidText, clean_text

# Unknown fields that a refusal names: a body has room for a hundred thousand.
MAX_NAMED = 20
# Entries of a list that are looked at one by one: a body has room for half a million.
MAX_ENTRIES = 1000

# Validators that DRF gives each text, and that look at it letter by letter.
STORABLE = (ProhibitNullCharactersValidator, ProhibitSurrogateCharactersValidator)

# Any serializer field.
AnyField = serializers.Field[Any, Any, Any, Any]

NOT_AN_INSTANT = "give an instant such as 2026-02-02T10:00:00Z"

MONTH_FIRST_DAY = 2  # index of the first "-" in MM-DD-YYYY


class StrictSerializer(serializers.Serializer[Any]):
    """An object whose unknown names are refused.

    A name that the answer carries but a client may not set is a read-only field:
    ignored, so that a client may send back what it got. `Meta.ignored` adds names that
    only other answers carry.
    """

    default_error_messages = {"invalid": "give an object"}

    @classmethod
    @cache
    def _settable(cls, *, partial: bool) -> list[tuple[str, AnyField, bool]]:
        """Return what a client can set: each name with its field, bound once for all.

        And whether a body without it is wrong, or gets a default. No field keeps
        anything of the body that it reads.
        """
        fields = cls(partial=partial).fields.items()
        return [
            (
                name,
                field,
                not partial and (field.required or field.default is not empty),
            )
            for name, field in fields
            if not field.read_only
        ]

    @classmethod
    @cache
    def known_names(cls) -> frozenset[str]:
        """Return the names that a body may have, those that are ignored included."""
        ignored = getattr(getattr(cls, "Meta", None), "ignored", ())
        return frozenset([*cls().fields, *ignored])

    def run_validators(self, value: Any) -> None:
        # DRF adds the defaults of fields that a client cannot set; ours have none.
        super(serializers.Serializer, self).run_validators(value)

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        if data is None and not self.allow_null:
            self.to_internal_value(data)  # Raises, as for anything that is no object.
        return super().validate_empty_values(data)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            values: dict[str, Any] = super().to_internal_value(data)
            return values  # It has raised the error.
        unknown = data.keys() - self.known_names()
        if unknown:
            named = sorted(unknown)[:MAX_NAMED]
            raise serializers.ValidationError(
                {name: ["there is no such field"] for name in named}
            )
        return self._valid(data)

    def _valid(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return what the fields make of their values, or raise what all refuse."""
        values: dict[str, Any] = {}
        errors = {}
        for name, field, is_needed in self._settable(partial=self.root.partial):
            if name not in data and not is_needed:
                continue
            check = getattr(self, f"validate_{name}", None)
            try:
                value = field.run_validation(data.get(name, empty))
                if check:
                    value = check(value)
            except serializers.ValidationError as exc:
                errors[name] = exc.detail
            except ValidationError as exc:
                errors[name] = get_error_detail(exc)
            except serializers.SkipField:
                pass
            else:
                self.set_value(values, field.source_attrs, value)
        if errors:
            raise serializers.ValidationError(errors)
        return values


class StrictCharField(serializers.CharField):
    """A JSON string, by the rules for text in `focusmaster.text`.

    Surrounding blanks are trimmed unless told otherwise; `lines` allows several lines.
    Lengths count code points of the normalized text.
    """

    default_error_messages = {
        "invalid": "give text",
        "null": "give text",
        "blank": "give at least one character",
        "max_length": "give at most {max_length} characters",
        "min_length": "give at least {min_length} characters",
    }

    def __init__(self, *, lines: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.lines = lines
        # The parser has looked for what cannot be stored, in the whole body at once.
        self.validators = [v for v in self.validators if not isinstance(v, STORABLE)]

    def run_validation(self, data: Any = empty) -> Any:
        return super().run_validation(self.clean(data))

    def clean(self, data: Any) -> Any:
        """Return text as it is stored, and anything else as it is."""
        if not isinstance(data, str):
            return data
        try:
            return clean_text(
                data,
                max_length=self.max_length,
                lines=self.lines,
                trim=self.trim_whitespace,
            )
        except InvalidText as exc:
            raise serializers.ValidationError(str(exc)) from None

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return data


class TypedTextField(StrictCharField):
    """Text as it was typed, such as a password or a token: only its length is checked.

    It is not stored as it is, but compared with what is stored. Blanks alone count as
    empty unless told otherwise; those around it stay.
    """

    def __init__(self, *, max_length: int, **options: Any) -> None:
        super().__init__(max_length=max_length, **options)

    def clean(self, data: Any) -> Any:
        return data


class StrictChoiceField(serializers.ChoiceField):
    """One of a fixed set of choices; with `allow_blank` also "", for none of them."""

    default_error_messages = {"invalid_choice": "give one of: {choices}"}

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        if data is None and not self.allow_null:
            self.fail("invalid_choice", choices=", ".join(self.choices))
        return super().validate_empty_values(data)

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, str) and (data in self.choices or self.is_blank(data)):
            return data
        self.fail("invalid_choice", choices=", ".join(self.choices))

    def is_blank(self, data: str) -> bool:
        return data == "" and self.allow_blank


class StrictBooleanField(serializers.BooleanField):
    default_error_messages = {
        "invalid": "give true or false",
        "null": "give true or false",
    }

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


class RoundedIntegerField(serializers.IntegerField):
    """A JSON number; a fraction is rounded, half away from zero."""

    default_error_messages = {
        "invalid": "give a number",
        "null": "give a number",
        "max_value": "give at most {max_value}",
        "min_value": "give at least {min_value}",
    }

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, float):
            return math.floor(abs(data) + 0.5) * (-1 if data < 0 else 1)
        if isinstance(data, int) and not isinstance(data, bool):
            return data
        self.fail("invalid")


class NumberField(serializers.FloatField):
    """A JSON number, whole or not."""

    default_error_messages = {
        "invalid": "give a number",
        "null": "give a number",
        "max_value": "give at most {max_value}",
        "min_value": "give at least {min_value}",
    }

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        return super().to_internal_value(data)


class IdField(serializers.Field[str, Any, str, Any]):
    """The id of a row."""

    default_error_messages = {
        "invalid": "an id has 24 hex digits",
        "null": "an id has 24 hex digits",
    }

    def to_internal_value(self, data: Any) -> str:
        if not (isinstance(data, str) and OBJECT_ID.fullmatch(data)):
            self.fail("invalid")
        return data

    def to_representation(self, value: str) -> str:
        return value


class RFC3339Field(serializers.Field[datetime, Any, str | None, Any]):
    """An RFC 3339 instant with an offset."""

    default_error_messages = {"null": NOT_AN_INSTANT}

    def to_internal_value(self, data: Any) -> datetime:
        return self.parse(self.text(data))

    def text(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError(NOT_AN_INSTANT)
        return data

    def parse(self, text: str) -> datetime:
        try:
            return parse_instant(text)
        except ValueError as exc:
            raise serializers.ValidationError(str(exc)) from None

    def to_representation(self, value: datetime) -> str | None:
        return format_instant(value)


class InstantOrDayField(RFC3339Field):
    """An instant, or a day (YYYY-MM-DD or MM-DD-YYYY), which means midnight UTC."""

    def to_internal_value(self, data: Any) -> datetime:
        text = self.text(data)
        if len(text) != len("2026-02-02"):
            return self.parse(text)
        if text[MONTH_FIRST_DAY] == "-":
            month, day, year = text[:2], text[3:5], text[6:]
            text = f"{year}-{month}-{day}"
        try:
            return datetime.combine(parse_day(text), time(), UTC)
        except ValueError as exc:
            raise serializers.ValidationError(str(exc)) from None


class TextListField(serializers.ListField):
    """A list of strings; duplicates are dropped, the order is kept."""

    default_error_messages = {
        "not_a_list": "give a list",
        "null": "give a list",
        "max_length": "give at most {max_length} entries",
    }

    def to_internal_value(self, data: Any) -> list[str]:
        if isinstance(data, list) and len(data) > MAX_ENTRIES:
            self.fail("max_length", max_length=self.max_length)
        return list(dict.fromkeys(super().to_internal_value(data)))


def not_after(limit: timedelta, message: str) -> Callable[[datetime], None]:
    """Validate that an instant is at most `limit` from now."""

    def validate(instant: datetime) -> None:
        if instant > django_timezone.now() + limit:
            raise serializers.ValidationError(message)

    return validate


def flatten(detail: Any, path: str = "") -> list[dict[str, str]]:
    """Turn a ValidationError's nested detail into `{field, message}` entries."""
    if isinstance(detail, ErrorDetail | str):
        return [{"field": path, "message": str(detail)}]
    if isinstance(detail, dict):
        items: Iterable[tuple[Any, Any]] = detail.items()
    elif all(isinstance(item, ErrorDetail | str) for item in detail):
        return [{"field": path, "message": str(item)} for item in detail]
    else:
        items = enumerate(detail)
    found = []
    for key, value in items:
        own = key != "non_field_errors"
        name = f"{path}.{key}" if path and own else str(key) if own else path
        found += flatten(value, name)
    return found
