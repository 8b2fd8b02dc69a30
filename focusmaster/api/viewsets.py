"""Viewsets over rows that leave as JSON straight from PostgreSQL."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import FileResponse, HttpResponse
from rest_framework import serializers, status, viewsets

from focusmaster.api.etags import ConditionalWrites
from focusmaster.api.request import ApiRequest
from focusmaster.api.responses import JSONResponse, list_response
from focusmaster.db.json_rows import JSONRows
from focusmaster.exceptions import RowNotFound


class ApiViewSet(viewsets.GenericViewSet[Any]):
    """A viewset whose bodies go through a strict serializer."""

    # Whether a GET has an ETag; off for what is new each time.
    is_tagged = True
    request: ApiRequest

    def validated(
        self,
        serializer_class: type[serializers.BaseSerializer[Any]] | None = None,
        *,
        partial: bool = False,
    ) -> dict[str, Any]:
        """Return what the body means, or raise ValidationError.

        Without a class, by the serializer of the action.
        """
        serializer_class = serializer_class or self.get_serializer_class()
        serializer = serializer_class(
            data=self.request.data,
            partial=partial,
            context={"request": self.request, "view": self},
        )
        serializer.is_valid(raise_exception=True)
        values: dict[str, Any] = serializer.validated_data
        return values


class OwnedRowsViewSet(ConditionalWrites, ApiViewSet):
    """`list` and `retrieve` of the caller's rows, and the response to a write.

    A viewset gives `rows`, and `lookups` where its list can be filtered. A malformed
    id, or the id of someone else's row, is 404.
    """

    rows: ClassVar[JSONRows]

    def lookups(self) -> dict[str, Any]:
        """Return the lookups that the request's query parameters mean."""
        return {}

    def owned(self) -> Any:
        """Return the queryset of the caller's rows."""
        rows: Any = self.rows.model._default_manager
        return rows.owned_by(self.request.user)

    def list(self, request: ApiRequest) -> HttpResponse | FileResponse:
        lookups = {"user_id": request.user.pk, **self.lookups()}
        return list_response(request, self.rows, self.rows.order, lookups)

    def retrieve(self, request: ApiRequest, pk: str) -> JSONResponse:
        return self.row_response(pk)

    def lock(self, **mode: Any) -> None:
        super().lock(**mode)
        mine = self.owned().filter(**self.kwargs)
        list(mine.select_for_update(**mode).values_list("pk"))

    def row_response(self, pk: str, code: int = status.HTTP_200_OK) -> JSONResponse:
        """Return the caller's row of this id, or raise RowNotFound; one query."""
        text = self.rows.get(user_id=self.request.user.pk, pk=pk)
        if text is None:
            raise RowNotFound
        return JSONResponse(text, code)
