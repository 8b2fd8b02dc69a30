"""Viewsets over rows that leave as documents, straight from PostgreSQL."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import Http404
from rest_framework import status, viewsets
from rest_framework.request import Request

from focusmaster.documents import DocumentQuery, JSONAnswer


class DocumentViewSet(viewsets.GenericViewSet):
    """`list` and `retrieve` of the caller's rows, and the answer to a write.

    A viewset gives `documents`, and `lookups` where its list can be filtered.
    """

    documents: ClassVar[DocumentQuery]

    def lookups(self) -> dict[str, Any]:
        """Return the lookups that the request's query parameters mean."""
        return {}

    def list(self, request: Request) -> JSONAnswer:
        rows = self.documents.rows(user_id=request.user.pk, **self.lookups())
        return JSONAnswer(f"[{','.join(rows)}]")

    def retrieve(self, request: Request, pk: str) -> JSONAnswer:
        return self.answer(pk)

    def answer(self, pk: str, code: int = status.HTTP_200_OK) -> JSONAnswer:
        """Answer with the caller's row of this id, or raise Http404."""
        rows = self.documents.rows(user_id=self.request.user.pk, pk=pk)
        if not rows:
            raise Http404
        return JSONAnswer(rows[0], code)
