"""The rules for text, by the endpoints that take it (API.md §1)."""

from __future__ import annotations

import time
from unicodedata import normalize

import pytest

from focusmaster.tests.people import client_of
from focusmaster.text import MAX_MARKS, InvalidText, clean_text, sanitize
from kanban.models import Task

TASKS = "/api/tasks"
LOG = {"startTime": "2026-02-02T10:00:00Z", "endTime": "2026-02-02T11:00:00Z"}

# Each pair is one text in two normal forms.
FORMS = [
    ("caf\u00e9", "cafe\u0301"),
    ("\u1ec7", "e\u0323\u0302"),  # Vietnamese
    ("\ud55c\uae00", "\u1112\u1161\u11ab\u1100\u1173\u11af"),  # Hangul
    ("\u00c5ngstr\u00f6m", "\u212bngstro\u0308m"),  # the sign of the unit
    ("\u304c", "\u304b\u3099"),  # Kana
]
INVISIBLE = [
    "\u200b",
    "\ufeff",
    "\u2060",
    "\u3164",
    "\uffa0",
    "\u115f\u1160",
    "\u2800",
    "\u00ad",
    "\u200e\u200f\u061c",
    "\u180e",
    "\u034f",
    "\ufe0f",
    "\U000e0061\U000e007f",
    "\u00a0\u3000\u2028",
    " \u200d \u200c ",
]
CONTROLS = [
    "\x01",
    "\x07",
    "\x08",
    "\x0b",
    "\x0c",
    "\x1b",
    "\x1f",
    "\x7f",
    "\x85",
    "\x9b",
]
DIRECTIONS = [*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"]
VISIBLE = [
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",  # a family with joiners
    "\u2764\ufe0f",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian with a non-joiner
    "\u4eca\u6708",
    "\u00b7",
    "a\u200b",
]


@pytest.mark.parametrize(("composed", "decomposed"), FORMS)
def test_text_is_stored_in_one_normal_form(api, composed, decomposed):
    sent = {
        "title": decomposed,
        "description": decomposed,
        "category": decomposed,
        "tags": [decomposed, composed],
    }

    created = api.post(TASKS, sent)

    assert created.status_code == 201
    body = created.json()
    assert (body["title"], body["category"]) == (composed, composed)
    assert (body["description"], body["tags"]) == (composed, [composed])


def test_length_counts_code_points_of_the_normal_form(api):
    decomposed = "e\u0301" * 120

    assert api.post(TASKS, {"title": decomposed}).json()["title"] == "\u00e9" * 120
    refused = api.post(TASKS, {"title": decomposed + "e"})

    assert refused.status_code == 400
    assert refused.json()["message"] == "title: give at most 120 characters"


@pytest.mark.parametrize("text", INVISIBLE)
def test_text_without_anything_visible_is_empty(api, alice, text):
    refusals = [
        api.post(TASKS, {"title": text}),
        api.post(TASKS, {"title": "Task", "tags": [text]}),
        api.put("/api/auth/profile", {"name": text}),
        api.post("/api/feedback", {"message": text}),
    ]
    created = api.post(
        TASKS, {"title": "Task", "description": text, "category": text}
    ).json()
    log = api.post("/api/clock/logs", {**LOG, "notes": text}).json()

    assert [response.status_code for response in refusals] == [400] * 4
    messages = [response.json()["errors"][0]["message"] for response in refusals]
    assert messages == ["give at least one character"] * 4
    assert (created["description"], created["category"], log["notes"]) == ("", "", "")


@pytest.mark.parametrize("text", VISIBLE)
def test_joiners_and_selectors_of_visible_text_stay(api, text):
    created = api.post(TASKS, {"title": text, "tags": [text], "description": text})

    assert created.status_code == 201
    body = created.json()
    assert (body["title"], body["tags"]) == (text, [text])
    assert body["description"] == text


@pytest.mark.parametrize("character", [*CONTROLS, *DIRECTIONS, "\n", "\t", "\r\n"])
def test_one_line_has_no_control_character_and_no_override(api, character):
    text = f"a{character}b"

    refusals = [
        api.post(TASKS, {"title": text}),
        api.post(TASKS, {"title": "Task", "category": text}),
        api.post(TASKS, {"title": "Task", "tags": ["fine", text]}),
        api.put("/api/auth/profile", {"name": text}),
        api.post("/api/feedback", {"message": "m", "deviceInfo": {"platform": text}}),
    ]

    assert [response.status_code for response in refusals] == [400] * 5
    assert not Task.objects.exists()


@pytest.mark.parametrize("character", [*CONTROLS, "\r"])
def test_several_lines_have_no_other_control_character(
    api, alice, bob, moderator, character
):
    text = f"a{character}b"
    ban = f"/api/admin/users/{bob.pk}/ban"

    refusals = [
        api.post(TASKS, {"title": "Task", "description": text}),
        api.post("/api/clock/logs", {**LOG, "notes": text}),
        api.post("/api/feedback", {"message": text}),
        client_of(moderator).patch(ban, {"reason": text}),
    ]

    assert [response.status_code for response in refusals] == [400] * 4


def test_lines_tabs_and_directions_of_several_lines_stay(api):
    text = "\tone\r\ntwo\n\n\u2067three\u2069 "

    task = api.post(TASKS, {"title": "Task", "description": text}).json()
    log = api.post("/api/clock/logs", {**LOG, "notes": text}).json()
    feedback = api.post("/api/feedback", {"message": text}).json()["data"]

    expected = text.replace("\r\n", "\n")
    assert task["description"] == log["notes"] == expected
    assert feedback["message"] == expected.strip()


def test_blanks_around_one_line_are_trimmed_and_controls_are_not(api):
    trimmed = api.post(TASKS, {"title": "\t\u3000 Task\u00a0\n"})

    assert trimmed.json()["title"] == "Task"
    assert api.post(TASKS, {"title": "Task\x1f"}).status_code == 400


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("title", "give text"),
        ("priority", "give one of: low, medium, high"),
        ("tags", "give a list"),
        ("isAllDay", "give true or false"),
        ("position", "give a number"),
        ("estimatedPomodoros", "give a number"),
    ],
)
def test_null_is_refused_as_any_other_wrong_type_is(api, field, message):
    refused = api.post(TASKS, {"title": "Task", field: None})

    assert refused.status_code == 400
    assert refused.json()["errors"] == [{"field": field, "message": message}]


def test_hundreds_of_marks_on_one_letter_cost_no_time():
    began = time.process_time()

    with pytest.raises(InvalidText):
        clean_text("a" + "\u0345\u0334" * 8000, max_length=4000, lines=True)

    assert time.process_time() - began < 0.1
    assert clean_text("a" + "\u0301" * MAX_MARKS, max_length=4000)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Ada\x00\u202e Lovelace\x1b", "Ada Lovelace"),
        ("\u200b\u2800", ""),
        ("e\u0301" * 200, normalize("NFC", "e\u0301" * 100)),
        ("\ud800x", "x"),
    ],
)
def test_text_of_another_service_is_made_to_fit(given, kept):
    assert sanitize(given, max_length=100) == kept
