from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from focusmaster.dates.rfc3339 import format_instant, parse_day, parse_instant

NOON = datetime(2026, 2, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-02-02T12:00:00Z", NOON),
        ("2026-02-02t12:00:00z", NOON),
        ("2026-02-02T12:00:00+00:00", NOON),
        ("2026-02-02T12:00:00-00:00", NOON),
        ("2026-02-02T14:00:00+02:00", NOON),
        ("2026-02-02T02:30:00-09:30", NOON),
        ("2026-02-03T11:59:00+23:59", NOON),
        ("2026-02-02T12:00:00.5Z", NOON + timedelta(milliseconds=500)),
        ("2026-02-02T12:00:00.001Z", NOON + timedelta(milliseconds=1)),
        ("2026-02-02T12:00:00.0009Z", NOON),
        ("2026-02-02T12:00:00.9999999999Z", NOON + timedelta(milliseconds=999)),
        ("0002-01-01T00:00:00Z", datetime(2, 1, 1, tzinfo=UTC)),
        ("9998-12-31T23:59:59Z", datetime(9998, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2024-02-29T00:00:00Z", datetime(2024, 2, 29, tzinfo=UTC)),
    ],
)
def test_instant_is_read_to_the_millisecond_in_utc(text, instant):
    parsed = parse_instant(text)

    assert parsed == instant
    assert parsed.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-02T12:00:00",
        "2026-02-02 12:00:00",
        "2026-02-02T12:00",
        "2026-02-02T12:00:00.000",
    ],
)
def test_instant_without_offset_asks_for_one(text):
    with pytest.raises(ValueError, match="give a time zone"):
        parse_instant(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-02-02",
        "2026-02-02T12:00Z",
        "2026-02-02 12:00:00Z",
        "2026-02-02T12:00:00.Z",
        "2026-02-02T12:00:00,5Z",
        "2026-02-02T12:00:00+0200",
        "2026-02-02T12:00:00+02",
        "2026-02-02T12:00:00+10:60",
        "2026-02-02T24:00:00Z",
        "2026-02-02T12:00:00Z\n",
        " 2026-02-02T12:00:00Z",
        "2026-2-2T12:00:00Z",
        "12026-02-02T12:00:00Z",
        "-2026-02-02T12:00:00Z",
        "20260202T120000Z",
        "2026-W06-1T12:00:00Z",
        "\uff12\uff10\uff12\uff16-02-02T12:00:00Z",
        "\u0661\u0662\u0663\u0664-02-02T12:00:00Z",
        "2026-02-02T12:00:00Z\x00",
        "1770033600",
    ],
)
def test_text_that_is_no_instant_is_refused(text):
    with pytest.raises(ValueError, match="give an instant such as"):
        parse_instant(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30T12:00:00Z",
        "2026-13-01T12:00:00Z",
        "2026-00-01T12:00:00Z",
        "2025-02-29T00:00:00Z",
        "2026-02-02T25:00:00Z",
        "2026-02-02T12:60:00Z",
        "2026-02-02T12:00:61Z",
        "2026-02-02T12:00:00+24:00",
        "0000-01-01T00:00:00Z",
        "0001-12-31T23:59:59Z",
        "9999-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
    ],
)
def test_instant_that_never_comes_is_refused(text):
    with pytest.raises(ValueError, match="there is no such date or time"):
        parse_instant(text)


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (NOON, "2026-02-02T12:00:00Z"),
        (NOON + timedelta(milliseconds=500), "2026-02-02T12:00:00.500Z"),
        (NOON + timedelta(milliseconds=1), "2026-02-02T12:00:00.001Z"),
        (NOON + timedelta(microseconds=999), "2026-02-02T12:00:00Z"),
        (NOON.astimezone(timezone(timedelta(hours=9))), "2026-02-02T12:00:00Z"),
        (datetime(2, 1, 1, tzinfo=UTC), "0002-01-01T00:00:00Z"),
        (None, None),
    ],
)
def test_instant_is_written_in_utc_without_an_empty_fraction(instant, text):
    assert format_instant(instant) == text


def test_day_is_read():
    assert parse_day("2024-02-29") == date(2024, 2, 29)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-2-2",
        "20260202",
        "2026-02-02\n",
        "02-02-2026",
        "\u0662\u0660\u0662\u0666-02-02",
    ],
)
def test_text_that_is_no_day_is_refused(text):
    with pytest.raises(ValueError, match="give a day such as"):
        parse_day(text)


@pytest.mark.parametrize(
    "text", ["2026-02-30", "2025-02-29", "0000-01-01", "0001-12-31", "9999-01-01"]
)
def test_day_that_never_comes_is_refused(text):
    with pytest.raises(ValueError, match="there is no such day"):
        parse_day(text)
