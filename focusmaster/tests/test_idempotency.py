"""`Idempotency-Key`, as clients use it that lose answers and send again."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from contextlib import closing
from datetime import timedelta
from functools import partial
from http.client import HTTPException
from pathlib import Path
from threading import Thread

import psycopg
import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.test import override_settings
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient

from accounts.models import User
from focusmaster.api.idempotency import KEPT_FOR
from focusmaster.exceptions import InvalidValue
from focusmaster.models import StoredAnswer
from focusmaster.postgresql.embedded import PORT, ROLE, EmbeddedServer
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import browser_of, client_of
from focusmaster.tests.processes import Service, children, until
from kanban.models import Task
from kanban.views import TaskViewSet
from pomodoro.models import PomodoroSession

LOGIN = "/api/auth/login"
ME = "/api/auth/me"
REGISTER = "/api/auth/register"
SESSIONS = "/api/sessions"
TASKS = "/api/tasks"
JOHN = {"name": "John Doe", "email": "john@example.com", "password": "securePass123"}
BLOCK = {
    "type": "focus",
    "startTime": "2026-02-02T10:00:00Z",
    "endTime": "2026-02-02T10:25:00Z",
}


def post(client: APIClient, path: str, body: dict, key: str = "k1", **headers):
    return client.post(path, body, HTTP_IDEMPOTENCY_KEY=key, **headers)


def assert_replays(second, first) -> None:
    """Assert that the second answer is the first again, to the byte."""
    assert second["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert second.status_code == first.status_code
    assert second.content == first.content
    same = first.headers.keys() - {"X-Request-Id"}
    assert second.headers.keys() - {"X-Request-Id", "Idempotency-Replayed"} == same
    assert {name: second[name] for name in same} == {name: first[name] for name in same}


def assert_refused(response, code: str) -> None:
    assert response.status_code == 409
    assert response.json()["code"] == code
    assert response.json()["requestId"] == response["X-Request-Id"]


# Sent again


def test_post_that_is_sent_again_is_not_done_again(api, alice):
    first = post(api, SESSIONS, BLOCK)
    second = post(api, SESSIONS, BLOCK)

    assert first.status_code == 201
    assert_replays(second, first)
    assert PomodoroSession.objects.count() == 1
    alice.refresh_from_db()
    assert alice.progress.points == 10


@pytest.mark.parametrize(
    ("path", "body"),
    [(TASKS, {"title": "Write"}), (SESSIONS, BLOCK | {"mood": "great"})],
)
def test_posts_of_every_app_are_safe_to_repeat(api, path, body):
    first, second = post(api, path, body), post(api, path, body)

    assert_replays(second, first)
    assert len(api.get(path).json()) == 1


def test_post_without_a_key_is_done_each_time(api):
    api.post(TASKS, {"title": "Write"})
    api.post(TASKS, {"title": "Write"})

    assert Task.objects.count() == 2
    assert not StoredAnswer.objects.exists()


def test_another_key_is_another_request(api):
    for key in ("k1", "k2", "K1"):
        post(api, TASKS, {"title": "Write"}, key)

    assert Task.objects.count() == 3


def test_refusal_that_the_request_earned_is_repeated_too(api, alice):
    first = post(api, TASKS, {"title": ""})
    second = post(api, TASKS, {"title": ""})

    assert first.status_code == 400
    assert_replays(second, first)
    assert second["X-Request-Id"] == second.json()["requestId"]


def test_repeated_refusal_has_the_id_that_the_client_gave(api):
    post(api, TASKS, {"title": ""}, HTTP_X_REQUEST_ID="one")

    second = post(api, TASKS, {"title": ""}, HTTP_X_REQUEST_ID="two")

    assert second["Idempotency-Replayed"] == "true"
    assert second["X-Request-Id"] == second.json()["requestId"] == "two"


def test_broken_rule_is_repeated_even_if_it_would_hold_by_now(anonymous, alice):
    taken = JOHN | {"email": alice.email}
    first = post(anonymous, REGISTER, taken)
    User.objects.all().delete()

    second = post(anonymous, REGISTER, taken)

    assert first.status_code == 409
    assert_replays(second, first)
    assert not User.objects.exists()


def test_slash_at_the_end_makes_no_other_request(api):
    first = post(api, TASKS, {"title": "Write"})
    second = post(api, f"{TASKS}/", {"title": "Write"})

    assert_replays(second, first)


# Another request under the same key


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (TASKS, {"title": "Write more"}),
        (TASKS, {"title": "Write", "priority": "low"}),
        (f"{TASKS}?loud=1", {"title": "Write"}),
        (SESSIONS, BLOCK),
    ],
)
def test_key_is_refused_for_another_request(api, path, body):
    post(api, TASKS, {"title": "Write"})

    response = post(api, path, body)

    assert_refused(response, "idempotency_key_reused")
    assert Task.objects.count() == 1
    assert not PomodoroSession.objects.exists()


def test_key_of_someone_else_is_another(api, alice, bob):
    first = post(api, TASKS, {"title": "Write"})
    second = post(client_of(bob), TASKS, {"title": "Write"})

    assert "Idempotency-Replayed" not in second
    assert second.json()["user"] == bob.pk != first.json()["user"]


def test_key_is_the_persons_on_all_their_devices(api, alice):
    first = post(api, TASKS, {"title": "Write"})
    second = post(client_of(alice), TASKS, {"title": "Write"})

    assert_replays(second, first)


# Keys


@pytest.mark.parametrize("key", ["k", "k" * 255, "two words", '"quoted"', "~!{}"])
def test_key_may_be_anything_printable(api, key):
    response = post(api, TASKS, {"title": "Write"}, key)

    assert response.status_code == 201
    assert StoredAnswer.objects.count() == 1


@pytest.mark.parametrize("key", ["", "k" * 256, "t\tb", "é", "nul\x00", "line\n"])
def test_key_that_is_none_is_refused(api, key):
    response = post(api, TASKS, {"title": "Write"}, key)

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "Idempotency-Key"
    assert not Task.objects.exists()


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_key_means_nothing_to_other_methods(api, alice, method):
    task = f"{TASKS}/{Task.objects.add(user=alice, title='Write').pk}"

    body = None if method == "get" else {"title": "X"}

    response = getattr(api, method)(task, body, HTTP_IDEMPOTENCY_KEY="\x00")

    assert response.status_code == 200
    assert not StoredAnswer.objects.exists()


# What is not stored


def test_anonymous_is_unauthorized_and_may_try_again_signed_in(anonymous, alice):
    first = post(anonymous, TASKS, {"title": "Write"})
    anonymous.credentials(HTTP_AUTHORIZATION="Bearer nonsense")
    second = post(anonymous, TASKS, {"title": "Write"})

    assert [first.status_code, second.status_code] == [401, 401]
    assert not StoredAnswer.objects.exists()


def test_guesses_are_counted_and_not_repeated(anonymous, alice):
    body = {"email": alice.email, "password": "a wrong one"}

    guesses = [post(anonymous, LOGIN, body) for _ in range(11)]

    assert [guess.status_code for guess in guesses] == [401] * 10 + [429]
    assert not StoredAnswer.objects.exists()


def test_request_of_a_foreign_site_may_be_tried_again_from_ours(alice):
    browser = browser_of(alice)
    foreign = {"HTTP_ORIGIN": "https://evil.example.com"}

    refused = post(browser, TASKS, {"title": "Write"}, **foreign)
    passed = post(browser, TASKS, {"title": "Write"}, HTTP_ORIGIN="http://testserver")

    assert [refused.status_code, passed.status_code] == [403, 201]


@pytest.mark.parametrize(
    ("kind", "accept", "status"),
    [("application/json", "image/png", 406), ("text/plain", "*/*", 415)],
)
def test_request_with_wrong_headers_may_be_tried_again(api, kind, accept, status):
    headers = {"HTTP_ACCEPT": accept, "HTTP_IDEMPOTENCY_KEY": "k1"}

    wrong = api.generic("POST", TASKS, '{"title":"Write"}', kind, **headers)
    right = post(api, TASKS, {"title": "Write"})

    assert [wrong.status_code, right.status_code] == [status, 201]


@pytest.fixture
def creating(monkeypatch):
    """Have something happen after a task was written and before it is answered."""
    create = TaskViewSet.create

    def then(act) -> None:
        def create_then_act(self, request: Request) -> Response:
            answer = create(self, request)
            return act() or answer

        monkeypatch.setattr(TaskViewSet, "create", create_then_act)

    return then


def fail(exc: Exception):
    raise exc


def break_off():
    """Have the database break the transaction off, and answer with a refusal."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")
    except DatabaseError:
        raise InvalidValue("title", "no") from None


@pytest.mark.parametrize("status", [500, 502, 503])
def test_fault_of_ours_leaves_nothing_and_may_be_tried_again(api, creating, status):
    answers = iter([Response({}, status=status), None])
    creating(lambda: next(answers))

    failed = post(api, TASKS, {"title": "Write"})
    left = Task.objects.count(), StoredAnswer.objects.count()
    passed = post(api, TASKS, {"title": "Write"})

    assert [failed.status_code, passed.status_code] == [status, 201]
    assert left == (0, 0)
    assert Task.objects.count() == 1


def test_crash_leaves_nothing_and_may_be_tried_again(api, creating):
    api.raise_request_exception = False
    creating(lambda: fail(RuntimeError("a fault of ours")))
    crashed = post(api, TASKS, {"title": "Write"})
    left = Task.objects.count(), StoredAnswer.objects.count()
    creating(lambda: None)
    passed = post(api, TASKS, {"title": "Write"})

    assert [crashed.status_code, passed.status_code] == [500, 201]
    assert crashed.json()["code"] == "server_error"
    assert left == (0, 0)


def test_refusal_after_a_broken_statement_is_stored_without_the_writes(api, creating):
    creating(break_off)

    first = post(api, TASKS, {"title": "Write"})
    second = post(api, TASKS, {"title": "Write"})

    assert first.status_code == 400
    assert_replays(second, first)
    assert not Task.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_waits_for_the_commit_happens_once_and_after_it(api, creating):
    seen = []
    creating(
        lambda: transaction.on_commit(lambda: seen.append(StoredAnswer.objects.count()))
    )

    post(api, TASKS, {"title": "Write"})
    post(api, TASKS, {"title": "Write"})

    assert seen == [1]


# What is kept, and for how long


def test_stored_answer_shows_neither_token_nor_password(anonymous):
    token = post(anonymous, REGISTER, JOHN).json()["token"]

    stored = StoredAnswer.objects.get()

    assert token.encode() not in bytes(stored.answer)
    assert b"securePass123" not in bytes(stored.answer)


def test_answer_is_read_with_the_key_before(api):
    first = post(api, TASKS, {"title": "Write"})
    with override_settings(
        SECRET_KEY="another one " * 5, SECRET_KEY_FALLBACKS=[str(settings.SECRET_KEY)]
    ):
        second = post(client_of(User.objects.get()), TASKS, {"title": "Write"})

    assert_replays(second, first)


def test_answer_that_cannot_be_read_is_not_made_again(api):
    post(api, TASKS, {"title": "Write"})
    with override_settings(SECRET_KEY="another one " * 5):
        second = post(client_of(User.objects.get()), TASKS, {"title": "Write"})

    assert_refused(second, "idempotency_key_reused")
    assert Task.objects.count() == 1


def test_key_is_free_again_after_a_day(api):
    post(api, TASKS, {"title": "Write"})
    age(KEPT_FOR - timedelta(minutes=1))
    kept = post(api, TASKS, {"title": "Write"})
    age(KEPT_FOR + timedelta(minutes=1))

    again = post(api, TASKS, {"title": "Write more"})

    assert "Idempotency-Replayed" in kept
    assert again.status_code == 201
    assert StoredAnswer.objects.count() == 1
    assert_replays(post(api, TASKS, {"title": "Write more"}), again)


def age(by: timedelta) -> None:
    StoredAnswer.objects.update(created_at=timezone.now() - by)


def test_old_answers_are_cleared_when_new_ones_come(api):
    for n in range(12):
        post(api, TASKS, {"title": "Write"}, f"old {n}")
    age(KEPT_FOR + timedelta(minutes=1))
    counts = []
    for n in range(3):
        post(api, TASKS, {"title": "Write"}, f"new {n}")
        counts.append(StoredAnswer.objects.count())

    assert counts == [3, 2, 3]


def test_answers_go_with_the_account(api, alice):
    post(api, TASKS, {"title": "Write"})

    alice.delete()

    assert not StoredAnswer.objects.exists()


# At the same moment


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_make_one_row(api, alice):
    calls = [partial(post, client_of(alice), SESSIONS, BLOCK) for _ in range(20)]

    answers = run_concurrently(*calls)

    assert PomodoroSession.objects.count() == 1
    assert User.objects.get().progress.points == 10
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses[201] >= 1
    assert statuses[201] + statuses[409] == 20
    assert len({one.content for one in answers if one.status_code == 201}) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert_refused(answer, "idempotency_in_flight")
    assert post(api, SESSIONS, BLOCK)["Idempotency-Replayed"] == "true"


@pytest.mark.django_db(transaction=True)
def test_accounts_registered_at_once_are_one(db):
    calls = [partial(post, APIClient(), REGISTER, JOHN) for _ in range(4)]

    answers = run_concurrently(*calls)

    assert User.objects.count() == 1
    codes = {one.json().get("code") for one in answers if one.status_code != 201}
    assert codes <= {"idempotency_in_flight"}


@pytest.mark.django_db(transaction=True)
def test_different_keys_of_one_person_do_not_stop_each_other(alice):
    clients = [client_of(alice) for _ in range(6)]

    answers = run_concurrently(
        *(
            partial(post, client, SESSIONS, BLOCK, f"key {n}")
            for n, client in enumerate(clients)
        )
    )

    assert [answer.status_code for answer in answers] == [201] * 6
    assert User.objects.get().progress.points == 60


@pytest.mark.django_db(transaction=True)
def test_account_deleted_at_the_same_moment_is_gone_whole(alice):
    for n in range(5):
        user = User.objects.create(name=f"Carol {n}", email=f"c{n}@example.com")
        clients = [client_of(user) for _ in range(3)]

        posted, _, deleted = run_concurrently(
            partial(post, clients[0], TASKS, {"title": "Write"}),
            partial(post, clients[1], SESSIONS, BLOCK, "k2"),
            partial(clients[2].delete, "/api/auth/profile"),
        )

        assert deleted.status_code == 200
        assert posted.status_code in (201, 401)
    assert not Task.objects.exists()
    assert not StoredAnswer.objects.exists()


# A worker that is killed

STORING = 7_001
# Stands for whatever takes time between the write and the answer.
WAIT = f"""
CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_advisory_xact_lock({STORING}); RETURN NEW; END $$;
CREATE TRIGGER wait BEFORE INSERT ON focusmaster_storedanswer
FOR EACH ROW EXECUTE FUNCTION wait();
"""
# Whether a write waits for that, its row being there and not committed.
IS_WAITING = f"""
SELECT count(*) FROM pg_locks
WHERE locktype = 'advisory' AND objid = {STORING} AND NOT granted
"""
IS_UNDER_WAY = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"


def sent(service: Service, path: str, body: dict, **headers: str) -> bytes | None:
    """Send a POST to a real service; return the answer, or None if there was none."""
    try:
        return service.send("POST", path, body, **headers)[1]
    except (OSError, HTTPException):
        return None


def database(state_dir: Path) -> psycopg.Connection:
    server = EmbeddedServer(state_dir / "postgresql")
    return psycopg.connect(
        host=str(server.socket_dir),
        port=PORT,
        user=ROLE,
        dbname="focusmaster",
        autocommit=True,
    )


def test_retry_makes_one_row_after_a_worker_was_killed_before_its_answer(migrated_dir):
    with (
        Service(migrated_dir, "--workers", "1") as service,
        closing(database(migrated_dir)) as session,
    ):
        token = json.loads(sent(service, REGISTER, JOHN))["token"]
        again = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k1"}
        session.execute(WAIT)
        session.execute(f"SELECT pg_advisory_lock({STORING})")
        answers = []
        first = Thread(
            target=lambda: answers.append(sent(service, TASKS, {"title": "X"}, **again))
        )

        first.start()
        until(lambda: session.execute(IS_WAITING).fetchone()[0])
        (worker,) = children(service.process.pid)
        os.kill(worker, signal.SIGKILL)
        first.join()
        session.execute(f"SELECT pg_advisory_unlock({STORING})")
        until(service.is_ready)
        until(lambda: not session.execute(IS_UNDER_WAY).fetchone()[0])
        left = session.execute("SELECT count(*) FROM kanban_task").fetchone()[0]
        second = sent(service, TASKS, {"title": "X"}, **again)
        third = sent(service, TASKS, {"title": "X"}, **again)
        rows = session.execute("SELECT count(*) FROM kanban_task").fetchone()[0]

    assert answers == [None]
    assert left == 0
    assert second == third is not None
    assert rows == 1
