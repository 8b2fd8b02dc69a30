"""How drf-spectacular reads our views, serializers and fields.

By its public hooks only: an AutoSchema, hooks before and after, field extensions. The
settings name the hooks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from django.utils.module_loading import autodiscover_modules
from drf_spectacular import openapi
from drf_spectacular.drainage import get_override, set_override
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.plumbing import (
    ResolvedComponent,
    list_hash,
    load_enum_name_overrides,
)
from drf_spectacular.utils import Direction, extend_schema_field
from rest_framework.permissions import AllowAny
from rest_framework.views import APIView

from focusmaster.api.fields import (
    IdField,
    InstantOrDayField,
    StrictChoiceField,
    StrictSerializer,
)
from focusmaster.api.origins import OwnSite
from focusmaster.api.query_params import Id, Parameter
from focusmaster.api.viewsets import ApiView, ConditionalWrites
from focusmaster.openapi.components import (
    ETAG,
    ID,
    ID_IN_PATH,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    IF_NONE_MATCH,
    INSTANT,
    INSTANT_OR_ANY_DAY,
    INTRODUCTION,
    LINK,
    NOT_MODIFIED,
    REPLAYED,
    SECURITY_SCHEMES,
    Schema,
)
from focusmaster.openapi.errors import (
    ERROR_SCHEMA,
    RETRY_AFTER,
    add_common_cases,
    admins_only,
    common_error,
)
from focusmaster.openapi.parameters import documented_parameter

# Path, its regular expression, method, the view's callback.
Endpoint = tuple[str, str, str, Any]

# The documented methods of views, in the order of the document; see `extend_view`.
documented: list[tuple[type[APIView], str]] = []


class AutoSchema(openapi.AutoSchema):
    """Adds to each operation what holds for all: ids, headers, errors, the tag."""

    # Where the first part of a path is not the tag.
    tags = {"auth": "Accounts", "gdpr": "Accounts", "health": "Service"}

    def get_tags(self) -> list[str]:
        part = self.path.split("/")[2]
        return [self.tags.get(part, part.capitalize())]

    def get_auth(self) -> list[Schema]:
        if not self.view.get_authenticators():
            return []
        tokens: list[Schema] = [{scheme: []} for scheme in SECURITY_SCHEMES]
        permissions = self.view.get_permissions()
        is_public = any(isinstance(one, AllowAny) for one in permissions)
        return [*tokens, {}] if is_public else tokens

    def get_request_serializer(self) -> None:
        """Return none: there is a body where one is declared."""

    def get_override_parameters(self) -> list[Any]:
        return [
            *map(documented_parameter, self.query_parameters()),
            *([ID_IN_PATH] if "{id}" in self.path else []),
            *([IDEMPOTENCY_KEY] if self.method == "POST" else []),
            *([IF_NONE_MATCH] if self.is_tagged() else []),
            *([IF_MATCH] if self.heeds_if_match() else []),
        ]

    def query_parameters(self) -> tuple[Parameter, ...]:
        view = self.view
        return (view.declared_parameters() or ()) if isinstance(view, ApiView) else ()

    def is_tagged(self) -> bool:
        """Tell whether the response has an ETag."""
        return self.method == "GET" and getattr(self.view, "is_tagged", True)

    def heeds_if_match(self) -> bool:
        view = self.view
        return isinstance(view, ConditionalWrites) and view.heeds_if_match(
            self.method.lower()
        )

    def get_operation(self, *args: Any, **kwargs: Any) -> Schema:
        operation: Schema = super().get_operation(*args, **kwargs) or {}
        operation.setdefault("security", [])
        responses = operation["responses"]
        for status in self.common_errors(operation):
            if str(status) not in responses:
                responses[str(status)] = self.common_error(status)
            elif status in (409, 429):
                add_common_cases(status, responses[str(status)])
        # An error that was declared to be None is one the endpoint cannot have.
        operation["responses"] = {
            status: response
            for status, response in sorted(responses.items())
            if "content" in response or "$ref" in response
        }
        self.add_headers(operation)
        return operation

    def common_errors(self, operation: Schema) -> list[int]:
        """Return the statuses of the errors that the endpoint can have like others."""
        has_body, security = "requestBody" in operation, operation["security"]
        happens = {
            # A query parameter that the call does not take.
            400: isinstance(self.view, ApiView),
            # Where a token may be left out, a bad one counts as none.
            401: security and {} not in security,
            403: security or self.is_for_own_site(),
            404: "{id}" in self.path or self.takes_id(),
            406: True,
            409: self.method == "POST",
            412: self.heeds_if_match(),
            413: has_body,
            415: has_body,
            429: getattr(self.view, "is_counted", True),
            500: True,
            503: True,
        }
        return [status for status, it_does in happens.items() if it_does]

    def takes_id(self) -> bool:
        """Tell whether a query parameter is the id of a row."""
        return any(isinstance(one, Id) for one in self.query_parameters())

    def is_for_own_site(self) -> bool:
        permissions = self.view.get_permissions()
        return any(isinstance(one, OwnSite) for one in permissions)

    def common_error(self, status: int) -> Schema:
        if status == 403 and self.get_tags() == ["Admin"]:
            return admins_only()
        name, response = common_error(status)
        component = ResolvedComponent(name, ResolvedComponent.RESPONSE, response, name)
        self.registry.register_on_missing(component)
        return component.ref

    def add_headers(self, operation: Schema) -> None:
        responses = operation["responses"]
        parameters = {one["name"] for one in operation.get("parameters", ())}
        for status, response in responses.items():
            headers = {
                **(ETAG if status == "200" and self.is_tagged() else {}),
                **(LINK if status == "200" and "cursor" in parameters else {}),
                **(RETRY_AFTER if status == "429" and "$ref" not in response else {}),
                **(REPLAYED if status < "300" and self.method == "POST" else {}),
            }
            if headers:
                response["headers"] = response.get("headers", {}) | headers
        if self.is_tagged():
            responses["304"] = NOT_MODIFIED


# Hooks


def keep_documented(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Load what the apps document; return that, in their order.

    A path loses the slash that is tolerated at its end.
    """
    import_module("focusmaster.openapi.service")
    autodiscover_modules("openapi")
    for serializer in subclasses_of(StrictSerializer):
        extensions = get_override(serializer, "extensions", {})
        known = {KNOWN_NAMES: serializer.known_names()}
        set_override(serializer, "extensions", extensions | known)
    by_method = {
        (callback.cls, callback.actions[method.lower()]): (
            path.rstrip("/"),
            path_regex,
            method,
            callback,
        )
        for path, path_regex, method, callback in endpoints
        if hasattr(callback, "actions")
    }
    return [by_method[view, name] for view, name in documented]


def subclasses_of(
    serializer: type[StrictSerializer],
) -> Iterator[type[StrictSerializer]]:
    for one in serializer.__subclasses__():
        yield one
        yield from subclasses_of(one)


def headers_last(parameter: Schema) -> bool:
    """Sort the parameters of an operation: what is its own comes first."""
    return bool(parameter["in"] == "header")


def describe_objects(result: Schema, **_: Any) -> Schema:
    """Complete the objects, and give a partial body a name of its own."""
    components = result["components"]
    for name, schema in components["schemas"].items():
        if "properties" in schema:
            complete(name, schema)
    for path in result["paths"].values():
        for operation in path.values():
            if "requestBody" in operation:
                mark_needed(operation["requestBody"], components["schemas"])
    components["schemas"]["Error"] = ERROR_SCHEMA
    components["securitySchemes"] = SECURITY_SCHEMES
    text = json.dumps(result)
    result = json.loads(re.sub(r"\bPatched(\w+)Request\b", r"\1Changes", text))
    schemas = result["components"]["schemas"]
    result["components"]["schemas"] = dict(sorted(schemas.items()))
    result["info"]["description"] = INTRODUCTION
    return result


def complete(name: str, schema: Schema) -> None:
    """Add the texts of the fields, and close it; a response has all its fields."""
    texts, request_texts = (schema.pop(key, {}) for key in FIELD_TEXTS)
    known, rules = schema.pop(KNOWN_NAMES, ()), schema.pop(REQUEST_RULES, {})
    is_request = name.endswith("Request")
    schema["properties"] = {
        name: tidied(
            field
            | texts.get(name, {})
            | (request_texts.get(name, {}) if is_request else {})
        )
        for name, field in schema["properties"].items()
    }
    schema["additionalProperties"] = False
    if is_request:
        ignored = sorted(set(known) - schema["properties"].keys())
        schema["properties"] |= dict.fromkeys(ignored, IGNORED)
        schema |= rules
    else:
        schema["required"] = list(schema["properties"])
    if name.startswith("Patched"):
        schema["description"] = "What to change; what is left out stays."
        for field in schema["properties"].values():
            field.pop("default", None)


def mark_needed(body: Schema, schemas: Schema) -> None:
    """Say whether a body may be left out, which then counts as an empty object."""
    reference = body["content"]["application/json"]["schema"]["$ref"]
    schema = schemas[reference.rpartition("/")[2]]
    body["required"] = any(key in schema for key in NEEDING)


def tidied(field: Schema) -> Schema:
    """Leave out what only tells requests from responses, and titles made of names."""
    noise = ("readOnly", "writeOnly", "title")
    field = {key: value for key, value in field.items() if key not in noise}
    return field["allOf"][0] if field.keys() == {"allOf"} else field


def show_lone_examples(result: Schema, **_: Any) -> Schema:
    """Write an example that is the only one without a name to choose it by."""
    for content in contents(result):
        if len(content.get("examples", ())) == 1:
            (example,) = content.pop("examples").values()
            content["example"] = example["value"]
    return result


def contents(result: Schema) -> Iterator[Schema]:
    """Yield what each body in the document is, for each media type."""
    bodies = [*result["components"]["responses"].values()]
    for path in result["paths"].values():
        for operation in path.values():
            bodies += [operation.get("requestBody", {})]
            bodies += operation["responses"].values()
    for body in bodies:
        yield from body.get("content", {}).values()


# Fields

# Where `field_texts` leaves them in a schema, until `complete` finds them.
FIELD_TEXTS = ("x-fields", "x-request-fields")
# The same for what else holds for a body, and for the names that it may have.
REQUEST_RULES, KNOWN_NAMES = "x-request-rules", "x-known-names"
# By what a schema refuses an empty object.
NEEDING = ("required", "minProperties", "anyOf")
# A name that a client may send back with what it got.
IGNORED = {"description": "The server sets it; it is ignored here."}

extend_schema_field(ID)(IdField)
# One set of choices is one component, whichever kind of field it is given in.
set_override(StrictChoiceField, "suppress_collision_warning", True)


class ChoiceExtension(OpenApiSerializerFieldExtension):
    """Each set of choices is a component, if ENUM_NAME_OVERRIDES names it."""

    target_class = "focusmaster.api.fields.StrictChoiceField"
    match_subclasses = True

    def get_name(self) -> str | None:
        if self.target.allow_blank:  # The component lacks the blank.
            return None
        choices = list_hash([*self.target.choices.items()])
        name: str | None = load_enum_name_overrides().get(choices)
        return name

    def map_serializer_field(
        self, auto_schema: openapi.AutoSchema, direction: Direction
    ) -> Schema:
        blank = [""] if self.target.allow_blank else []
        return {"type": "string", "enum": [*self.target.choices, *blank]}


class InstantExtension(OpenApiSerializerFieldExtension):
    target_class = "focusmaster.api.fields.RFC3339Field"
    match_subclasses = True

    def map_serializer_field(
        self, auto_schema: openapi.AutoSchema, direction: Direction
    ) -> Schema:
        takes_days = isinstance(self.target, InstantOrDayField)
        return INSTANT_OR_ANY_DAY if takes_days and direction == "request" else INSTANT


class NestedExtension(OpenApiSerializerFieldExtension):
    """What is nested in a partial body is partial, as when it is validated."""

    target_class = "focusmaster.api.fields.StrictSerializer"
    match_subclasses = True
    priority = -1  # An extension for one serializer goes first.

    def map_serializer_field(
        self, auto_schema: openapi.AutoSchema, direction: Direction
    ) -> Schema:
        if direction == "request" and self.target.root.partial:
            self.target.partial = True
        return auto_schema.resolve_serializer(self.target, direction).ref
