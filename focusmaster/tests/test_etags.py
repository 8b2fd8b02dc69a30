"""`ETag`, `If-None-Match` and `If-Match`, as clients and caches use them."""

from __future__ import annotations

import re
from functools import partial

import pytest
from django.conf import settings
from rest_framework.test import APIClient

from accounts.models import SignIn, User
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import PASSWORD, browser_of, client_of
from kanban.models import Task
from pomodoro.models import PomodoroSession

ME = "/api/auth/me"
PROFILE = "/api/auth/profile"
TASKS = "/api/tasks"
SESSIONS = "/api/sessions"
UNKNOWN = "507f1f77bcf86cd799439011"
STRONG = re.compile(r'"[0-9a-f]{32}"')
BREAK = {"type": "shortBreak", "startTime": "2026-02-02T10:00:00Z", "duration": 300}


@pytest.fixture
def task(alice) -> str:
    """The URL of a task of alice's."""
    return f"{TASKS}/{Task.objects.add(user=alice, title='Write').pk}"


@pytest.fixture
def session(api) -> str:
    """The URL of a session of alice's."""
    return f"{SESSIONS}/{api.post(SESSIONS, BREAK).json()['_id']}"


def tag_of(client: APIClient, url: str) -> str:
    return client.get(url)["ETag"]


def title_of(task: str) -> str:
    return Task.objects.get(pk=task.rpartition("/")[2]).title


# Tags


@pytest.mark.parametrize(
    "path",
    [
        ME,
        PROFILE,
        "/api/auth/devices",
        TASKS,
        SESSIONS,
        f"{SESSIONS}?limit=5",
        f"{SESSIONS}/stats",
        "/api/analytics/productivity",
        "/api/schema",
    ],
)
def test_answer_has_a_tag_which_stays_while_it_does(api, path):
    first, second = api.get(path), api.get(path)

    assert first.status_code == 200
    assert STRONG.fullmatch(first["ETag"])
    assert second["ETag"] == first["ETag"]


def test_tag_is_new_when_the_object_is(api, task):
    before, list_before = tag_of(api, task), tag_of(api, TASKS)
    api.patch(task, {"title": "Write more"})

    assert tag_of(api, task) != before
    assert tag_of(api, TASKS) != list_before


def test_list_and_object_have_tags_of_their_own(api, task, session):
    urls = [TASKS, task, SESSIONS, session, ME]

    assert len({tag_of(api, url) for url in urls}) == len(urls)


def test_head_has_the_tag_of_get(api, task):
    response = api.head(task)

    assert response.status_code == 200
    assert response.content == b""
    assert response["ETag"] == tag_of(api, task)


@pytest.mark.parametrize("path", ["/api/health", "/api/health/ready"])
def test_health_has_no_tag(anonymous, path):
    assert "ETag" not in anonymous.get(path)


def test_refusals_and_writes_have_no_tag(api, anonymous, task):
    answers = [
        anonymous.get(TASKS),
        api.get(f"{TASKS}/{UNKNOWN}"),
        api.get(f"{SESSIONS}?range=year"),
        api.post(TASKS, {"title": "Write"}),
        api.put(task, {"title": "Rewrite"}),
        api.delete(task),
    ]

    assert [answer.status_code for answer in answers] == [401, 404, 400, 201, 200, 200]
    assert not [answer for answer in answers if "ETag" in answer]


def test_pages_for_staff_have_no_tag_of_ours(anonymous):
    response = anonymous.get("/admin/login/")

    assert response.status_code == 200
    assert "ETag" not in response


# If-None-Match


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', '{} , W/"other"', "*"])
def test_what_the_client_has_is_not_sent_again(api, task, form):
    tag = tag_of(api, task)

    response = api.get(task, HTTP_IF_NONE_MATCH=form.format(tag))

    assert response.status_code == 304
    assert response.content == b""
    assert response["ETag"] == tag
    assert "Content-Type" not in response
    assert "Content-Length" not in response


@pytest.mark.parametrize("given", ['"other"', "nonsense", "", "W/", '"', '"*"'])
def test_what_the_client_does_not_have_is_sent(api, task, given):
    response = api.get(task, HTTP_IF_NONE_MATCH=given)

    assert response.status_code == 200
    assert response.json()["title"] == "Write"


def test_what_has_changed_is_sent(api, task):
    tag = tag_of(api, task)
    api.patch(task, {"title": "Write more"})

    response = api.get(task, HTTP_IF_NONE_MATCH=tag)

    assert response.status_code == 200
    assert response.json()["title"] == "Write more"


@pytest.mark.parametrize("path", [TASKS, ME, f"{SESSIONS}?limit=5", "/api/schema"])
def test_lists_and_summaries_are_not_sent_again_either(api, path):
    response = api.get(path, HTTP_IF_NONE_MATCH=tag_of(api, path))

    assert response.status_code == 304


def test_head_of_what_the_client_has_is_not_modified(api, task):
    response = api.head(task, HTTP_IF_NONE_MATCH=tag_of(api, task))

    assert response.status_code == 304


def test_answer_without_body_has_the_other_headers(api, alice):
    for n in range(3):
        Task.objects.add(user=alice, title=f"Task {n}")
    origin = settings.CLIENT_ORIGINS[0]
    full = api.get(f"{TASKS}?limit=2", HTTP_ORIGIN=origin)

    bare = api.get(
        f"{TASKS}?limit=2", HTTP_ORIGIN=origin, HTTP_IF_NONE_MATCH=full["ETag"]
    )

    assert bare.status_code == 304
    gone = {"Content-Type", "Content-Length"}
    assert bare.headers.keys() == full.headers.keys() - gone
    for name in ("Link", "Vary", "Access-Control-Allow-Origin", "ETag"):
        assert bare[name] == full[name]


def test_answer_without_body_still_renews_the_cookie(alice, settings):
    browser = browser_of(alice)
    tag = tag_of(browser, ME)
    settings.TOKEN_DAYS = 100  # The token at hand is past half of that.

    response = browser.get(ME, HTTP_IF_NONE_MATCH=tag)

    assert response.status_code == 304
    assert response.cookies["jwt"].value


def test_tag_of_someone_elses_profile_does_not_match(api, alice, bob):
    tag = tag_of(client_of(bob), ME)

    response = api.get(ME, HTTP_IF_NONE_MATCH=tag)

    assert response.status_code == 200
    assert response.json()["_id"] == alice.pk


def test_anonymous_is_unauthorized_whatever_they_have(api, anonymous, task):
    tag = tag_of(api, task)

    response = anonymous.get(task, HTTP_IF_NONE_MATCH=tag)

    assert response.status_code == 401


# If-Match


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_write_goes_through_while_nothing_has_changed(api, task, method, form):
    tag = tag_of(api, task)

    response = getattr(api, method)(
        task, {"title": "Rewrite"}, HTTP_IF_MATCH=form.format(tag)
    )

    assert response.status_code == 200
    if method == "delete":
        assert not Task.objects.exists()
    else:
        assert title_of(task) == "Rewrite"
        assert response.json() == api.get(task).json()


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_write_is_refused_when_something_has_changed(api, task, method):
    tag = tag_of(api, task)
    api.patch(task, {"title": "Theirs"})

    response = getattr(api, method)(task, {"title": "Mine"}, HTTP_IF_MATCH=tag)

    assert response.status_code == 412
    assert response.json() == {
        "message": "It has changed since you read it. Read it again.",
        "code": "precondition_failed",
        "requestId": response["X-Request-Id"],
    }
    assert title_of(task) == "Theirs"


@pytest.mark.parametrize("given", ["nonsense", "", '"*"', 'W/"'])
def test_tag_that_is_none_matches_nothing(api, task, given):
    response = api.patch(task, {"title": "Mine"}, HTTP_IF_MATCH=given)

    assert response.status_code == 412
    assert title_of(task) == "Write"


def test_session_is_changed_and_deleted_only_as_it_was_read(api, session):
    tag = tag_of(api, session)
    changed = api.patch(session, {"mood": "happy"}, HTTP_IF_MATCH=tag)
    late = api.patch(session, {"mood": "sad"}, HTTP_IF_MATCH=tag)
    late_delete = api.delete(session, HTTP_IF_MATCH=tag)

    assert [changed.status_code, late.status_code] == [200, 412]
    assert late_delete.status_code == 412
    assert PomodoroSession.objects.get().mood == "happy"


def test_session_is_another_when_its_task_is(api, task, session):
    api.patch(session, {"task": task.rpartition("/")[2]})
    tag = tag_of(api, session)
    api.patch(task, {"category": "Play"})

    response = api.patch(session, {"mood": "sad"}, HTTP_IF_MATCH=tag)

    assert response.status_code == 412


@pytest.mark.parametrize(
    ("method", "path"), [("patch", ME), ("put", PROFILE), ("put", ME)]
)
def test_profile_is_changed_only_as_it_was_read(api, alice, method, path):
    path = PROFILE if method == "put" else path
    tag = tag_of(api, path)
    change = getattr(api, method)

    first = change(path, {"name": "First"}, HTTP_IF_MATCH=tag)
    second = change(path, {"name": "Second"}, HTTP_IF_MATCH=tag)

    assert [first.status_code, second.status_code] == [200, 412]
    alice.refresh_from_db()
    assert alice.name == "First"


def test_either_url_of_the_profile_has_the_same_tag(api):
    assert tag_of(api, ME) == tag_of(api, PROFILE)


@pytest.mark.parametrize("given", ["*", '"other"'])
def test_object_that_is_not_there_is_not_found(api, bob, given):
    theirs = Task.objects.add(user=bob, title="Theirs")

    for row in (theirs.pk, UNKNOWN, "no-id"):
        response = api.patch(f"{TASKS}/{row}", {"title": "X"}, HTTP_IF_MATCH=given)

        assert response.status_code == 404
    theirs.refresh_from_db()
    assert theirs.title == "Theirs"


def test_bad_input_is_refused_after_a_tag_that_matches(api, task):
    response = api.patch(task, {"title": ""}, HTTP_IF_MATCH=tag_of(api, task))

    assert response.status_code == 400
    assert title_of(task) == "Write"


def test_broken_rule_is_told_after_a_tag_that_matches(api, session):
    body = {"endTime": "2026-02-02T09:00:00Z"}

    response = api.patch(session, body, HTTP_IF_MATCH=tag_of(api, session))

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "endTime"


def test_anonymous_is_unauthorized_before_any_tag_is_compared(anonymous, task):
    response = anonymous.patch(task, {"title": "X"}, HTTP_IF_MATCH='"other"')

    assert response.status_code == 401


def test_method_that_is_not_allowed_stays_so(api, task):
    response = api.put(SESSIONS, {}, HTTP_IF_MATCH="*")

    assert response.status_code == 405


def test_url_without_a_get_has_nothing_to_compare(api, alice):
    other = SignIn.objects.start(user=alice, user_agent="", ip_address=None)

    response = api.delete(f"/api/auth/devices/{other.pk}", HTTP_IF_MATCH='"x"')

    assert response.status_code == 200


def test_guesses_count_beside_a_tag_too(api, alice):
    body = {"password": "another horse 2", "currentPassword": "a wrong one"}

    guesses = [api.patch(ME, body, HTTP_IF_MATCH="*") for _ in range(11)]

    assert [guess.status_code for guess in guesses] == [400] * 10 + [429]
    right = {**body, "currentPassword": PASSWORD}
    assert api.patch(ME, right, HTTP_IF_MATCH="*").status_code == 429


def test_condition_costs_three_queries_more(api, task, django_assert_num_queries):
    tag = tag_of(api, task)

    # The token; the locks on user and task, and what is there; the task, its change,
    # its JSON. Transactions of the request and of the change begin and end, here as
    # savepoints.
    with django_assert_num_queries(7 + 4):
        api.patch(task, {"title": "Rewrite"}, HTTP_IF_MATCH=tag)


# At the same moment


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["task", "session", ME])
def test_one_of_two_with_the_same_tag_wins(api, alice, task, session, path):
    url, name, before, *values = {
        "task": (task, "title", "Before", "First", "Second"),
        "session": (session, "mood", "good", "happy", "sad"),
        ME: (ME, "name", "Before", "First", "Second"),
    }[path]
    for _ in range(5):
        api.patch(url, {name: before})
        tag = tag_of(api, url)

        answers = run_concurrently(
            *(
                partial(api.patch, url, {name: value}, HTTP_IF_MATCH=tag)
                for value in values
            )
        )

        assert sorted(answer.status_code for answer in answers) == [200, 412]
        (winner,) = [answer for answer in answers if answer.status_code == 200]
        assert api.get(url).json()[name] == winner.json()[name]


@pytest.mark.django_db(transaction=True)
def test_change_without_a_condition_does_not_slip_in(api, alice, task):
    for n in range(10):
        tag = tag_of(api, task)

        conditional, plain = run_concurrently(
            partial(api.patch, task, {"description": f"{n}"}, HTTP_IF_MATCH=tag),
            partial(api.patch, task, {"title": f"Task {n}"}),
        )

        assert plain.status_code == 200
        # Either it came first, and was not known yet, or it was seen.
        if conditional.status_code == 200:
            assert conditional.json()["title"] != f"Task {n}"
        else:
            assert conditional.status_code == 412


@pytest.mark.django_db(transaction=True)
def test_conditions_and_sessions_of_one_person_do_not_wait_for_each_other(
    api, alice, task
):
    focus = {**BREAK, "type": "focus", "task": task.rpartition("/")[2]}
    for n in range(8):
        one = f"{SESSIONS}/{api.post(SESSIONS, focus).json()['_id']}"

        answers = run_concurrently(
            partial(api.patch, task, {"title": f"Task {n}"}, HTTP_IF_MATCH="*"),
            partial(api.delete, one, HTTP_IF_MATCH="*"),
            partial(api.post, SESSIONS, focus),
            partial(api.patch, ME, {"name": f"Alice {n}"}, HTTP_IF_MATCH="*"),
        )

        assert [answer.status_code for answer in answers] == [200, 200, 201, 200]
    points = User.objects.get(pk=alice.pk).progress.points
    assert points == 10 * PomodoroSession.objects.filter(type="focus").count()
