from __future__ import annotations

from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.response import Response

from focusmaster.api.query_params import TZ
from focusmaster.api.request import ApiRequest
from focusmaster.api.viewsets import ApiViewSet
from focusmaster.dates.periods import zone_of
from focusmaster.dates.rfc3339 import format_instant
from focusmaster.db.statement_timeout import long_statements
from moderation.models import ErrorGroup
from moderation.permissions import IsAdmin
from moderation.serializers import ErrorSerializer
from moderation.traffic import kpis, traffic, uptime

ERRORS_SHOWN = 50


class ServiceViewSet(ApiViewSet):
    """How the service is, and how it is used."""

    permission_classes = (IsAdmin,)

    @action(detail=False, methods=["get"], parameters=(TZ,))
    @long_statements()
    def stats(self, request: ApiRequest) -> Response:
        zone = zone_of(request.query, request.user.timezone)
        shown = traffic(zone)
        return Response({"kpis": kpis(shown), "traffic": shown.days})

    @action(detail=False, methods=["get"], is_tagged=False)
    def health(self, request: ApiRequest) -> Response:
        errors = ErrorGroup.objects.kept().defer("stack")[:ERRORS_SHOWN]
        return Response(
            {
                # It is: the query that found the caller has succeeded.
                "database": "connected",
                "uptime": uptime(),
                "timestamp": format_instant(timezone.now()),
                "recentErrors": ErrorSerializer(errors, many=True).data,
            }
        )
