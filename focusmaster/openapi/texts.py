"""The words in which each app's `openapi.py` documents its calls and objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.drainage import set_override
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiRequest,
    OpenApiResponse,
    extend_schema_serializer,
)
from rest_framework import serializers
from rest_framework.views import APIView

from focusmaster.api.fields import StrictChoiceField
from focusmaster.dates.periods import RANGES
from focusmaster.exceptions import RuleViolation
from focusmaster.openapi.components import (
    BAD_REQUEST,
    ERROR,
    INSTANT_OR_DAY,
    error_example,
)
from focusmaster.openapi.generator import CALLS, Call

# One set of words is one component, whichever kind of field it is given in.
set_override(StrictChoiceField, "suppress_collision_warning", True)


def describe(
    serializer: type[serializers.Serializer],
    text: str,
    *,
    name: str | None = None,
    example: Any = None,
    fields: Mapping[str, str | dict[str, Any]] | None = None,
    given: Mapping[str, str | dict[str, Any]] | None = None,
) -> None:
    """Say what an object is, and what of its fields their names do not tell.

    A field has a sentence, or a dict to add to its schema: in `fields` wherever it is,
    in `given` where a client sends it. The example is one of an answer.
    """
    examples = [OpenApiExample("Answer", example, response_only=True)]
    extend_schema_serializer(
        description=text,
        component_name=name,
        examples=examples if example is not None else None,
    )(serializer)
    set_override(serializer, "fields", _as_schemas(fields))
    set_override(serializer, "given", _as_schemas(given))


def _as_schemas(
    details: Mapping[str, str | dict[str, Any]] | None,
) -> dict[str, dict[str, Any]]:
    return {
        field: {"description": detail} if isinstance(detail, str) else detail
        for field, detail in (details or {}).items()
    }


def document(view: type[APIView], tag: str, **calls: Call) -> None:
    """Say what the methods of a viewset do; the document has them under the tag."""
    for method, call in calls.items():
        CALLS[view, method] = tag, call


def body(serializer: Any, example: Any) -> dict[str, OpenApiRequest]:
    examples = [OpenApiExample("Request", example, request_only=True)]
    return {"application/json": OpenApiRequest(serializer, examples=examples)}


def answer(description: str, serializer: Any, example: Any = None) -> OpenApiResponse:
    """Declare an answer; its example may come with the serializer's description."""
    examples = [OpenApiExample("Answer", example)] if example else None
    return OpenApiResponse(serializer, description, examples)


def refusal(description: str, **messages: str) -> OpenApiResponse:
    """Declare an error with its possible codes and, as examples, their messages."""
    examples = [
        OpenApiExample(code, error_example(code, message))
        for code, message in messages.items()
    ]
    return OpenApiResponse(ERROR, description, examples)


def conflict(*violations: type[RuleViolation]) -> OpenApiResponse:
    """Declare the 409 of the rules that a call may break."""
    return refusal(
        "The current state forbids it.",
        **{violation.code: violation.message for violation in violations},
    )


def invalid(field: str, message: str) -> OpenApiResponse:
    """Declare the 400 of a call, with a mistake that is easily made as the example."""
    text = ": ".join(part for part in (field, message) if part)
    value = error_example("invalid", text, [{"field": field, "message": message}])
    return OpenApiResponse(ERROR, BAD_REQUEST, [OpenApiExample("invalid", value)])


PERIOD = [
    OpenApiParameter(
        "range",
        {"type": "string", "enum": list(RANGES)},
        description="`today`: since local midnight; `week`: the 7 local days that end "
        "today; `month`: the 30 that do. Not together with `from` or `to`.",
    ),
    OpenApiParameter(
        "from",
        INSTANT_OR_DAY,
        description="The first instant or local day, such as `2026-02-02`.",
    ),
    OpenApiParameter(
        "to",
        INSTANT_OR_DAY,
        description="The last instant or local day; it counts.",
    ),
    OpenApiParameter(
        "tz",
        description="IANA name of the zone of the days, instead of that of the "
        "settings.",
    ),
]


class MessageSerializer(serializers.Serializer):
    message = serializers.CharField()


describe(MessageSerializer, "What was done, to show to a person.", name="Message")
