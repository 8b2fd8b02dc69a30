"""Errors in the words of one line, for the person at the terminal."""

from __future__ import annotations

from django.db import Error, OperationalError
from psycopg.errors import UndefinedTable

NOT_PREPARED = "The database is not prepared yet: run manage.py migrate first."


def problem(exc: BaseException) -> str:
    """Return what went wrong, in one line."""
    if isinstance(exc, Error):
        return database_problem(exc)
    if isinstance(exc, EOFError):
        return "The input ended before an answer was given."
    if isinstance(exc, UnicodeError):
        return "An argument or an answer is no valid text in UTF-8."
    if isinstance(exc, OSError) and exc.strerror:
        return f"{exc.filename}: {exc.strerror}" if exc.filename else exc.strerror
    return one_line(exc)


def database_problem(exc: Error) -> str:
    if isinstance(exc.__cause__, UndefinedTable):
        return NOT_PREPARED
    # What is wrong with a connection says itself what it is about.
    about = "" if isinstance(exc, OperationalError) else "The database: "
    return about + one_line(exc)


def one_line(exc: BaseException) -> str:
    return " ".join(str(exc).split()) or type(exc).__name__
