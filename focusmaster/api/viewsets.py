"""Views of the API, and viewsets over rows that PostgreSQL writes as JSON."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, cast

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.http import FileResponse, HttpResponse
from rest_framework import serializers, status, viewsets
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from focusmaster.api.errors import DatabaseUnavailable
from focusmaster.api.etags import WRITES, ETag, PreconditionFailed, is_among
from focusmaster.api.query_params import Parameter, read_query
from focusmaster.api.request import ApiRequest
from focusmaster.api.responses import JSONResponse, list_response
from focusmaster.db.json_rows import JSONRows
from focusmaster.db.transactions import is_repeatable, renew_plans
from focusmaster.exceptions import (
    Forbidden,
    InvalidValue,
    RowNotFound,
    RuleViolation,
)

# What a view raises on purpose, in which case its transaction is committed.
EXPECTED = (APIException, Forbidden, InvalidValue, RowNotFound, RuleViolation)


class ApiView(APIView):
    """A view whose query string may hold what it declares, and nothing else."""

    # Of a viewset, those of `list`: any other action has its own, by
    # `@action(parameters=…)`.
    parameters: tuple[Parameter, ...] = ()
    # Whether a POST and its stored answer are one transaction (see `idempotency`); off
    # for what sends mail, asks other services or counts attempts.
    is_atomic = True
    # Whether the method that the request asks for runs, or has.
    is_begun = False

    def declared_parameters(self) -> tuple[Parameter, ...] | None:
        """Return the parameters of the call; None where the view reads them itself."""
        return self.parameters

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Read the query string into `request.query`, once the caller may call."""
        super().initial(request, *args, **kwargs)
        method = str(request.method).lower()
        if method == "options" or not hasattr(self, method):
            return
        declared = self.declared_parameters()
        if declared is not None:
            query_string = request.META.get("QUERY_STRING", "")
            cast("ApiRequest", request).query = read_query(query_string, declared)
        self.is_begun = True

    def handle_exception(self, exc: Exception) -> Response:
        """Do once more what met a migration beside it, and was rolled back.

        But for what no transaction takes back: there, the client is asked to.
        """
        if not is_repeatable(exc):
            return super().handle_exception(exc)
        if not (self.is_begun and self.is_atomic):
            connection.close()
            return super().handle_exception(DatabaseUnavailable())
        act = getattr(self, str(self.request.method).lower())
        try:
            renew_plans()
            response: Response = act(self.request, *self.args, **self.kwargs)
        except Exception as again:
            return super().handle_exception(again)
        return response


class ApiViewSet(ApiView, viewsets.GenericViewSet[Any]):
    """A viewset whose bodies go through a strict serializer."""

    # Whether a GET has an ETag; off for what is new each time.
    is_tagged = True
    request: ApiRequest

    def declared_parameters(self) -> tuple[Parameter, ...] | None:
        if self.action == "list":
            return self.parameters
        of_action = getattr(getattr(self, self.action), "kwargs", {})
        declared: tuple[Parameter, ...] = of_action.get("parameters", ())
        return declared

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


class ConditionalWrites(ApiViewSet):
    """A viewset whose PUT, PATCH and DELETE heed `If-Match`, where there is a GET.

    So do the `conditional_actions`, which change what `retrieve` returns.
    """

    conditional_actions: ClassVar[frozenset[str]] = frozenset()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if "HTTP_IF_MATCH" not in request.META:
            return
        method = str(request.method).lower()
        if self.heeds_if_match(method):
            write = partial(self._write_if_unchanged, getattr(self, method))
            setattr(self, method, write)

    def heeds_if_match(self, method: str) -> bool:
        if self.action in self.conditional_actions:
            return True
        return method in WRITES and {"get", method} <= self.action_map.keys()

    def representation(self) -> HttpResponse:
        """Return what a GET of the object answers, read from the database now."""
        read = getattr(self, self.action_map.get("get", "retrieve"))
        response: HttpResponse = read(self.request, *self.args, **self.kwargs)
        return response

    def before_transaction(self) -> None:
        """Do what a transaction must not take back, and what nobody is to wait for."""

    def lock(self, **mode: Any) -> None:
        """Keep others from changing the object: lock its rows, the user's first."""
        users = get_user_model().objects.filter(pk=self.request.user.pk)
        if not users.select_for_update(**mode).values_list("pk"):
            raise RowNotFound

    def _write_if_unchanged(
        self,
        write: Callable[..., HttpResponse],
        request: ApiRequest,
        *args: Any,
        **kwargs: Any,
    ) -> HttpResponse:
        """Compare and write in one transaction: of two with the same tag, one wins.

        An error keeps what was written before it, as it does without the condition.
        """
        self.before_transaction()
        with transaction.atomic():
            # A deletion needs the stronger lock: to ask for it later, with the weaker
            # one in hand, is a way into a deadlock.
            self.lock(no_key=request.method != "DELETE")
            tag = str(ETag(self.representation().content))
            if not is_among(tag, request.META["HTTP_IF_MATCH"]):
                raise PreconditionFailed
            try:
                return write(request, *args, **kwargs)
            except EXPECTED as exc:
                error = exc
        raise error


class OwnedRowsViewSet(ConditionalWrites):
    """`list` and `retrieve` of the caller's rows, and the response to a write.

    A viewset gives `rows`, `lookups` where its list can be filtered, and `order` where
    it can be sorted. A malformed id, or the id of someone else's row, is 404.
    """

    rows: ClassVar[JSONRows]

    def lookups(self) -> dict[str, Any]:
        """Return the lookups that the request's query parameters mean."""
        return {}

    def order(self) -> tuple[str, ...]:
        """Return the order of the list; its last key is unique."""
        return self.rows.order

    def owned(self) -> Any:
        """Return the queryset of the caller's rows."""
        rows: Any = self.rows.model._default_manager
        return rows.owned_by(self.request.user)

    def list(self, request: ApiRequest) -> HttpResponse | FileResponse:
        lookups = {"user_id": request.user.pk, **self.lookups()}
        return list_response(request, self.rows, self.order(), lookups)

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
