"""Requests are counted by who sends them, exactly, and too many are refused."""

from __future__ import annotations

import logging
import shutil
import subprocess
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.core.cache import caches
from django.db import connection
from django.utils import timezone
from django_ratelimit.core import get_usage
from rest_framework.test import APIClient

from accounts.models import SignIn, User
from focusmaster.api import rate_limits
from focusmaster.environment import Rate
from focusmaster.models import Counter
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import PASSWORD, client_of, person, token_of
from focusmaster.tests.processes import Service, free_port, until

ME = "/api/auth/me"
LOGIN = "/api/auth/login"
NAMES = [
    f"{prefix}RateLimit-{name}"
    for prefix in ("", "X-")
    for name in ("Limit", "Remaining", "Reset")
]


@pytest.fixture(autouse=True)
def rates(settings, db):
    """Few requests each, in windows that do not end during a test."""
    settings.RATE_LIMITS = {
        "guest": Rate(3, 10**8),
        "user": Rate(5, 10**8),
        "admin": Rate(7, 10**8),
    }


def remaining(response) -> int:
    return int(response["RateLimit-Remaining"])


# What an answer tells


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", ME, 200),
        ("get", "/api/nowhere", 404),
        ("get", "/api/tasks/0", 404),
        ("put", "/api/tasks", 405),
        ("post", "/api/tasks", 400),
        ("get", "/api/schema", 200),
    ],
)
def test_every_answer_tells_where_the_caller_stands(api, method, path, status):
    response = getattr(api, method)(path)

    assert response.status_code == status
    assert [response[name] for name in NAMES[:2]] == ["5", "4"]
    assert [response[name] for name in NAMES[3:5]] == ["5", "4"]
    assert 1 <= int(response["RateLimit-Reset"]) <= 10**8
    assert response["X-RateLimit-Reset"] == response["RateLimit-Reset"]


@pytest.mark.parametrize("path", [ME, "/api/nowhere"])
def test_request_past_the_limit_is_refused(api, path):
    for _ in range(5):
        api.get(ME)

    response = api.get(path)

    assert response.status_code == 429
    assert response.json()["code"] == "too_many_requests"
    assert response.json()["message"] == "Too many requests. Try again later."
    assert response.json()["requestId"] == response["X-Request-Id"]
    assert int(response["Retry-After"]) >= 1
    assert remaining(response) == 0


def test_refused_request_changes_nothing(api, alice):
    for _ in range(5):
        api.get(ME)

    response = api.post("/api/tasks", {"title": "One too many"})

    assert response.status_code == 429
    assert not alice.tasks.exists()


def test_refusal_can_be_read_on_another_origin(anonymous):
    headers = {"HTTP_ORIGIN": "http://localhost:3000"}
    for _ in range(3):
        anonymous.get(ME, **headers)

    response = anonymous.get(ME, **headers)

    assert response.status_code == 429
    assert response["Access-Control-Allow-Origin"] == "http://localhost:3000"


@pytest.mark.parametrize("path", ["/api/health", "/api/health/ready"])
def test_health_is_not_counted(anonymous, path):
    answers = [anonymous.get(path) for _ in range(5)]

    assert {response.status_code for response in answers} == {200}
    assert not any(response.has_header("RateLimit-Limit") for response in answers)
    assert not Counter.objects.exists()


def test_pages_are_not_counted(client):
    response = client.get("/admin/login/")

    assert response.status_code == 200
    assert not response.has_header("RateLimit-Limit")


def test_rates_that_are_off_limit_nobody(anonymous, settings):
    settings.RATE_LIMITS = {"guest": None}

    answers = [anonymous.get(ME) for _ in range(4)]

    assert {response.status_code for response in answers} == {401}
    assert not answers[0].has_header("RateLimit-Limit")


# Who is counted as one


def test_each_role_has_its_limit(alice, moderator, anonymous):
    guest = User.objects.create(name="Guest", is_guest=True)

    limits_of = [
        client.get(ME)["RateLimit-Limit"]
        for client in (client_of(guest), client_of(alice), client_of(moderator))
    ]

    assert limits_of == ["3", "5", "7"]
    assert anonymous.get(ME)["RateLimit-Limit"] == "3"


def test_devices_of_one_person_count_together_and_people_apart(api, alice, bob):
    api.get(ME)

    assert remaining(client_of(alice).get(ME)) == 3
    assert remaining(client_of(bob).get(ME)) == 4


def test_change_of_role_counts_at_once(api, alice):
    for _ in range(6):
        api.get(ME)
    User.objects.filter(pk=alice.pk).update(role="admin")

    response = api.get(ME)

    assert response.status_code == 200
    assert response["RateLimit-Limit"] == "7"


@pytest.mark.parametrize("kind", ["forged", "revoked", "banned"])
def test_token_that_is_refused_counts_for_its_address(anonymous, alice, kind):
    token = str(token_of(alice))
    if kind == "forged":
        token = token[:-5] + "AAAAA"
    elif kind == "revoked":
        SignIn.objects.revoke()
    else:
        User.objects.filter(pk=alice.pk).update(status="banned", ban_reason="Spam")
    anonymous.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")

    answers = [anonymous.get(ME).status_code for _ in range(4)]

    assert answers[0] in (401, 403)
    assert answers[3] == 429
    assert remaining(client_of(person("Carol")).get(ME)) == 4


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("192.0.2.1", "192.0.2.1", True),
        ("", "", True),
    ],
)
def test_guests_are_counted_by_address_or_network(anonymous, first, second, is_one):
    anonymous.get(ME, REMOTE_ADDR=first)

    response = anonymous.get(ME, REMOTE_ADDR=second)

    assert remaining(response) == (1 if is_one else 2)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "counted_as"),
    [
        (0, "198.51.100.7", "192.0.2.1"),
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        (2, "203.0.113.9, 198.51.100.7", "203.0.113.9"),
        (2, "198.51.100.7", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, "unknown", "192.0.2.1"),
        (1, "198.51.100.7:4711", "198.51.100.7"),
        (1, "[2001:db8::7]:4711", "2001:db8::7"),
        (1, "::ffff:198.51.100.7", "198.51.100.7"),
    ],
)
def test_address_is_believed_through_the_proxies_in_front(
    anonymous, settings, proxies, forwarded, counted_as
):
    settings.PROXY_COUNT = 0
    anonymous.get(ME, REMOTE_ADDR=counted_as)
    settings.PROXY_COUNT = proxies

    response = anonymous.get(
        ME, REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=forwarded
    )

    assert remaining(response) == 1


def test_sign_in_keeps_the_forwarded_address(anonymous, alice, settings):
    settings.PROXY_COUNT = 1

    anonymous.post(
        LOGIN,
        {"email": alice.email, "password": PASSWORD},
        HTTP_X_FORWARDED_FOR="10.0.0.1, 198.51.100.7",
    )

    assert alice.sign_ins.get().ip_address == "198.51.100.7"


# The counters


def test_counting_takes_no_query_of_its_own(api, anonymous, django_assert_num_queries):
    api.get(ME)
    anonymous.get(ME)

    with django_assert_num_queries(1):  # with the look for the sign-in
        api.get(ME)
    with django_assert_num_queries(1):
        anonymous.get(ME)


def test_token_that_names_another_user_counts_for_its_own(alice, bob):
    token = token_of(alice)
    token["user_id"] = bob.pk
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")

    answers = [client.get(ME) for _ in range(2)]

    assert [remaining(response) for response in answers] == [4, 3]
    assert remaining(client_of(bob).get(ME)) == 4


def test_expired_counters_are_cleared_when_a_new_one_begins(anonymous):
    Counter.objects.bulk_create(
        Counter(key=f"old {n}", count=1, expires_at=timezone.now()) for n in range(12)
    )

    anonymous.get(ME, REMOTE_ADDR="192.0.2.1")
    left = Counter.objects.filter(key__startswith="old").count()
    anonymous.get(ME, REMOTE_ADDR="192.0.2.2")

    assert left == 2
    assert Counter.objects.count() == 2


def test_counters_are_not_in_the_log_of_the_database(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relpersistence FROM pg_class WHERE relname = 'focusmaster_counter'"
        )

        assert cursor.fetchone() == ("u",)


@pytest.mark.django_db(transaction=True)
def test_requests_at_once_are_counted_one_by_one(alice):
    clients = [client_of(alice) for _ in range(16)]

    answers = run_concurrently(
        *(lambda client=client: client.get(ME) for client in clients)
    )

    passed = [response for response in answers if response.status_code == 200]
    assert sorted(map(remaining, passed)) == [0, 1, 2, 3, 4]
    assert {response.status_code for response in answers} == {200, 429}


@pytest.mark.django_db(transaction=True)
def test_requests_pass_while_the_store_is_down_and_one_warning_tells(api, caplog):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE focusmaster_counter RENAME TO elsewhere")
    try:
        with caplog.at_level(logging.WARNING, "focusmaster.limits"):
            answers = [api.get(ME) for _ in range(8)]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE elsewhere RENAME TO focusmaster_counter")
        rate_limits.store.retry_at = 0.0

    assert {response.status_code for response in answers} == {200}
    assert not answers[0].has_header("RateLimit-Limit")
    assert len(caplog.records) == 1
    assert "Nothing is limited" in caplog.text
    assert remaining(api.get(ME)) == 4
    assert rate_limits.store.retry_at is None


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=20) as response:
            return response.status
    except urllib.error.HTTPError as exc:
        exc.close()
        return exc.code


def test_two_workers_let_exactly_the_limit_pass(migrated_dir):
    rate = {"RATE_LIMIT_GUEST": "100/9999d"}

    with Service(migrated_dir, "--workers", "2", **rate) as service:
        url = f"http://127.0.0.1:{service.port}{ME}"
        with ThreadPoolExecutor(40) as threads:
            answers = list(threads.map(status_of, [url] * 200))

    assert answers.count(401) == 100
    assert answers.count(429) == 100


@pytest.mark.usefixtures("real_windows")
@pytest.mark.parametrize("value", ["192.0.2.7", "6b0a273b5f09f68521d06865"])
def test_counter_is_the_one_that_django_ratelimit_takes(settings, rf, value):
    memory = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    settings.CACHES = settings.CACHES | {"counters": memory}
    limit, request = Rate(5, 10**7), rf.get(ME)
    theirs = {"group": "user", "key": lambda group, request: value, "rate": limit}

    first = get_usage(request, **theirs, increment=True)
    second = rate_limits.count("user", value, limit)
    seen = get_usage(request, **theirs)

    assert (first["count"], second.used, seen["count"]) == (1, 2, 2)
    assert abs(second.reset - seen["time_left"]) <= 1
    assert second.limit == seen["limit"] == 5


@contextmanager
def redis_server(folder):
    """Run a Redis of the test's own; yield its URL and its process."""
    port = free_port()
    process = subprocess.Popen(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""],
        cwd=folder,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield f"redis://127.0.0.1:{port}/0", process
    finally:
        process.kill()
        process.wait()


@pytest.mark.skipif(not shutil.which("redis-server"), reason="there is no Redis here")
def test_redis_counts_where_there_is_one(api, settings, tmp_path, caplog):
    with redis_server(tmp_path) as (url, process):
        settings.REDIS_URL = url
        settings.CACHES = settings.CACHES | {
            "counters": {
                "BACKEND": "focusmaster.api.ratelimit_redis.RedisCounters",
                "LOCATION": url,
                "TIMEOUT": 60,
            }
        }
        until(lambda: answers_ping(process))
        with ThreadPoolExecutor(4) as threads:
            counts = list(
                threads.map(lambda _: caches["counters"].incr("many"), range(40))
            )
        found = [api.get(ME).status_code for _ in range(6)]
        process.kill()
        process.wait()

        after = [api.get(ME).status_code for _ in range(3)]

    assert sorted(counts) == list(range(1, 41))
    assert found == [200] * 5 + [429]
    assert after == [200] * 3
    assert caplog.text.count("Nothing is limited") == 1
    assert not Counter.objects.exists()


def answers_ping(process) -> bool:
    assert process.poll() is None, "The Redis server has ended."
    try:
        return caches["counters"].get("nothing", 0) == 0
    except OSError:
        return False
