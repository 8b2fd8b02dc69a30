"""People with tasks and sessions, the same at each run."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction

from accounts.models import SignIn, User
from accounts.tokens import SignInToken
from kanban.models import Task

PASSWORD = "a good pass phrase 1"
# When the sessions begin that are posted during a run; all others are later.
POSTED_AT = datetime(2001, 1, 1, 10, tzinfo=UTC)

# Seven days have 100 sessions, however long the history, and the last of them begins
# before tonight's midnight UTC. Each is found by its number alone.
SESSIONS = """
INSERT INTO pomodoro_pomodorosession (id, user_id, task_id, type, started_at, ended_at,
    duration, mood, completed, created_at, updated_at)
SELECT
    int4send(extract(epoch FROM started_at)::int)
        || substr(sha256(person.id || int4send(n)), 1, 8),
    person.id,
    CASE WHEN type = 'focus' THEN tasks[1 + n %% cardinality(tasks)] END,
    type,
    started_at,
    started_at + duration * interval '1 second',
    duration,
    CASE WHEN type = 'focus' THEN
        (ARRAY['happy', 'focused', 'tired', 'good', 'distracted', NULL])[1 + n %% 6]
    END,
    n %% 11 < 10,
    started_at,
    started_at
FROM unnest(%s::bytea[]) AS person (id)
CROSS JOIN LATERAL (
    SELECT array_agg(id ORDER BY id) AS tasks FROM kanban_task WHERE user_id = person.id
) AS board
CROSS JOIN generate_series(0, %s - 1) AS n
CROSS JOIN LATERAL (
    SELECT %s - (n + 1) * interval '100.8 minutes'
            + n * 7919 %% 1000 * interval '1 millisecond' AS started_at,
        CASE WHEN n %% 5 < 4 THEN 'focus'
            WHEN n %% 20 < 19 THEN 'shortBreak' ELSE 'longBreak' END AS type,
        CASE WHEN n %% 5 < 4 THEN 1500
            WHEN n %% 20 < 19 THEN 300 ELSE 900 END AS duration
) AS session
"""


@dataclass(frozen=True)
class Person:
    id: str
    email: str
    token: str
    tasks: list[str] = field(repr=False)


def add_people(
    first: int, count: int, *, sessions: int, tasks: int = 100
) -> list[Person]:
    """Add people, each with that many tasks and sessions and one sign-in."""
    encoded = make_password(PASSWORD)
    users = [
        User(name=f"Person {n}", email=f"person{n}@example.com", password=encoded)
        for n in range(first, first + count)
    ]
    with transaction.atomic():
        User.objects.bulk_create(users)
        people = [signed_in(user, add_tasks(user, tasks)) for user in users]
        add_sessions(people, sessions)
    return people


def add_tasks(user: User, count: int) -> list[str]:
    newest = datetime.now(UTC).replace(microsecond=0)
    tasks = []
    for n in range(count):
        is_done = n % 3 == 2
        created_at = newest - timedelta(hours=7 * n)
        tasks.append(
            Task(
                user=user,
                title=f"Task {n} of {user.name}",
                description="A few words on what has to be done, and why. " * (n % 4),
                status=["todo", "in-progress", "done"][n % 3],
                completed_at=created_at + timedelta(hours=5) if is_done else None,
                priority=["low", "medium", "high"][n % 7 % 3],
                tags=["backend", "auth", "writing"][: n % 4],
                category=["Work", "Study"][n % 2],
                estimated_pomodoros=1 + n % 8,
                deadline=newest + timedelta(days=n) if n % 2 else None,
                position=1024.0 * n,
                created_at=created_at,
                updated_at=created_at,
            )
        )
    return [task.pk for task in Task.objects.bulk_create(tasks)]


def add_sessions(people: list[Person], count: int) -> None:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    ids = [bytes.fromhex(person.id) for person in people]
    with connection.cursor() as cursor:
        cursor.execute(SESSIONS, [ids, count, today + timedelta(days=1)])


def signed_in(user: User, tasks: list[str]) -> Person:
    sign_in = SignIn.objects.start(user=user, user_agent="wrk", ip_address=None)
    token = str(SignInToken.for_sign_in(sign_in))
    return Person(user.pk, user.email, token, tasks)


def settle() -> None:
    """Write everything down now, so that no background job does it while we measure."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


def restore() -> None:
    """Take away what requests added: posted sessions, and sign-ins by password."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM pomodoro_pomodorosession WHERE started_at < %s "
            "AND user_id IN (SELECT id FROM accounts_user)",
            [POSTED_AT + timedelta(days=1)],
        )
        cursor.execute(
            "DELETE FROM accounts_signin WHERE id NOT IN "
            "(SELECT DISTINCT ON (user_id) id FROM accounts_signin "
            "ORDER BY user_id, created_at)"
        )
        for table in ("pomodoro_pomodorosession", "accounts_user", "kanban_task"):
            cursor.execute(f"VACUUM {table}")
