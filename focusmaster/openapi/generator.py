"""How drf-spectacular reads our views, serializers and fields."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django.utils.module_loading import autodiscover_modules
from drf_spectacular import generators, openapi
from drf_spectacular.drainage import get_override
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.plumbing import (
    ResolvedComponent,
    is_list_serializer,
    is_serializer,
    list_hash,
    load_enum_name_overrides,
)
from drf_spectacular.utils import OpenApiParameter
from rest_framework.permissions import AllowAny
from rest_framework.views import APIView

from focusmaster.api.etags import WRITES, ConditionalWrites
from focusmaster.api.viewsets import OwnedRowsViewSet
from focusmaster.openapi.components import (
    COMMON_ERRORS,
    ERROR_SCHEMA,
    ETAG,
    ID,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    IF_NONE_MATCH,
    INSTANT,
    INSTANT_OR_ANY_DAY,
    INTRODUCTION,
    LINK,
    NOT_MODIFIED,
    PAGE,
    REPLAYED,
    SECURITY_SCHEMES,
)


@dataclass(frozen=True)
class Call:
    """What there is to say about a method of a viewset.

    Responses are declared by status. The errors that any such call can have are added
    (see COMMON_ERRORS); one declared here is taken instead, and None leaves one out.
    """

    id: str
    summary: str
    description: str
    responses: Mapping[int, Any]
    request: Any = None
    parameters: Sequence[OpenApiParameter] = ()


# By viewset and the name of its method: the tag and the call. The apps fill it.
CALLS: dict[tuple[type[APIView], str], tuple[str, Call]] = {}


class AutoSchema(openapi.AutoSchema):
    """Answers are closed and complete, and every call has the errors it can have."""

    def __init__(self, tag: str, call: Call) -> None:
        super().__init__()
        self.tag = tag
        self.call = call

    def get_operation_id(self):
        return self.call.id

    def get_summary(self):
        return self.call.summary

    def get_description(self):
        return self.call.description

    def get_tags(self):
        return [self.tag]

    def get_request_serializer(self):
        return self.call.request

    def get_response_serializers(self):
        return self.call.responses

    def get_override_parameters(self):
        ids = OpenApiParameter("id", ID, OpenApiParameter.PATH)
        return [
            *([ids] if "{id}" in self.path else []),
            *self.call.parameters,
            *(PAGE if self._has_pages() else []),
            *([IDEMPOTENCY_KEY] if self.method == "POST" else []),
            *([IF_NONE_MATCH] if self._has_tag() else []),
            *([IF_MATCH] if self._heeds_if_match() else []),
        ]

    def _has_pages(self) -> bool:
        return isinstance(self.view, OwnedRowsViewSet) and self.view.action == "list"

    def _has_tag(self) -> bool:
        if self.method != "GET":
            return False
        of_action = (
            getattr(self.view, self.view.action).kwargs
            if hasattr(getattr(self.view, self.view.action), "kwargs")
            else {}
        )
        return of_action.get("is_tagged", getattr(self.view, "is_tagged", True))

    def _heeds_if_match(self) -> bool:
        is_write = self.method.lower() in WRITES and "get" in self.view.action_map
        return is_write and isinstance(self.view, ConditionalWrites)

    def get_operation(self, path, path_regex, path_prefix, method, registry):
        operation = super().get_operation(
            path, path_regex, path_prefix, method, registry
        )
        operation.setdefault("security", [])
        if "requestBody" in operation:
            operation["requestBody"]["required"] = True
        responses = operation["responses"]
        for status in self._common_errors(operation):
            if str(status) not in responses:
                responses[str(status)] = self._common_error(status)
        # An error that was declared to be None is one the call cannot have.
        operation["responses"] = {
            status: response
            for status, response in sorted(responses.items())
            if "content" in response or "$ref" in response
        }
        self._add_headers(operation["responses"])
        for message in (operation.get("requestBody", {}), *responses.values()):
            for content in message.get("content", {}).values():
                show_lone_example(content)
        return operation

    def _add_headers(self, responses: dict[str, Any]) -> None:
        for status, response in responses.items():
            headers = {}
            if self._has_tag() and status == "200":
                headers |= ETAG
            if self._has_pages() and status == "200":
                headers |= LINK
            if self.method == "POST" and status < "300":
                headers |= REPLAYED
            if headers:
                response["headers"] = response.get("headers", {}) | headers
        if self._has_tag():
            responses["304"] = NOT_MODIFIED

    def _common_errors(self, operation: dict[str, Any]) -> list[int]:
        has_body = "requestBody" in operation
        has_query = any(
            parameter["in"] == "query" for parameter in operation.get("parameters", ())
        )
        happens = {
            400: has_body or has_query,
            # Where a token may be left out, a bad one counts as none.
            401: operation["security"] and {} not in operation["security"],
            403: operation["security"],
            404: "{id}" in self.path,
            406: True,
            412: self._heeds_if_match(),
            413: has_body,
            415: has_body,
            500: True,
            503: True,
        }
        return [status for status, it_does in happens.items() if it_does]

    def _common_error(self, status: int) -> dict[str, str]:
        name, response = COMMON_ERRORS[status]
        component = ResolvedComponent(name, ResolvedComponent.RESPONSE, response, name)
        self.registry.register_on_missing(component)
        return component.ref

    def get_auth(self):
        if not self.view.get_authenticators():
            return []
        token = [{scheme: []} for scheme in SECURITY_SCHEMES]
        permissions = self.view.get_permissions()
        may_be_nobody = any(isinstance(one, AllowAny) for one in permissions)
        return [*token, {}] if may_be_nobody else token

    def _is_list_view(self, serializer=None):
        """Take what is declared: a viewset's `list` may answer with an object."""
        return is_list_serializer(serializer)

    def _get_serializer_name(self, serializer, direction, bypass_extensions=False):
        name = super()._get_serializer_name(serializer, direction, bypass_extensions)
        return re.sub(r"^Patched(.+)Request$", r"\1Changes", name)

    def _map_serializer_field(self, field, direction, bypass_extensions=False):
        if is_serializer(field) and direction == "request" and field.root.partial:
            # As when it is validated: what is nested in a partial body is partial.
            field.partial = True
        return super()._map_serializer_field(field, direction, bypass_extensions)

    def _map_serializer(self, serializer, direction, bypass_extensions=False):
        schema = super()._map_serializer(serializer, direction, bypass_extensions)
        is_answer = direction == "response"
        said = get_override(serializer, "fields", {})
        said_of_bodies = {} if is_answer else get_override(serializer, "given", {})
        schema["properties"] = {
            name: tidied(field | said.get(name, {}) | said_of_bodies.get(name, {}))
            for name, field in schema["properties"].items()
        }
        if is_answer:
            schema["required"] = list(schema["properties"])
            schema["additionalProperties"] = False
        elif getattr(serializer, "partial", False):
            schema["description"] = "What to change; what is left out stays."
            for field in schema["properties"].values():
                field.pop("default", None)
        return schema


def tidied(field: dict[str, Any]) -> dict[str, Any]:
    """Leave out what only tells bodies from answers, and titles made of names."""
    noise = ("readOnly", "writeOnly", "title")
    field = {key: value for key, value in field.items() if key not in noise}
    return field["allOf"][0] if field.keys() == {"allOf"} else field


def show_lone_example(content: dict[str, Any]) -> None:
    """Write an example that is the only one without a name to choose it by."""
    if len(content.get("examples", ())) == 1:
        (example,) = content.pop("examples").values()
        content["example"] = example["value"]


def method_of(endpoint: tuple[str, str, str, Any]) -> tuple[type[APIView], str | None]:
    """Return the viewset and the name of its method; None where it is a plain view."""
    _, _, method, callback = endpoint
    return callback.cls, getattr(callback, "actions", {}).get(method.lower())


class EndpointEnumerator(generators.EndpointEnumerator):
    def get_api_endpoints(self, patterns=None, prefix=""):
        """Return what the apps document, in the order in which they do."""
        found = super().get_api_endpoints(patterns, prefix)
        documented = [endpoint for endpoint in found if method_of(endpoint) in CALLS]
        order = list(CALLS)
        return sorted(documented, key=lambda one: order.index(method_of(one)))


class SchemaGenerator(generators.SchemaGenerator):
    endpoint_inspector_cls = EndpointEnumerator

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        import_module("focusmaster.openapi.service")
        autodiscover_modules("openapi")
        super().__init__(*args, **kwargs)
        self._register("Error", ResolvedComponent.SCHEMA, ERROR_SCHEMA)
        for name, scheme in SECURITY_SCHEMES.items():
            self._register(name, ResolvedComponent.SECURITY_SCHEMA, scheme)

    def _register(self, name: str, kind: str, schema: dict[str, Any]) -> None:
        self.registry.register(ResolvedComponent(name, kind, schema, name))

    def create_view(self, callback, method, request=None):
        view = super().create_view(callback, method, request)
        tag, call = CALLS[view.__class__, view.action]
        self._set_schema_to_view(view, AutoSchema(tag, call))
        return view

    def coerce_path(self, path, method, view):
        """Leave out the slash that is tolerated at the end."""
        return super().coerce_path(path, method, view).rstrip("/")

    def get_schema(self, request=None, public=False):
        schema = super().get_schema(request, public)
        schema["info"]["description"] = INTRODUCTION
        return schema


class WordExtension(OpenApiSerializerFieldExtension):
    """Each set of words is a component, named in ENUM_NAME_OVERRIDES."""

    target_class = "focusmaster.api.fields.StrictChoiceField"
    match_subclasses = True

    def get_name(self):
        return load_enum_name_overrides().get(list_hash([*self.target.choices.items()]))

    def map_serializer_field(self, auto_schema, direction):
        return {"type": "string", "enum": list(self.target.choices)}


class IdExtension(OpenApiSerializerFieldExtension):
    target_class = "focusmaster.api.fields.IdField"

    def map_serializer_field(self, auto_schema, direction):
        return ID


class InstantExtension(OpenApiSerializerFieldExtension):
    target_class = "focusmaster.api.fields.RFC3339Field"

    def map_serializer_field(self, auto_schema, direction):
        return INSTANT


class InstantOrDayExtension(OpenApiSerializerFieldExtension):
    target_class = "focusmaster.api.fields.InstantOrDayField"

    def map_serializer_field(self, auto_schema, direction):
        return INSTANT if direction == "response" else INSTANT_OR_ANY_DAY
