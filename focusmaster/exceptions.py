"""Errors the domain raises. They know nothing of HTTP; `api.errors` does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.db import IntegrityError, transaction


class RuleViolation(Exception):
    """A well-formed request that the current state of the data forbids."""

    code = "rule_violation"
    message = "The current state does not allow this."
    # What the answer tells beside the names that every error has.
    more: Mapping[str, object] = {}

    def __str__(self) -> str:
        return self.message


class NoTemporarySpace(Exception):
    """A response that is written to a temporary file first does not fit there."""


@contextmanager
def refuse_full_disk() -> Iterator[None]:
    """Raise NoTemporarySpace where a temporary file cannot be made or written."""
    try:
        yield
    except OSError as exc:
        raise NoTemporarySpace(str(exc)) from exc


class LinkedServiceError(Exception):
    """A service elsewhere is down, too slow, or answers what makes no sense."""

    code = "linked_service_failed"
    message = "A linked service does not answer. Try again in a moment."

    def __str__(self) -> str:
        return self.message


class ServerBusy(Exception):
    """There is more to do than can be done at this moment; nothing was done."""

    code = "server_busy"
    message = "The server is busy. Try again in a moment."

    def __str__(self) -> str:
        return self.message


class SignInsBusy(ServerBusy):
    """Too many passwords wait to be checked or set."""

    code = "sign_in_busy"
    message = "Too many people are signing in. Try again in a moment."


class InvalidValue(Exception):
    """A value that only the stored data could show to be wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class Forbidden(Exception):
    """The caller is known, but must not do this."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class RowNotFound(Exception):
    """There is no such row, or it is someone else's."""


class OwnerGone(Exception):
    """The account was deleted while a request of its owner was under way."""


def violated_constraint(exc: IntegrityError) -> str | None:
    """Return the name of the PostgreSQL constraint that raised `exc`, if any."""
    diagnostics = getattr(exc.__cause__, "diag", None)
    return getattr(diagnostics, "constraint_name", None)


@contextmanager
def constraint_errors(
    by_constraint: Mapping[str, Exception | type[Exception]],
) -> Iterator[None]:
    """Raise what the caller should read when one of the named constraints decides.

    In a transaction the block is a savepoint, so that what is around it can go on;
    outside of one, the block is one statement, which is a transaction by itself.
    """
    try:
        if transaction.get_connection().in_atomic_block:
            with transaction.atomic():
                yield
        else:
            yield
    except IntegrityError as exc:
        refusal = by_constraint.get(violated_constraint(exc) or "")
        if refusal is None:
            raise
        raise refusal from exc
