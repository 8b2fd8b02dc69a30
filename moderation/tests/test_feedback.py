from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from focusmaster.tests.people import client_of
from moderation.models import AuditRecord, Feedback

FEEDBACK = "/api/feedback"
BOARD = "/api/admin/feedback"
UNKNOWN = "507f1f77bcf86cd799439011"
# As published.
GIVEN = {"type": "bug", "message": "Found an issue with the timer", "category": "timer"}


def given(user: User | None = None, **fields) -> Feedback:
    return Feedback.objects.create(user=user, **{"message": "Hello"} | fields)


# Giving it


def test_feedback_is_taken_and_answered_as_published(api, alice):
    response = api.post(FEEDBACK, GIVEN)

    assert response.status_code == 201
    receipt = response.json()
    assert (receipt["success"], receipt["message"] != "") == (True, True)
    row = Feedback.objects.get()
    assert receipt["data"] == GIVEN | {
        "_id": row.pk,
        "status": "new",
        "createdAt": receipt["data"]["createdAt"],
    }
    assert (row.user, row.type, row.category) == (alice, "bug", "timer")
    assert (row.message, row.email, row.device_info) == (GIVEN["message"], "", None)


def test_feedback_needs_no_token_and_little_more_than_words(anonymous):
    device = {"userAgent": "Firefox", "platform": "Linux", "screenSize": "1920x1080"}
    body = {"message": "Hi", "email": "someone@example.com", "deviceInfo": device}

    response = anonymous.post(FEEDBACK, body)

    assert response.status_code == 201
    assert response.json()["data"]["type"] == "general"
    row = Feedback.objects.get()
    assert (row.user, row.email) == (None, "someone@example.com")
    assert row.device_info == device


@pytest.mark.usefixtures("db")
def test_feedback_with_a_bad_token_is_nobodys():
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Bearer nonsense")

    response = client.post(FEEDBACK, {"message": "Hi", "email": "", "deviceInfo": None})

    assert response.status_code == 201
    assert Feedback.objects.get().user is None


def test_feedback_may_have_4000_characters(api):
    response = api.post(FEEDBACK, {"message": "x" * 4000, "category": "y" * 50})

    assert response.status_code == 201


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "message"),
        ({"message": " "}, "message"),
        ({"message": "x" * 4001}, "message"),
        ({"message": ["Hi"]}, "message"),
        ({"message": "Hi", "type": "praise"}, "type"),
        ({"message": "Hi", "category": "x" * 51}, "category"),
        ({"message": "Hi", "email": "someone"}, "email"),
        ({"message": "Hi", "mail": "a@example.com"}, "mail"),
        ({"message": "Hi", "deviceInfo": "Firefox"}, "deviceInfo"),
        ({"message": "Hi", "deviceInfo": {"cookies": "x"}}, "deviceInfo.cookies"),
        (
            {"message": "Hi", "deviceInfo": {"userAgent": "x" * 501}},
            "deviceInfo.userAgent",
        ),
    ],
)
def test_bad_feedback_is_rejected(api, body, field):
    response = api.post(FEEDBACK, body)

    assert response.status_code == 400
    assert [one["field"] for one in response.json()["errors"]] == [field]
    assert not Feedback.objects.exists()


def test_who_gives_feedback_cannot_choose_its_status(api):
    api.post(FEEDBACK, GIVEN | {"status": "closed", "_id": UNKNOWN})

    assert Feedback.objects.get().status == "new"


# Dealing with it


def test_staff_see_feedback_with_who_gave_it_newest_first(staff, alice):
    given(email="someone@example.com", device_info={"platform": "Linux"})
    later = timezone.now() + timedelta(seconds=1)
    given(alice, type="bug", note="Ask her", created_at=later)

    response = staff.get(BOARD)

    assert response.status_code == 200
    newest, oldest = response.json()
    assert newest["user"] == {
        "_id": alice.pk,
        "name": "Alice",
        "email": "alice@example.com",
    }
    assert (newest["type"], newest["note"]) == ("bug", "Ask her")
    assert (oldest["user"], oldest["email"]) == (None, "someone@example.com")
    assert oldest["deviceInfo"] == {"platform": "Linux"}
    assert newest["deviceInfo"] is None


def test_board_can_be_filtered_and_paged(staff):
    for number in range(3):
        at = timezone.now() + timedelta(seconds=number)
        given(message=f"Bug {number}", type="bug", created_at=at)
    given(message="Done", status="resolved")

    def shown(query: str) -> list[str]:
        return [row["message"] for row in staff.get(f"{BOARD}?{query}").json()]

    assert shown("status=resolved") == ["Done"]
    assert len(shown("status=open")) == len(shown("status=new")) == 3
    assert shown("type=bug&limit=2") == ["Bug 2", "Bug 1"]
    assert 'rel="next"' in staff.get(f"{BOARD}?limit=2")["Link"]
    assert staff.get(f"{BOARD}?status=lost").status_code == 400


def test_board_is_one_query_beside_the_callers(staff, alice, django_assert_num_queries):
    for _ in range(3):
        given(alice)

    with django_assert_num_queries(2):  # the token's owner and the rows
        staff.get(BOARD)


@pytest.mark.parametrize(
    ("choice", "status"),
    [
        ("in-progress", "in-progress"),
        ("resolved", "resolved"),
        ("closed", "closed"),
    ],
)
def test_status_changes_and_the_change_is_audited(
    staff, alice, moderator, choice, status
):
    row = given(alice)

    response = staff.put(f"{BOARD}/{row.pk}/status", {"status": choice})

    assert response.status_code == 200
    assert (response.json()["_id"], response.json()["status"]) == (row.pk, status)
    row.refresh_from_db()
    assert row.status == status
    record = AuditRecord.objects.get()
    assert (record.action, record.actor_id) == ("feedback.status_changed", moderator.pk)
    assert record.target_id == row.pk
    assert record.details == f"Changed the status from new to {status}"
    assert record.metadata == {"from": "new", "to": status}


def test_open_is_taken_as_new(staff):
    row = given(status="closed")

    response = staff.put(f"{BOARD}/{row.pk}/status", {"status": "open"})

    assert response.json()["status"] == "new"


def test_status_that_it_has_already_is_no_act(staff):
    row = given()

    response = staff.put(f"{BOARD}/{row.pk}/status", {"status": "new"})

    assert response.status_code == 200
    assert not AuditRecord.objects.exists()


def test_note_is_for_staff_alone(staff, api, alice):
    row = given(alice)

    response = staff.put(f"{BOARD}/{row.pk}/note", {"note": "A troll\n- maybe"})

    assert response.status_code == 200
    assert response.json()["note"] == "A troll\n- maybe"
    row.refresh_from_db()
    assert row.note == "A troll\n- maybe"
    assert AuditRecord.objects.get().action == "feedback.note_changed"
    assert "troll" not in AuditRecord.objects.get().details
    export = b"".join(api.get("/api/gdpr/export").streaming_content)
    assert row.pk.encode() in export
    assert b"troll" not in export


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("put", "status", {}),
        ("put", "status", {"status": "lost"}),
        ("put", "status", {"status": 7}),
        ("put", "note", {}),
        ("put", "note", {"note": "x" * 4001}),
        ("post", "reply", {"message": " "}),
        ("post", "reply", {"message": "x" * 4001}),
    ],
)
def test_bad_change_is_rejected(staff, method, path, body):
    row = given(email="someone@example.com")

    response = getattr(staff, method)(f"{BOARD}/{row.pk}/{path}", body)

    assert response.status_code == 400
    assert not AuditRecord.objects.exists()


@pytest.mark.parametrize("pk", [UNKNOWN, "nothing"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("get", "", None),
        ("put", "/status", {"status": "closed"}),
        ("put", "/note", {"note": "x"}),
        ("post", "/reply", {"message": "Thanks"}),
    ],
)
def test_feedback_that_is_not_there_is_not_found(staff, pk, method, path, body):
    response = getattr(staff, method)(f"{BOARD}/{pk}{path}", body)

    assert response.status_code == 404


def test_address_of_who_is_gone_goes_from_feedback_without_an_account(alice, bob):
    of_alice = given(email="Alice@example.com")
    of_bob = given(email=bob.email)
    client_of(alice).delete("/api/auth/profile")

    of_alice.refresh_from_db()
    of_bob.refresh_from_db()
    assert (of_alice.email, of_bob.email) == ("", bob.email)


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"type": "praise"}, "moderation_feedback_type_known"),
        ({"status": "lost"}, "moderation_feedback_status_known"),
        ({"message": ""}, "moderation_feedback_has_message"),
    ],
)
@pytest.mark.usefixtures("db")
def test_database_refuses_feedback_that_makes_no_sense(fields, constraint):
    with pytest.raises(IntegrityError, match=constraint):
        given(**fields)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"category": "bug"}, "bug"),
        ({"category": "feature"}, "feature"),
        ({"category": "general"}, "general"),
        ({"category": "Bug"}, "general"),
        ({"category": "praise"}, "general"),
        ({"category": "bug", "type": "feature"}, "feature"),
        ({}, "general"),
    ],
)
def test_category_that_is_a_type_stands_in_for_it(api, given, kind):
    response = api.post("/api/feedback", {"message": "It broke."} | given)

    assert response.status_code == 201
    assert response.json()["data"]["type"] == kind
    assert response.json()["data"]["category"] == given.get("category", "")
