from __future__ import annotations

import os
import pty
import re
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from io import StringIO
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count, F, Q, Sum, Window
from django.db.models.functions import Lag
from rest_framework.test import APIClient

from accounts.models import User
from focusmaster.tests.concurrency import run_concurrently
from kanban.models import POSITION_STEP, Task
from moderation.demo.people import Person
from moderation.demo.seeding import Added, add_people
from moderation.demo.simulation import Life
from moderation.demo.work_logs import work_logs
from moderation.management.commands.seed_demo import LOCAL_PASSWORD
from moderation.models import AuditRecord, Feedback
from pomodoro.models import PomodoroSession
from timeclock.models import WorkLog

# A Wednesday afternoon, some days after clocks changed in America.
AT = datetime(2026, 3, 11, 15, 0, tzinfo=UTC)
COUNTED = Q(sessions__type="focus", sessions__completed=True)
LOGIN = "/api/auth/login"


def seed_demo(**options) -> str:
    """Run the command and return what it printed."""
    options = {"users": 2, "days": 10, "seed": 1} | options
    out = StringIO()
    call_command("seed_demo", stdout=out, **options)
    return out.getvalue()


def add(people: int = 3, days: int = 20, **options) -> list[Added]:
    options = {"seed": 1, "password": "x", "at": AT} | options
    return list(add_people(people, days=days, **options))


def printed_account(output: str) -> dict[str, str]:
    email, password = re.search(r"Sign in as (\S+), password (\S+)", output).groups()
    return {"email": email, "password": password}


def life_until(at: datetime, seed: int, days: int = 1) -> Life:
    person = Person.made(random=Random(seed), email="", password="", days=days, at=at)
    return Life(person, at)


def people_as_they_are() -> list:
    """All that a seed decides, in an order that does not depend on ids."""
    return [
        (
            user.name,
            user.timezone,
            user.focus_minutes,
            user.created_at,
            list(
                user.tasks.order_by("created_at", "title", "position").values_list(
                    "title", "status", "tags", "deadline", "created_at", "completed_at"
                )
            ),
            list(
                user.sessions.order_by("started_at").values_list(
                    "type", "started_at", "duration", "mood", "completed", "task__title"
                )
            ),
            list(
                user.work_logs.order_by("started_at").values_list(
                    "started_at", "ended_at", "break_seconds", "notes"
                )
            ),
        )
        for user in User.objects.order_by("email")
    ]


def act_at_the_third_person(action: str) -> None:
    """Let the database act when sessions of a third person come in."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            CREATE FUNCTION act_at_third() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF (SELECT count(*) FROM accounts_user) > 2 THEN
                    {action};
                END IF;
                RETURN NULL;
            END $$;
            CREATE TRIGGER act_at_third AFTER INSERT ON pomodoro_pomodorosession
                FOR EACH STATEMENT EXECUTE FUNCTION act_at_third()
            """
        )


def assert_two_whole_people() -> None:
    assert User.objects.count() == 2
    for user in User.objects.all():
        assert set(user.tasks.values_list("status", flat=True)) == set(
            Task.Status.values
        )
        assert (
            user.progress.points
            == 10 * user.sessions.focus().filter(completed=True).count()
        )
        assert user.progress.points > 0


@contextmanager
def ctrl_c_in_the_sleep() -> Iterator[None]:
    """Send this process SIGINT once its database connection is asleep in pg_sleep."""
    sleeper = connection.connection.info.backend_pid
    stop = threading.Event()

    def watch() -> None:
        asleep = "SELECT FROM pg_stat_activity WHERE pid = %s AND wait_event = %s"
        with closing(connection), connection.cursor() as cursor:
            while not stop.wait(0.01):
                cursor.execute(asleep, [sleeper, "PgSleep"])
                if cursor.fetchone() is not None:
                    os.kill(os.getpid(), signal.SIGINT)
                    return

    watcher = threading.Thread(target=watch)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()
        signal.signal(signal.SIGINT, before)


# What the people are like


@pytest.mark.django_db
def test_everybody_has_cards_in_every_column():
    add()

    columns = Task.objects.values("user", "status").annotate(cards=Count("pk"))
    assert len(columns) == 3 * len(Task.Status)


@pytest.mark.django_db
def test_cards_of_a_column_stand_apart_from_the_top():
    add(people=1)

    for status in Task.Status:
        cards = Task.objects.filter(status=status).order_by("position")
        positions = list(cards.values_list("position", flat=True))
        assert positions == [POSITION_STEP * n for n in range(1 - len(positions), 1)]


@pytest.mark.django_db
def test_done_cards_are_completed_and_no_others():
    add()

    assert not Task.objects.filter(status="done", completed_at=None).exists()
    assert not Task.objects.exclude(status="done").exclude(completed_at=None).exists()
    assert not Task.objects.filter(completed_at__lt=F("created_at")).exists()


@pytest.mark.django_db
def test_there_are_breaks_and_moods_and_blocks_given_up():
    add()

    sessions = PomodoroSession.objects.all()
    types = Counter(sessions.values_list("type", flat=True))
    with_mood = sessions.exclude(mood=None).count()
    given_up = sessions.focus().filter(completed=False).count()
    assert types["focus"] > types["shortBreak"] > types["longBreak"] > 0
    assert 0.4 < with_mood / sessions.count() < 0.7
    assert 0 < given_up < 0.2 * types["focus"]


@pytest.mark.django_db
def test_a_completed_block_lasts_as_the_person_has_set_it():
    add()

    completed = PomodoroSession.objects.filter(completed=True)
    focus = completed.filter(type="focus")
    rest = completed.filter(type="shortBreak")
    assert not focus.exclude(duration=60 * F("user__focus_minutes")).exists()
    assert not rest.exclude(duration=60 * F("user__short_break_minutes")).exists()


@pytest.mark.django_db
def test_weekdays_are_busier_than_weekends():
    add(days=28)

    days = Counter()
    for session in PomodoroSession.objects.select_related("user"):
        local = session.started_at.astimezone(ZoneInfo(session.user.timezone))
        days[local.weekday() >= 5] += 1
    weekends, weekdays = days[True] / 8, days[False] / 20
    assert 0 < weekends < 0.7 * weekdays


@pytest.mark.django_db
def test_sessions_of_one_person_never_overlap():
    add()

    before = Window(Lag("ended_at"), partition_by="user_id", order_by="started_at")
    sessions = PomodoroSession.objects.annotate(before=before)
    assert sessions.filter(before__lte=F("started_at")).count() > 100
    assert not sessions.filter(before__gt=F("started_at")).exists()


@pytest.mark.django_db
def test_people_clock_in_around_their_sessions():
    add(people=9)

    sessions = PomodoroSession.objects.filter(user__work_logs__isnull=False).distinct()
    within = sessions.filter(
        Q(user__work_logs__ended_at__gte=F("ended_at"))
        | Q(user__work_logs__ended_at=None),
        user__work_logs__started_at__lte=F("started_at"),
    )
    people = User.objects.filter(work_logs__isnull=False).distinct()
    assert 3 < people.count() < 9
    assert within.count() == sessions.count() > 500
    assert WorkLog.objects.filter(break_seconds__gt=0).exists()


@pytest.mark.django_db
def test_who_has_just_worked_is_still_clocked_in():
    lives = [life_until(AT, seed, days=5) for seed in range(60)]

    rows = [row for life in lives for row in work_logs(life)]

    running = [row for row in rows if row["ended_at"] is None]
    assert 0 < len(running) < len(rows) / 2


@pytest.mark.django_db
def test_nothing_lies_in_the_future_or_before_the_account():
    add()

    assert not User.objects.filter(created_at__gt=AT).exists()
    for model in (Task, PomodoroSession, WorkLog):
        rows = model.objects.all()
        assert not rows.filter(Q(created_at__gt=AT) | Q(updated_at__gt=AT)).exists()
        assert not rows.filter(created_at__lt=F("user__created_at")).exists()
    assert not PomodoroSession.objects.filter(ended_at__gt=F("created_at")).exists()


@pytest.mark.django_db
def test_a_session_is_on_a_card_that_was_there_and_not_done():
    add()

    on_cards = PomodoroSession.objects.exclude(task=None)
    assert on_cards.count() > 100
    assert not on_cards.filter(started_at__lt=F("task__created_at")).exists()
    assert not on_cards.filter(ended_at__gt=F("task__completed_at")).exists()
    assert not on_cards.filter(task__status="todo").exists()


@pytest.mark.django_db
def test_totals_of_people_and_tasks_agree_with_the_sessions():
    add()

    focus = Q(sessions__type="focus")
    people = User.objects.annotate(
        n=Count("sessions", filter=COUNTED),
        blocks=Count("sessions", filter=focus),
        seconds=Sum("sessions__duration", filter=focus),
    )
    tasks = Task.objects.annotate(n=Count("sessions", filter=COUNTED))
    exact = people.filter(
        progress__points=10 * F("n"),
        progress__focus_count=F("blocks"),
        progress__focus_seconds=F("seconds"),
    )
    assert exact.filter(n__gt=0).count() == 3
    assert not tasks.exclude(session_count=F("n")).exists()
    assert tasks.filter(completed_pomodoros__gt=0).exists()


@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_a_life_of_one_day_works_at_any_hour(hour):
    # Clocks change in Europe on this day.
    at = datetime(2026, 3, 29, hour, tzinfo=UTC)

    for life in [life_until(at, seed) for seed in range(20)]:
        cards = [card for column in life.board.columns.values() for card in column]
        instants = [life.clock, *(card.updated_at for card in cards)]
        assert all(life.person.created_at < instant <= at for instant in instants)
        assert all(life.board.columns.values())


def test_people_live_in_several_time_zones_and_join_at_different_times():
    lives = [life_until(AT, seed, days=30) for seed in range(40)]

    joined = Counter(life.person.joined_on for life in lives)
    assert len({life.person.zone.key for life in lives}) > 5
    assert len(joined) > 3
    assert min(joined) == AT.date() - timedelta(days=29)


@pytest.mark.django_db
def test_the_same_seed_makes_the_same_people():
    add(seed=7)
    first = people_as_they_are()
    User.objects.all().delete()
    add(seed=7)

    assert people_as_they_are() == first


@pytest.mark.django_db
def test_another_seed_makes_other_people():
    add(seed=7)
    first = people_as_they_are()
    User.objects.all().delete()
    add(seed=8)

    assert not any(person in first for person in people_as_they_are())


# Running it


@pytest.mark.django_db
def test_the_printed_account_signs_in_and_finds_its_board():
    account = printed_account(seed_demo())

    signed_in = APIClient().post(LOGIN, account)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {signed_in.json()['token']}")
    tasks = client.get("/api/tasks").json()
    sessions = client.get("/api/sessions").json()

    assert signed_in.status_code == 200
    assert {task["status"] for task in tasks} == {"todo", "in-progress", "done"}
    assert {session["user"] for session in sessions} == {signed_in.json()["_id"]}


@pytest.mark.django_db
def test_everybody_has_the_same_password():
    password = printed_account(seed_demo())["password"]

    for email in User.objects.values_list("email", flat=True):
        response = APIClient().post(LOGIN, {"email": email, "password": password})
        assert response.status_code == 200


@pytest.mark.django_db
def test_the_summary_counts_what_was_added():
    output = seed_demo(seed=12)

    tasks, sessions = Task.objects.count(), PomodoroSession.objects.count()
    logs = WorkLog.objects.count()
    assert re.fullmatch(
        rf"Added 2 users, {tasks} tasks, {sessions} pomodoro sessions, {logs} work logs"
        r", \d feedback in \d+\.\d s \(seed 12\)\.\nSign in as .*\n",
        output,
    )


@pytest.mark.django_db
def test_a_second_run_adds_people_and_touches_nobody(alice):
    seed_demo()
    before = {
        model: list(model.objects.order_by("pk").values())
        for model in (User, Task, PomodoroSession, WorkLog)
    }
    seed_demo()

    assert User.objects.count() == 1 + 4
    for model, rows in before.items():
        known = model.objects.filter(pk__in=[row["id"] for row in rows])
        assert list(known.order_by("pk").values()) == rows


@pytest.mark.django_db
def test_emails_go_on_after_the_highest_number_however_it_is_written():
    for email in ("Demo-7@Example.com", "demo-x@example.com", "demo-9@example.org"):
        User.objects.create(name="Somebody", email=email)

    seed_demo()

    assert (
        User.objects.filter(
            email__in=["demo-8@example.com", "demo-9@example.com"]
        ).count()
        == 2
    )


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_add_the_people_of_both():
    run_concurrently(*[lambda: add(people=3, days=3)] * 2)

    emails = set(User.objects.values_list("email", flat=True))
    assert emails == {f"demo-{number}@example.com" for number in range(1, 7)}


@pytest.mark.django_db
def test_the_planner_knows_afterwards_how_much_there_is():
    add(people=3, days=3)

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reltuples FROM pg_class WHERE oid = 'accounts_user'::regclass"
        )
        assert cursor.fetchone() == (3,)


@pytest.mark.django_db
def test_a_production_database_is_refused(settings):
    settings.PRODUCTION = True

    with pytest.raises(CommandError, match=r"production database.*--force"):
        seed_demo()

    assert not User.objects.exists()


@pytest.mark.django_db
def test_force_fills_a_production_database_with_a_password_of_its_own(settings):
    settings.PRODUCTION = True

    first, second = (printed_account(seed_demo(force=True)) for _ in range(2))

    assert len({LOCAL_PASSWORD, first["password"], second["password"]}) == 3
    for account in (first, second):
        assert APIClient().post(LOGIN, account).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("users", 0, "--users must be from 1 to 1,000,000."),
        ("users", -1, "--users must be from 1 to 1,000,000."),
        ("users", 1_000_001, "--users must be from 1 to 1,000,000."),
        ("days", 0, "--days must be from 1 to 3,650."),
        ("days", 3_651, "--days must be from 1 to 3,650."),
    ],
)
def test_numbers_out_of_range_are_refused(option, value, message):
    with pytest.raises(CommandError) as refused:
        seed_demo(**{option: value})

    assert str(refused.value) == message
    assert not User.objects.exists()


@pytest.mark.parametrize("option", ["--users", "--days", "--seed"])
def test_what_is_no_number_is_refused(option):
    with pytest.raises(CommandError, match=f"argument {option}: invalid int value"):
        call_command("seed_demo", option, "many")


@pytest.mark.django_db
def test_verbosity_0_is_silent(capfd):
    assert seed_demo(verbosity=0) == ""
    assert capfd.readouterr() == ("", "")
    assert User.objects.count() == 2


@pytest.mark.django_db
def test_a_terminal_sees_a_progress_bar():
    ours, theirs = pty.openpty()

    with open(theirs, "w") as terminal:
        call_command("seed_demo", users=2, days=3, stdout=terminal)
    shown = b""
    with suppress(OSError):  # The other end is closed and all is read.
        while part := os.read(ours, 4_096):
            shown += part
    os.close(ours)

    lines = shown.decode()
    assert "[..............................]   0%" in lines
    assert "[##############################] 100%" in lines
    assert lines.index("100%") < lines.index("Added 2 users")


@pytest.mark.django_db
def test_a_failure_half_way_leaves_whole_people():
    act_at_the_third_person("RAISE EXCEPTION 'the disk is full'")

    with pytest.raises(Exception, match="the disk is full"):
        add(people=5, days=10)

    assert_two_whole_people()


@pytest.mark.django_db
def test_a_failure_of_the_database_is_one_line():
    act_at_the_third_person("RAISE EXCEPTION 'the disk is full'")

    with pytest.raises(CommandError) as failed:
        seed_demo(users=3)

    assert str(failed.value).startswith("The database: the disk is full")
    assert "\n" not in str(failed.value)


@pytest.mark.django_db(transaction=True)
def test_a_database_without_tables_asks_for_migrate():
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_user RENAME TO elsewhere")
        try:
            with pytest.raises(CommandError, match=r"run manage\.py migrate first"):
                seed_demo()
        finally:
            cursor.execute("ALTER TABLE elsewhere RENAME TO accounts_user")


@pytest.mark.django_db
def test_ctrl_c_half_way_leaves_whole_people():
    act_at_the_third_person("PERFORM pg_sleep(20)")

    with ctrl_c_in_the_sleep(), pytest.raises(KeyboardInterrupt):
        add(people=5, days=10)

    assert_two_whole_people()


@pytest.mark.django_db
def test_ctrl_c_ends_the_command_as_shells_expect():
    act_at_the_third_person("PERFORM pg_sleep(20)")

    with ctrl_c_in_the_sleep(), pytest.raises(CommandError) as stopped:
        seed_demo(users=3)

    assert stopped.value.returncode == 130
    assert_two_whole_people()


@pytest.mark.django_db
def test_feedback_of_all_kinds_is_given_by_some():
    add(people=90, days=2)

    rows = Feedback.objects.select_related("user")
    assert 5 <= len(rows) <= 30
    assert {row.type for row in rows} == {"bug", "feature", "general"}
    assert all(row.user.created_at <= row.created_at <= AT for row in rows)


@pytest.mark.django_db
def test_audit_entries_are_a_chain_over_the_days(capsys):
    output = seed_demo(audit_entries=25, days=10)
    call_command("verify_audit_log")

    assert "Added 25 audit entries.\n" in output
    assert capsys.readouterr().out == "Verified 25 audit entries.\n"
    newest, *_, oldest = AuditRecord.objects.all()
    assert (newest.position, oldest.position) == (25, 1)
    assert newest.actor_name == "demo"
    assert timedelta(days=9) < newest.created_at - oldest.created_at <= timedelta(10)
    assert User.objects.filter(pk=newest.target_id).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("number", [-1, 10_000_001])
def test_number_of_audit_entries_is_bounded(number):
    with pytest.raises(CommandError, match="--audit-entries must be from 0 to"):
        seed_demo(audit_entries=number)

    assert not User.objects.exists()
