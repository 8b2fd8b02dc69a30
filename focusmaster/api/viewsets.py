"""Viewsets over rows that leave as documents, straight from PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import Http404, HttpResponse
from rest_framework import status, viewsets
from rest_framework.request import Request

from focusmaster.api.dispatch import ShortDispatch
from focusmaster.api.etags import ConditionalWrites
from focusmaster.api.pagination import list_response
from focusmaster.db.json_rows import JSONResponse, JSONRows
from focusmaster.exceptions import constraint_errors


class OwnedRowsViewSet(ConditionalWrites, ShortDispatch, viewsets.GenericViewSet):
    """`list` and `retrieve` of the caller's rows, and the answer to a write.

    A viewset gives `documents`, `lookups` where its list can be filtered, and `order`
    where it can be sorted.
    """

    documents: ClassVar[JSONRows]
    # How a broken constraint reads to a client, by its name.
    constraint_errors: ClassVar[dict[str, type[Exception]]] = {}

    def lookups(self) -> dict[str, Any]:
        """Return the lookups that the request's query parameters mean."""
        return {}

    def order(self) -> tuple[str, ...]:
        """Return the order of the list; it ends with a column that is unique."""
        return self.documents.order

    def list(self, request: Request) -> HttpResponse:
        lookups = {"user_id": request.user.pk, **self.lookups()}
        return list_response(request, self.documents, self.order(), lookups)

    def retrieve(self, request: Request, pk: str) -> JSONResponse:
        return self.answer(pk)

    def lock(self, **mode: Any) -> None:
        super().lock(**mode)
        mine = self.documents.model.objects.filter(
            user=self.request.user.pk, **self.kwargs
        )
        list(mine.select_for_update(**mode).values_list("pk"))

    def change(self, pk: str, given: Mapping[str, Any]) -> JSONResponse:
        """Change the caller's row of this id and answer with it, or raise Http404."""
        with constraint_errors(self.constraint_errors):
            rows = self.documents.update(given, user_id=self.request.user.pk, pk=pk)
        if not rows:
            raise Http404
        return JSONResponse(rows[0])

    def answer(self, pk: str, code: int = status.HTTP_200_OK) -> JSONResponse:
        """Answer with the caller's row of this id, or raise Http404."""
        rows = self.documents.rows(user_id=self.request.user.pk, pk=pk)
        if not rows:
            raise Http404
        return JSONResponse(rows[0], code)
