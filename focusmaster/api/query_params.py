"""Query parameters: a call declares what its query string may hold (API.md §1).

`ApiView` reads the query string by that declaration before the call, and the OpenAPI
document says what it says. What is declared nowhere is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from django.db.models import Choices
from django.db.models.enums import ChoicesType

from focusmaster.dates.periods import RANGES, Period, period_of, zone_of
from focusmaster.db.fields import OBJECT_ID
from focusmaster.exceptions import InvalidValue, RowNotFound
from focusmaster.text import InvalidText, clean_text

if TYPE_CHECKING:
    from focusmaster.api.request import ApiRequest

MAX_LIMIT = 1000
# More than any cursor of ours has.
MAX_CURSOR = 500
# Parameters that are read; more are refused.
MAX_GIVEN = 100
# Characters of a name that an error repeats.
MAX_QUOTED = 100
NUMBER = re.compile(r"\d{1,9}", re.ASCII)
# What stands for a byte that is not UTF-8.
ESCAPED = re.compile("[\udc80-\udcff]")

# What a JSON schema is made of.
Schema = dict[str, Any]


class Parameter:
    """A name in the query string; the bare one holds text that the view checks.

    With `many` it may be given several times, and its value is the list of these.
    """

    def __init__(
        self, name: str, text: str = "", *, many: bool = False, default: Any = None
    ) -> None:
        self.name = name
        # What the document says of it.
        self.text = text
        self.many = many
        # Its value where it is not given; None: it is then absent.
        self.default = default

    def parse(self, given: str) -> Any:
        """Return the value, or None for what counts as not given.

        Raises InvalidValue, and RowNotFound for what cannot be the id of a row.
        """
        return given

    def schema(self) -> Schema:
        """Return the JSON schema of one value."""
        return {"type": "string"}


class Text(Parameter):
    """Text by the rules for all text, in one line unless told otherwise."""

    def __init__(
        self, name: str, text: str, *, max_length: int, lines: bool = False, **more: Any
    ) -> None:
        super().__init__(name, text, **more)
        self.max_length = max_length
        self.lines = lines

    def parse(self, given: str) -> str:
        try:
            return clean_text(given, max_length=self.max_length, lines=self.lines)
        except InvalidText as exc:
            raise InvalidValue(self.name, str(exc)) from None

    def schema(self) -> Schema:
        return {"type": "string", "maxLength": self.max_length}


class Choice(Parameter):
    """One of some words. With `blank`, "" means any of them, as clients send it."""

    def __init__(
        self,
        name: str,
        choices: type[Choices] | Iterable[str],
        text: str = "",
        *,
        blank: bool = False,
        **more: Any,
    ) -> None:
        super().__init__(name, text, **more)
        self.choices = choices if isinstance(choices, ChoicesType) else None
        self.words = tuple(self.choices.values if self.choices else choices)
        self.blank = blank

    def parse(self, given: str) -> str | None:
        if given in self.words:
            return given
        if self.blank and not given:
            return None
        raise InvalidValue(self.name, self.hint())

    def hint(self) -> str:
        return f"give one of: {', '.join(self.words)}"

    def schema(self) -> Schema:
        return {"type": "string", "enum": [*self.words, *([""] if self.blank else [])]}


class Sort(Choice):
    """One of some orders, or with `-` before it the same reversed."""

    def __init__(self, orders: Iterable[str], text: str) -> None:
        self.orders = tuple(orders)
        reversed_orders = (f"-{order}" for order in self.orders)
        super().__init__("sort", [*self.orders, *reversed_orders], text)

    def hint(self) -> str:
        return f"give one of: {', '.join(self.orders)}; with - before it, reversed"


class Number(Parameter):
    """A whole number between two others, which both count."""

    def __init__(
        self, name: str, text: str, *, minimum: int, maximum: int, **more: Any
    ) -> None:
        super().__init__(name, text, **more)
        self.minimum = minimum
        self.maximum = maximum

    def parse(self, given: str) -> int:
        if NUMBER.fullmatch(given) and self.minimum <= int(given) <= self.maximum:
            return int(given)
        raise InvalidValue(
            self.name, f"give a number from {self.minimum} to {self.maximum}"
        )

    def schema(self) -> Schema:
        schema = {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}
        return schema if self.default is None else schema | {"default": self.default}


class Id(Parameter):
    """The id of a row; what cannot be one is 404, as an unknown row is."""

    def parse(self, given: str) -> str:
        if not OBJECT_ID.fullmatch(given):
            raise RowNotFound
        return given

    def schema(self) -> Schema:
        return {"type": "string", "pattern": f"^{OBJECT_ID.pattern}$"}


class DayOrInstant(Parameter):
    """A bound of a period, which `period_of` reads: its zone says when a day begins."""

    def schema(self) -> Schema:
        return {
            "type": "string",
            "pattern": r"^\d{4}-\d{2}-\d{2}"
            r"([Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2}))?$",
        }


class Zone(Parameter):
    """The name of a time zone."""

    def parse(self, given: str) -> str:
        zone_of({self.name: given}, given)
        return given

    def schema(self) -> Schema:
        return {"type": "string", "minLength": 1, "examples": ["Europe/Berlin"]}


TZ = Zone("tz", "IANA name of the zone of the days, instead of that of the settings.")
PERIOD = (
    Choice(
        "range",
        RANGES,
        "`today`: since local midnight; `week`: the 7 local days that end today; "
        "`month`: the 30 that do. Not together with `from` or `to`.",
    ),
    DayOrInstant("from", "The first instant or local day, such as `2026-02-02`."),
    DayOrInstant("to", "The last instant or local day; it counts."),
    TZ,
)


def paging(default: int | None = None) -> tuple[Parameter, ...]:
    """Return the parameters of a list in pages, which has no other form by default."""
    without = f"pages are of {default}" if default else "the whole list is sent"
    return (
        Number(
            "limit",
            "Sends so many at most, and a `Link` to the next page where there is one. "
            f"Without it, {without}.",
            minimum=1,
            maximum=MAX_LIMIT,
            default=default,
        ),
        Text(
            "cursor",
            "The place where a page begins; it comes with the `Link`.",
            max_length=MAX_CURSOR,
        ),
    )


PAGE = paging()


class Query(dict[str, Any]):
    """The values that were given, or that are their defaults, by name."""

    def lookups(self, **columns: str) -> dict[str, Any]:
        """Return ORM lookups of these names that were given, each by its column."""
        found: dict[str, Any] = {}
        for name, column in columns.items():
            value = self.get(name)
            if isinstance(value, list) and len(value) > 1:
                found[f"{column}__in"] = value
            elif value is not None:
                found[column] = value[0] if isinstance(value, list) else value
        return found


def period_in(request: ApiRequest, **options: Any) -> Period:
    """Return the period that PERIOD means in a request, by the caller's own days.

    The options are those of `period_of`. Raises InvalidValue.
    """
    user = request.user
    return period_of(request.query, user.timezone, day_start=user.day_start, **options)


@cache
def by_name(parameters: tuple[Parameter, ...]) -> tuple[dict[str, Parameter], Query]:
    """Return the parameters by their names, and what an empty query string means."""
    defaults = {one.name: one.default for one in parameters if one.default is not None}
    return {one.name: one for one in parameters}, Query(defaults)


def read_query(query_string: str, parameters: tuple[Parameter, ...]) -> Query:
    """Return what a WSGI query string holds; raise InvalidValue for all else."""
    known, defaults = by_name(parameters)
    query = Query(defaults)
    if not query_string:
        return query
    given = set()
    for name, text in pairs_in(query_string):
        parameter = known.get(name)
        if parameter is None:
            raise InvalidValue(name[:MAX_QUOTED], "there is no such parameter")
        if name in given and not parameter.many:
            raise InvalidValue(name, "give it once")
        value = parameter.parse(text)
        if value is not None and parameter.many:
            query.setdefault(name, []).append(value)
        elif value is not None:
            query[name] = value
        given.add(name)
    return query


def pairs_in(query_string: str) -> list[tuple[str, str]]:
    """Return names and values, whose bytes WSGI gives as Latin-1, read as UTF-8."""
    text = query_string.encode("latin-1").decode(errors="surrogateescape")
    try:
        pairs = parse_qsl(
            text,
            keep_blank_values=True,
            errors="surrogateescape",
            max_num_fields=MAX_GIVEN,
        )
    except ValueError:
        raise InvalidValue("", f"give at most {MAX_GIVEN} query parameters") from None
    for name, value in pairs:
        if not is_utf8(name):
            raise InvalidValue("", "give names of query parameters in UTF-8")
        if not is_utf8(value):
            raise InvalidValue(name[:MAX_QUOTED], "give text in UTF-8")
    return pairs


def is_utf8(text: str) -> bool:
    """Tell whether no byte had to be escaped."""
    return text.isascii() or not ESCAPED.search(text)
