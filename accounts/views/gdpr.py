from __future__ import annotations

from django.http import FileResponse
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from accounts.authentication import OptionalTokenAuthentication
from accounts.erasure import erase_account
from accounts.models import Consent
from accounts.serializers import ConsentSerializer
from accounts.tokens import forget_token
from focusmaster.api.client_info import client_info
from focusmaster.api.request import ApiRequest
from focusmaster.api.viewsets import ApiViewSet
from focusmaster.db.statement_timeout import long_statements
from focusmaster.personal_data import export

EXPORT_NAME = "focusmaster-data.json"
BLOCK_BYTES = 2**16


class GdprViewSet(ApiViewSet):
    """What the law grants: a copy of one's data, its deletion, and consent."""

    @action(detail=False, methods=["get"], is_tagged=False)
    @long_statements()
    def export(self, request: ApiRequest) -> FileResponse:
        response = FileResponse(
            export(request.user.pk),
            as_attachment=True,
            filename=EXPORT_NAME,
            content_type="application/json",
        )
        response.block_size = BLOCK_BYTES
        response["Cache-Control"] = "no-store"
        return response

    # Not named `delete`: the other routes would have the method, too.
    @action(detail=False, methods=["delete"], url_path="delete")
    @long_statements()
    def erase(self, request: ApiRequest) -> Response:
        erase_account(request.user)
        forget_token(request)
        return Response({"message": "Account deleted successfully"})

    @action(
        detail=False,
        methods=["post"],
        url_path="log-consent",
        authentication_classes=[OptionalTokenAuthentication],
        permission_classes=[AllowAny],
        serializer_class=ConsentSerializer,
    )
    def log_consent(self, request: ApiRequest) -> Response:
        consent = Consent.objects.log(
            user=request.user, **client_info(request), **self.validated()
        )
        return Response({"id": consent.pk}, status=status.HTTP_201_CREATED)
