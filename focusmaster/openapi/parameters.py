"""How the document describes query parameters: as each call declares them."""

from __future__ import annotations

from drf_spectacular.plumbing import list_hash, load_enum_name_overrides
from drf_spectacular.utils import OpenApiParameter

from focusmaster.api.query_params import Choice, Parameter
from focusmaster.openapi.components import Schema


def documented_parameter(parameter: Parameter) -> OpenApiParameter:
    schema = schema_of(parameter)
    if parameter.many:
        schema = {"type": "array", "items": schema}
    return OpenApiParameter(parameter.name, schema, description=parameter.text)


def schema_of(parameter: Parameter) -> Schema:
    """Return the schema of one value; choices that are a component refer to it."""
    if isinstance(parameter, Choice) and parameter.choices and not parameter.blank:
        choices = list_hash(parameter.choices.choices)
        if name := load_enum_name_overrides().get(choices):
            return {"$ref": f"#/components/schemas/{name}"}
    return parameter.schema()
