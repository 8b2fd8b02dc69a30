"""The service's own endpoints: is it alive, is it ready, and how to use it."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from rest_framework import exceptions, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from focusmaster.api.errors import DATABASE_RETRY_AFTER
from focusmaster.api.renderers import JSONNegotiation, JSONRenderer, accepts
from focusmaster.api.viewsets import ApiView
from focusmaster.dates.rfc3339 import format_instant
from focusmaster.readiness import readiness

# What the page may load: its own files, and nothing from another host. Swagger UI sets
# styles on elements and brings its icons as data.
DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


class NotReady(exceptions.APIException):
    status_code = 503
    default_code = "not_ready"
    wait = DATABASE_RETRY_AFTER


class HealthViewSet(viewsets.ViewSet):
    """For load balancers and monitors; asks for no token."""

    is_counted = False
    is_tagged = False
    authentication_classes = ()
    permission_classes = (AllowAny,)

    def list(self, request: Request) -> Response:
        """Tell that the process is alive; touches nothing else."""
        return Response({"status": "ok", "timestamp": format_instant(timezone.now())})

    @action(detail=False, methods=["get"])
    def ready(self, request: Request) -> Response:
        """Tell whether requests can be served: the database answers, fully migrated."""
        if problem := readiness.problem():
            raise NotReady(problem)
        return Response({"status": "ok", "timestamp": format_instant(timezone.now())})


class YAMLRenderer(BaseRenderer):
    """A form that can be asked for; the text of the document is there already."""

    media_type = "application/yaml"
    format = "yaml"


class SchemaView(ApiView):
    """The OpenAPI document, as JSON or YAML."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    renderer_classes = (JSONRenderer, YAMLRenderer)

    def get(self, request: Request) -> HttpResponse:
        # Imported at the first use: a worker that is not asked need not load it.
        from focusmaster.openapi import document_text

        renderer = request.accepted_renderer
        return HttpResponse(
            document_text(renderer.format), content_type=renderer.media_type
        )

    def handle_exception(self, exc: Exception) -> Response:
        """Refuse in JSON whatever was asked for."""
        self.request.accepted_renderer = JSONRenderer()
        self.request.accepted_media_type = JSONRenderer.media_type
        return super().handle_exception(exc)


class PageNegotiation(JSONNegotiation):
    """For a page: it goes to whoever takes HTML, and its refusals are JSON."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        if any(accepts(entry, "text/html") for entry in self.get_accept_list(request)):
            page = next(iter(renderers))
            return page, page.media_type
        raise exceptions.NotAcceptable


class DocsView(ApiView):
    """The page on which the API can be read and tried."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    content_negotiation_class = PageNegotiation

    def get(self, request: Request) -> HttpResponse:
        page = render(request, "focusmaster/docs.html")
        page["Content-Security-Policy"] = DOCS_POLICY
        return page
