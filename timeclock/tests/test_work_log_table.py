"""Work logs as CSV, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import re
from contextlib import closing
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest

from accounts.models import User
from focusmaster.api.csv_export import csv_response
from timeclock.models import WorkLog
from timeclock.tables import HEADER

TABLE = "/api/clock/logs.csv"
HOUR = timedelta(hours=1)
NINE = datetime(2026, 2, 2, 9, tzinfo=UTC)


def log(user: User, start: datetime = NINE, hours: float | None = 8, **fields):
    end = None if hours is None else start + hours * HOUR
    return WorkLog.objects.create(user=user, started_at=start, ended_at=end, **fields)


def table_of(response) -> list[dict[str, str]]:
    """Return the rows as a spreadsheet reads them, by the names in the header."""
    assert response.status_code == 200, response.getvalue()
    text = response.getvalue().decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text, newline="")))


def test_row_has_local_times_and_durations_to_count_and_to_read(api, alice):
    User.objects.filter(pk=alice.pk).update(timezone="Europe/Berlin")
    row = log(alice, hours=7.51, break_seconds=1830, notes="Ünïcode, «ok»\nline 2")

    response = api.get(TABLE)

    assert table_of(response) == [
        {
            "date": "2026-02-02",
            "startTime": "2026-02-02T10:00:00+01:00",
            "endTime": "2026-02-02T17:30:36+01:00",
            "duration": "27036",
            "breakTime": "1830",
            "workTime": "25206",
            "duration h:mm": "7:30",
            "breakTime h:mm": "0:30",
            "workTime h:mm": "7:00",
            "notes": "Ünïcode, «ok»\nline 2",
            "_id": row.pk,
        }
    ]


def test_answer_is_a_download_that_excel_takes_for_utf_8(api):
    response = api.get(TABLE, HTTP_ACCEPT="text/csv")

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert (
        response["Content-Disposition"]
        == 'attachment; filename="focusmaster-work-logs.csv"'
    )
    text = response.getvalue()
    assert text.startswith(b"\xef\xbb\xbfdate,")
    assert text.decode("utf-8-sig") == ",".join(HEADER) + "\r\n"
    assert response["Content-Length"] == str(len(text))


def test_open_log_has_empty_cells(api, alice):
    log(alice, hours=None, break_seconds=60)

    (row,) = table_of(api.get(TABLE))

    empty = [name for name, cell in row.items() if cell == ""]
    assert empty == [
        "endTime",
        "duration",
        "workTime",
        "duration h:mm",
        "workTime h:mm",
        "notes",
    ]


@pytest.mark.parametrize(
    "first", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff20"]
)
def test_notes_are_no_formula(api, alice, first):
    note = f'{first}HYPERLINK("http://example.com","x")'
    log(alice, notes=note)

    (row,) = table_of(api.get(TABLE))

    assert row["notes"] == f"'{note}"
    assert WorkLog.objects.get().notes == note


def test_no_cell_of_any_row_begins_like_a_formula(api, alice):
    log(alice, datetime(2, 1, 1, tzinfo=UTC), 30, notes="-1")
    log(alice, hours=None, notes="a\r\n=1")

    for row in table_of(api.get(f"{TABLE}?tz=America/St_Johns")):
        assert not any(cell.startswith(tuple("=+-@\t\r\n")) for cell in row.values())


SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"


@pytest.mark.parametrize("between", [";", "; ", ';"', ";'", "\t", "\n", "|", ";\u00a0"])
@pytest.mark.parametrize("sign", SIGNS)
def test_no_cell_is_a_formula_wherever_a_spreadsheet_splits(api, alice, between, sign):
    log(alice, notes=f"fine{between}{sign}1+1{between}{sign}2, and{between}more")

    text = api.get(TABLE).getvalue().decode("utf-8-sig")

    for delimiter in ",;\t|":
        for row in csv.reader(StringIO(text, newline=""), delimiter=delimiter):
            cells = [cell.lstrip(' \u00a0"') for cell in row]
            assert not any(cell.startswith(tuple(SIGNS)) for cell in cells)
    for part in re.split(r"[;\t\r\n|]", text):
        assert not part.lstrip(' \u00a0"').startswith(tuple(SIGNS))


@pytest.mark.parametrize("note", ["a; b", "1-2; 3+4", "ann@example.com; x=y", "a = b"])
def test_signs_within_text_stay(api, alice, note):
    log(alice, notes=note)

    assert table_of(api.get(TABLE))[0]["notes"] == note


def test_table_has_the_rows_of_the_list_in_its_order(api, alice, bob):
    for day in range(4):
        log(alice, NINE + timedelta(days=day))
    log(bob)
    query = "from=2026-02-03&to=2026-02-04"

    rows = table_of(api.get(f"{TABLE}?{query}"))

    listed = [one["_id"] for one in api.get(f"/api/clock/logs?{query}").json()]
    assert [row["_id"] for row in rows] == listed
    assert [row["date"] for row in rows] == ["2026-02-04", "2026-02-03"]


def test_table_is_not_sent_again_to_who_has_it(api, alice):
    log(alice)
    first = api.get(TABLE)
    table_of(first)

    again = api.get(TABLE, HTTP_IF_NONE_MATCH=first["ETag"])
    WorkLog.objects.update(notes="Changed")
    changed = api.get(TABLE, HTTP_IF_NONE_MATCH=first["ETag"])

    assert (again.status_code, again.content) == (304, b"")
    assert table_of(changed)[0]["notes"] == "Changed"


def test_zone_of_the_request_wins(api, alice):
    log(alice, datetime(2026, 7, 1, 20, tzinfo=UTC))

    (row,) = table_of(api.get(f"{TABLE}?tz=Asia/Kolkata"))

    assert row["date"] == "2026-07-02"
    assert row["startTime"] == "2026-07-02T01:30:00+05:30"


def test_slash_at_the_end_is_tolerated(api):
    assert table_of(api.get(f"{TABLE}/")) == []


@pytest.mark.parametrize("accept", ["text/csv", "text/html,*/*;q=0.8", "*/*"])
def test_refusals_are_json_whatever_is_asked_for(api, accept):
    response = api.get(f"{TABLE}?range=year", HTTP_ACCEPT=accept)

    assert response.status_code == 400
    assert response["Content-Type"] == "application/json"
    assert response.json()["code"] == "invalid"


def test_table_of_many_rows_is_whole_and_not_held_in_memory(db):
    rows = 20_000

    class Cell(str):
        alive = most = 0

        def __init__(self, *args) -> None:
            Cell.alive += 1
            Cell.most = max(Cell.most, Cell.alive)

        def __del__(self) -> None:
            Cell.alive -= 1

    answer = csv_response(["n"], ((Cell(f"{n}" * 60),) for n in range(rows)), "x.csv")

    with closing(answer):
        parts = list(answer.streaming_content)
    lines = b"".join(parts).decode("utf-8-sig").split("\r\n")
    assert lines == ["n", *(f"{n}" * 60 for n in range(rows)), ""]
    assert max(map(len, parts)) < 100_000
    assert Cell.most < rows / 10
