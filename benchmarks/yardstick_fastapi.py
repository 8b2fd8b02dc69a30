"""The fast yardstick: FastAPI, asyncpg and orjson over the service's own tables.

It answers the measured requests with the same objects as the service, and is written
as someone would who wants speed and little else: hand-written SQL, one lookup of the
user for each request, no sign-ins, no log. Points and counters need no code here: the
database's triggers keep them. `uvicorn` runs it with uvloop and httptools.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import argon2
import asyncpg
import jwt
import orjson
from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

SECRET_KEY = os.environ["BENCH_SECRET_KEY"]
POOL_SIZE = 8
TOKEN_LIFETIME = timedelta(days=30)
DAYS = {"today": 1, "week": 7, "month": 30}

USER = """
SELECT encode(id, 'hex') AS "_id", name, email, picture, role, status,
    is_guest AS "isGuest", points, badges, created_at AS "createdAt", timezone,
    password, theme, focus_minutes AS "focusDuration",
    short_break_minutes AS "shortBreakDuration",
    long_break_minutes AS "longBreakDuration",
    long_break_interval AS "longBreakInterval", daily_goal AS "dailyGoal",
    auto_start_session AS "autoStartSession", auto_start_break AS "autoStartBreak",
    strict_mode AS "strictMode", spotify_autoplay AS "spotifyAutoplay",
    motivational_quotes AS "motivationalQuotes", sound_enabled AS "soundEnabled",
    week_start AS "weekStart"
FROM accounts_user JOIN accounts_progress ON user_id = id
"""
CALLER = "SELECT id, status, timezone FROM accounts_user WHERE id = $1"
PROFILE_FIELDS = [
    "_id",
    "name",
    "email",
    "picture",
    "role",
    "status",
    "isGuest",
    "points",
    "badges",
    "createdAt",
]
SETTING_FIELDS = [
    "theme",
    "focusDuration",
    "shortBreakDuration",
    "longBreakDuration",
    "longBreakInterval",
    "dailyGoal",
    "autoStartSession",
    "autoStartBreak",
    "strictMode",
    "spotifyAutoplay",
    "motivationalQuotes",
    "soundEnabled",
    "timezone",
    "weekStart",
]
SIGN_IN_FIELDS = ["_id", "name", "email", "picture", "role", "isGuest", "points"]

SESSION_COLUMNS = """
    encode(session.id, 'hex') AS "_id", encode(session.user_id, 'hex') AS "user",
    encode(session.task_id, 'hex') AS task, task.title, session.type,
    started_at AS "startTime", ended_at AS "endTime", duration, mood,
    task.category AS tag, completed, session.created_at AS "createdAt",
    session.updated_at AS "updatedAt"
"""
SESSIONS = f"""
SELECT {SESSION_COLUMNS}
FROM pomodoro_pomodorosession AS session
LEFT JOIN kanban_task AS task ON task.id = session.task_id
WHERE session.user_id = $1 AND started_at >= $2 AND started_at < $3
ORDER BY started_at DESC, session.id DESC
"""
ADD_SESSION = f"""
WITH session AS (
    INSERT INTO pomodoro_pomodorosession (id, user_id, task_id, type, started_at,
        ended_at, duration, mood, completed, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
    RETURNING *
)
SELECT {SESSION_COLUMNS}
FROM session LEFT JOIN kanban_task AS task ON task.id = session.task_id
"""
STATS = """
SELECT coalesce(sum(duration), 0) AS "totalFocusTime", count(*) AS "totalSessions"
FROM pomodoro_pomodorosession WHERE user_id = $1 AND type = 'focus'
"""
DAYS_WITH_FOCUS = """
SELECT (started_at AT TIME ZONE $4)::date AS date, sum(duration) AS "focusTime",
    count(*) AS sessions
FROM pomodoro_pomodorosession
WHERE user_id = $1 AND type = 'focus' AND started_at >= $2 AND started_at < $3
GROUP BY 1
"""
TASK_COLUMNS = """
    encode(id, 'hex') AS "_id", encode(user_id, 'hex') AS "user", title, description,
    status, is_completed AS "isCompleted", priority, tags, category,
    estimated_pomodoros AS "estimatedPomodoros",
    completed_pomodoros AS "completedPomodoros", deadline, due_date AS "dueDate",
    is_all_day AS "isAllDay", position, completed_at AS "completedAt",
    created_at AS "createdAt", updated_at AS "updatedAt"
"""
TASKS = f"""
SELECT {TASK_COLUMNS} FROM kanban_task WHERE user_id = $1
ORDER BY created_at DESC, id DESC
"""

hasher = argon2.PasswordHasher()
pool: asyncpg.Pool


class Connection(asyncpg.Connection):
    def get_reset_query(self) -> str:
        """Save the round trip of a reset: no query here leaves anything behind."""
        return ""


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    global pool
    async with asyncpg.create_pool(
        host=os.environ["BENCH_DATABASE_HOST"],
        port=int(os.environ["BENCH_DATABASE_PORT"]),
        user=os.environ["BENCH_DATABASE_USER"],
        database=os.environ["BENCH_DATABASE_NAME"],
        min_size=POOL_SIZE,
        max_size=POOL_SIZE,
        connection_class=Connection,
    ) as pool:
        yield


app = FastAPI(lifespan=lifespan)


def answer(content: Any, status: int = 200) -> Response:
    body = orjson.dumps(content, option=orjson.OPT_UTC_Z)
    return Response(body, status, media_type="application/json")


async def user_of(request: Request, query: str) -> asyncpg.Record:
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    try:
        claims = jwt.decode(token, SECRET_KEY, ["HS256"])
    except jwt.InvalidTokenError:
        raise HTTPException(401) from None
    user = await pool.fetchrow(query, bytes.fromhex(claims["user_id"]))
    if user is None or user["status"] != "active":
        raise HTTPException(401)
    return user


async def caller(request: Request) -> asyncpg.Record:
    return await user_of(request, CALLER)


Caller = Annotated[asyncpg.Record, Depends(caller)]
RangeName = Annotated[Literal["today", "week", "month"], Query(alias="range")]


def bounds(name: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the instants between which the local days of a range lie."""
    today = datetime.now(zone).date()
    first = today - timedelta(days=DAYS[name] - 1)
    return (
        datetime.combine(first, time(), zone),
        datetime.combine(today + timedelta(days=1), time(), zone),
    )


def session_object(row: asyncpg.Record) -> dict[str, Any]:
    session = dict(row)
    title = session.pop("title")
    if session["task"] is not None:
        session["task"] = {"_id": session["task"], "title": title}
    return session


@app.get("/api/auth/me")
async def me(request: Request) -> Response:
    user = await user_of(request, USER + "WHERE id = $1")
    profile = {name: user[name] for name in PROFILE_FIELDS}
    profile["settings"] = {name: user[name] for name in SETTING_FIELDS}
    return answer(profile)


class Credentials(BaseModel):
    email: str
    password: str


@app.post("/api/auth/login")
async def login(credentials: Credentials) -> Response:
    user = await pool.fetchrow(
        USER + "WHERE email <> '' AND lower(email) = lower($1)", credentials.email
    )
    if user is None:
        raise HTTPException(401)
    encoded = user["password"].removeprefix("argon2")
    try:
        await asyncio.to_thread(hasher.verify, encoded, credentials.password)
    except argon2.exceptions.VerifyMismatchError:
        raise HTTPException(401) from None
    now = datetime.now(UTC)
    claims = {"user_id": user["_id"], "iat": now, "exp": now + TOKEN_LIFETIME}
    token = jwt.encode(claims, SECRET_KEY, "HS256")
    response = answer({name: user[name] for name in SIGN_IN_FIELDS} | {"token": token})
    response.set_cookie("jwt", token, httponly=True, samesite="lax")
    return response


@app.get("/api/sessions")
async def list_sessions(user: Caller, period: RangeName) -> Response:
    start, end = bounds(period, ZoneInfo(user["timezone"]))
    rows = await pool.fetch(SESSIONS, user["id"], start, end)
    return answer([session_object(row) for row in rows])


@app.get("/api/sessions/stats")
async def stats(user: Caller) -> Response:
    return answer(dict(await pool.fetchrow(STATS, user["id"])))


class NewSession(BaseModel):
    type: Literal["focus", "shortBreak", "longBreak"]
    startTime: AwareDatetime
    endTime: AwareDatetime | None = None
    duration: int = Field(ge=0, le=86_400)
    task: str | None = None
    mood: str | None = None
    completed: bool = True


def new_id() -> bytes:
    return int(datetime.now(UTC).timestamp()).to_bytes(4, "big") + os.urandom(8)


@app.post("/api/sessions")
async def add_session(user: Caller, session: NewSession) -> Response:
    row = await pool.fetchrow(
        ADD_SESSION,
        new_id(),
        user["id"],
        bytes.fromhex(session.task) if session.task else None,
        session.type,
        session.startTime,
        session.endTime,
        session.duration,
        session.mood,
        session.completed,
        datetime.now(UTC),
    )
    return answer(session_object(row), 201)


@app.get("/api/tasks")
async def list_tasks(user: Caller) -> Response:
    return answer([dict(row) for row in await pool.fetch(TASKS, user["id"])])


class TaskChange(BaseModel):
    title: str = Field(default="", min_length=1, max_length=120)
    description: str = Field(default="", max_length=2000)
    status: Literal["todo", "in-progress", "done"] = "todo"
    priority: Literal["low", "medium", "high"] = "medium"
    category: str = Field(default="", max_length=120)


@cache
def change_of(fields: tuple[str, ...]) -> str:
    """Return the UPDATE of these columns; its last parameter is the present."""
    places = {name: f"${number}" for number, name in enumerate(fields, 3)}
    now = f"${len(fields) + 3}"
    changes = [f"{name} = {place}" for name, place in places.items()]
    if status := places.get("status"):
        changes.append(
            f"completed_at = CASE WHEN {status} = 'done' "
            f"THEN coalesce(completed_at, {now}) END"
        )
    return (
        f"UPDATE kanban_task SET {', '.join(changes)}, updated_at = {now} "
        f"WHERE id = $1 AND user_id = $2 RETURNING {TASK_COLUMNS}"
    )


@app.put("/api/tasks/{task_id}")
async def change_task(user: Caller, task_id: str, change: TaskChange) -> Response:
    fields = change.model_dump(exclude_unset=True)
    row = await pool.fetchrow(
        change_of(tuple(fields)),
        bytes.fromhex(task_id),
        user["id"],
        *fields.values(),
        datetime.now(UTC),
    )
    if row is None:
        raise HTTPException(404)
    return answer(dict(row))


@app.get("/api/analytics/productivity")
async def productivity(user: Caller, period: RangeName = "week") -> Response:
    start, end = bounds(period, ZoneInfo(user["timezone"]))
    rows = await pool.fetch(DAYS_WITH_FOCUS, user["id"], start, end, user["timezone"])
    found = {row["date"]: dict(row) for row in rows}
    first = start.date()
    days = []
    for number in range(DAYS[period]):
        day = first + timedelta(days=number)
        days.append(found.get(day) or {"date": day, "focusTime": 0, "sessions": 0})
    seconds = sum(day["focusTime"] for day in days)
    count = sum(day["sessions"] for day in days)
    return answer(
        {
            "totalFocusTime": seconds,
            "totalSessions": count,
            "averageSessionDuration": round(seconds / count) if count else 0,
            "dailyBreakdown": days,
        }
    )
