"""The service's own endpoints: is it alive, is it ready."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from rest_framework import exceptions, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from focusmaster.api import DATABASE_RETRY_AFTER
from focusmaster.instants import format_instant


class NotReady(exceptions.APIException):
    status_code = 503
    default_code = "not_ready"
    wait = DATABASE_RETRY_AFTER


class HealthViewSet(viewsets.ViewSet):
    """For load balancers and monitors; asks for no token."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def list(self, request: Request) -> Response:
        """Tell that the process is alive; touches nothing else."""
        return Response({"status": "ok", "timestamp": format_instant(timezone.now())})

    @action(detail=False, methods=["get"])
    def ready(self, request: Request) -> Response:
        """Tell whether requests can be served: the database answers, fully migrated."""
        try:
            executor = MigrationExecutor(connection)
            pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
        except DatabaseError as exc:
            raise NotReady("The database does not answer.") from exc
        if pending:
            raise NotReady(f"{len(pending)} migrations are to be applied.")
        return Response({"status": "ok", "timestamp": format_instant(timezone.now())})
