"""Viewsets over rows that leave as documents, straight from PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import Http404
from rest_framework import status, viewsets
from rest_framework.request import Request

from focusmaster.documents import Documents, JSONAnswer
from focusmaster.exceptions import refusals


class DocumentViewSet(viewsets.GenericViewSet):
    """`list` and `retrieve` of the caller's rows, and the answer to a write.

    A viewset gives `documents`, and `lookups` where its list can be filtered.
    """

    documents: ClassVar[Documents]
    # How a broken constraint reads to a client, by its name.
    refusals: ClassVar[dict[str, type[Exception]]] = {}

    def lookups(self) -> dict[str, Any]:
        """Return the lookups that the request's query parameters mean."""
        return {}

    def list(self, request: Request) -> JSONAnswer:
        rows = self.documents.rows(user_id=request.user.pk, **self.lookups())
        return JSONAnswer(b"[%b]" % b",".join(rows))

    def retrieve(self, request: Request, pk: str) -> JSONAnswer:
        return self.answer(pk)

    def change(self, pk: str, given: Mapping[str, Any]) -> JSONAnswer:
        """Change the caller's row of this id and answer with it, or raise Http404."""
        with refusals(self.refusals):
            rows = self.documents.update(given, user_id=self.request.user.pk, pk=pk)
        if not rows:
            raise Http404
        return JSONAnswer(rows[0])

    def answer(self, pk: str, code: int = status.HTTP_200_OK) -> JSONAnswer:
        """Answer with the caller's row of this id, or raise Http404."""
        rows = self.documents.rows(user_id=self.request.user.pk, pk=pk)
        if not rows:
            raise Http404
        return JSONAnswer(rows[0], code)
