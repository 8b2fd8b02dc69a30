"""Short forms that the `openapi` module of each app declares its texts with.

The rest is drf-spectacular's own: `extend_schema`, `extend_schema_serializer`,
`OpenApiResponse`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiRequest,
    OpenApiResponse,
    extend_schema_serializer,
    extend_schema_view,
)
from rest_framework import serializers
from rest_framework.views import APIView

from focusmaster.openapi.components import Schema
from focusmaster.openapi.errors import WRONG_RANGE
from focusmaster.openapi.generator import AutoSchema, documented


def extend_view(view: type[APIView], **operations: Callable[..., Any]) -> None:
    """Apply `extend_schema_view` to a view, and give its methods their place in order.

    The view gets its AutoSchema here, not by DEFAULT_SCHEMA_CLASS, which every process
    would import when it starts.
    """
    schema = AutoSchema()
    # `extend_schema_view` takes these names; it would miss what `@action.mapping` maps.
    schema.method_mapping = {name: name for name in operations}
    view.schema = schema
    extend_schema_view(**operations)(view)
    documented.extend((view, name) for name in operations)


# A sentence, or what to add to the schema of a field.
FieldText = str | Schema


def field_texts(**texts: FieldText) -> dict[str, Schema]:
    """Return, as `extensions` of a serializer, what its fields' names do not tell."""
    return {"x-fields": as_schemas(texts)}


def request_texts(**texts: FieldText) -> dict[str, Schema]:
    """The same of the fields where a client sends them."""
    return {"x-request-fields": as_schemas(texts)}


def request_rules(**rules: Any) -> dict[str, Schema]:
    """Return, in the same way, what else a body has to be, in words of JSON schema."""
    return {"x-request-rules": rules}


def as_schemas(texts: Mapping[str, FieldText]) -> Schema:
    return {
        field: {"description": text} if isinstance(text, str) else text
        for field, text in texts.items()
    }


def response_example(**value: Any) -> list[OpenApiExample]:
    return [OpenApiExample("Response", value, response_only=True)]


def request_body(serializer: Any, /, **example: Any) -> dict[str, OpenApiRequest]:
    """Declare a JSON body, with an example of its fields."""
    examples = [OpenApiExample("Request", example, request_only=True)]
    return {"application/json": OpenApiRequest(serializer, examples=examples)}


def csv_responses(example: str) -> dict[tuple[int, str], OpenApiResponse]:
    """Declare the table of a period, and the error when there is no such period."""
    examples = [OpenApiExample("Response", example)]
    table = OpenApiResponse(OpenApiTypes.STR, "The table.", examples)
    return {(200, "text/csv"): table, (400, "application/json"): WRONG_RANGE}


@extend_schema_serializer(description="What was done, to show to a person.")
class MessageSerializer(serializers.Serializer[Any]):
    message = serializers.CharField()


def message_response(description: str, message: str) -> OpenApiResponse:
    """Declare a response that says in a sentence what was done."""
    example = response_example(message=message)
    return OpenApiResponse(MessageSerializer, description, example)
