"""Every verb on the caller's own account, while the account is deleted.

All of them succeed on an account that stays. So each is a success from just before the
deletion or 401, for the token is dead: anything else is a wrong response.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from accounts.erasure import erase_account
from accounts.models import EmailChange, User
from accounts.tests.rows import make_rows
from focusmaster.tests.concurrency import run_concurrently, run_during
from focusmaster.tests.people import PASSWORD, client_of, person, token_of
from integrations.tests.rows import make_rows as make_spotify_rows
from kanban.models import Task
from timeclock.models import WorkLog

pytestmark = pytest.mark.django_db(transaction=True)

# Races of each verb in a run of the tests; 50 were run by hand.
ROUNDS = int(os.environ.get("DELETION_RACES", "2"))
ANY = {"HTTP_IF_MATCH": "*"}
KEY = {"HTTP_IDEMPOTENCY_KEY": "1"}
NEW = {"password": "tea for two 2", "currentPassword": PASSWORD}
SETTINGS = {"settings": {"timezone": "Asia/Tokyo", "dayStart": 4, "dailyGoal": 3}}
BLOCK = {"type": "focus", "startTime": "2026-02-02T10:00:00Z", "duration": 1500}
WORK = {"startTime": "2026-02-02T10:00:00Z", "endTime": "2026-02-02T11:00:00Z"}
CONSENT = {"preferences": {"essential": True, "analytics": False, "marketing": False}}
ME = "/api/auth/me"
PROFILE = "/api/auth/profile"
DELETE = "/api/gdpr/delete"

# Method, path, body, headers.
Verb = tuple[str, str, Any, dict[str, str]]
VERBS: list[Verb] = [
    ("get", ME, None, {}),
    *(
        (method, path, body, headers)
        for method, path in [("patch", ME), ("put", PROFILE)]
        for body in [{"name": "Al"}, NEW, SETTINGS]
        for headers in [{}, ANY]
    ),
    ("get", PROFILE, None, {}),
    ("delete", PROFILE, None, {}),
    ("delete", PROFILE, None, ANY),
    ("delete", DELETE, None, {}),
    ("delete", f"{PROFILE}/stats", None, {}),
    ("delete", "/api/auth/google", None, {}),
    ("post", "/api/auth/refresh", None, {}),
    ("post", "/api/auth/logout", None, {}),
    ("post", "/api/auth/otp/send", {"newEmail": "{id}@example.com"}, {}),
    ("put", "/api/auth/otp/verify", {"otp": "{code}"}, {}),
    ("get", "/api/auth/devices", None, {}),
    ("delete", "/api/auth/devices", None, {}),
    ("delete", "/api/auth/devices/{device}", None, {}),
    ("get", "/api/gdpr/export", None, {}),
    ("post", "/api/gdpr/log-consent", CONSENT, {}),
    ("get", "/api/spotify/status", None, {}),
    ("delete", "/api/spotify", None, {}),
    ("get", "/api/analytics/productivity", None, {}),
    ("get", "/api/sessions", None, {}),
    ("post", "/api/sessions", BLOCK, {}),
    ("post", "/api/sessions", BLOCK | {"task": "{task}"}, {}),
    ("patch", "/api/sessions/{session}", {"mood": "happy"}, ANY),
    ("delete", "/api/sessions/{session}", None, {}),
    ("post", "/api/tasks", {"title": "Write"}, {}),
    ("get", "/api/tasks/{task}", None, {}),
    ("put", "/api/tasks/{task}", {"title": "Write more"}, {}),
    ("post", "/api/tasks/{task}/move", {"status": "done"}, {}),
    ("delete", "/api/tasks/{task}", None, {}),
    ("post", "/api/clock/break/start", {}, {}),
    ("post", "/api/clock/stop", {}, {}),
    ("post", "/api/clock/logs", WORK, {}),
    ("post", "/api/feedback", {"message": "Hello"}, {}),
]
ENDS_SIGN_INS = [NEW, "/api/auth/logout", "/api/auth/devices"]


def name_of(verb: Verb) -> str:
    method, path, body, headers = verb
    return " ".join([method, path, *(body or {}), *headers])


def someone() -> tuple[User, Callable[..., Any]]:
    """Return a person for whom every verb succeeds, and their sender of verbs."""
    user = person("Ada")
    make_rows(user)
    make_spotify_rows(user)
    client = client_of(user)
    task = Task.objects.add(user=user, title="Read")
    values = {
        "id": user.pk,
        "code": EmailChange.objects.start(user=user, new_email="other@example.com"),
        "device": token_of(user)["sid"],
        "task": task.pk,
        "session": client.post("/api/sessions", BLOCK).json()["_id"],
    }
    WorkLog.objects.start(user_id=user.pk)

    def send(method: str, path: str, body: Any, headers: dict[str, str]):
        if body:
            body = {
                name: value.format(**values) if isinstance(value, str) else value
                for name, value in body.items()
            }
        response = getattr(client, method)(path.format(**values), body, **headers)
        if response.streaming:
            response.getvalue()  # Which closes the file.
        return response

    return user, send


def is_gone(response) -> bool:
    """Tell whether a response is that of a token whose account is gone."""
    return (
        response.status_code == 401
        and response.json()["code"] == "not_authenticated"
        and response.headers["WWW-Authenticate"] == "Bearer"
    )


def fits(response) -> bool:
    return response.status_code < 300 or is_gone(response)


def race(verb: Verb) -> None:
    """Send the verb and the deletion at the same moment; check both responses."""
    user, send = someone()

    response, deletion = run_concurrently(
        lambda: send(*verb), lambda: send("delete", DELETE, None, {})
    )

    assert fits(response), response.content
    assert fits(deletion), deletion.content
    _, path, body, _ = verb
    # Where the verb ended the sign-in first, the deletion had no token.
    may_stay = deletion.status_code == 401 and (
        body is NEW or any(end in path for end in ENDS_SIGN_INS[1:])
    )
    assert may_stay or not User.objects.filter(pk=user.pk).exists()
    User.objects.filter(pk=user.pk).delete()


@pytest.mark.parametrize("verb", VERBS, ids=name_of)
def test_verb_and_the_deletion_of_the_account(verb, mailbox):
    stays, send = someone()
    assert send(*verb).status_code < 300
    stays.delete()

    user, send = someone()
    waiting = run_during(lambda: erase_account(user), lambda: send(*verb))
    assert fits(waiting), waiting.content
    assert is_gone(send("get", ME, None, {}))
    assert not User.objects.exists()

    for _ in range(ROUNDS):
        race(verb)
    if verb[0] == "post":
        for _ in range(ROUNDS):
            race((*verb[:3], KEY))


def test_last_admin_who_goes_twice_at_once_is_told_the_same_by_both():
    client = client_of(person("Moderator", role=User.Role.ADMIN))

    responses = run_concurrently(*[lambda: client.delete(PROFILE)] * 2)

    assert {response.status_code for response in responses} == {409}
