"""From a token's claims to its sign-in and user, and the count of the request.

One statement does all of it, and every request with a token begins with it. This is the
only module of an app that knows of Params and of SQL around a compiled query.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Q

from accounts.limits import KINDS, RequestWindows, kind_of, request_windows
from accounts.models import LAST_USED_PRECISION, Progress, SignIn, User, live_at
from accounts.serializers import ProfileSerializer
from accounts.tokens import Claims
from focusmaster.api import counters
from focusmaster.api.rate_limits import STORE_ERRORS, store
from focusmaster.db.fields import ObjectIdField
from focusmaster.db.json_rows import json_object
from focusmaster.db.statements import CompiledQuery, Param

# What many views look at, in the order of the model's fields, as `from_db` wants it.
# The rest is fetched when somebody asks for it.
USER_FIELDS = [
    "id",
    "role",
    "status",
    "is_guest",
    "daily_goal",
    "timezone",
    "week_start",
]
PROGRESS_FIELDS = ["focus_seconds", "focus_count", "version", "badges_version"]
COLUMNS = [
    *(f"user__{field}" for field in USER_FIELDS),
    *(f"user__progress__{field}" for field in PROGRESS_FIELDS),
]

# Counts the request as its caller's, if they are let in. In one statement with the look
# for the caller: a round trip of its own would cost as much again.
OF_CALLER = """
SELECT key, 1 FROM (
    SELECT CASE WHEN user__is_guest THEN %s WHEN user__role = 'admin' THEN %s ELSE %s
    END AS key FROM caller WHERE live AND user__status = 'active' AND user__id = %s
) AS of_caller WHERE key IS NOT NULL
"""
COUNTED = f"""
WITH caller AS MATERIALIZED ({{query}}),
    counted AS ({counters.COUNT.format(rows=OF_CALLER)})
SELECT caller.*, counted.count FROM caller LEFT JOIN counted ON true
"""


@cache
def _caller_query(*, with_profile: bool, counted: bool) -> CompiledQuery:
    an_id = ObjectIdField()
    sign_ins = SignIn.objects.filter(pk=Param("id", an_id)).annotate(
        live=live_at(Param("now")), needs_touch=Q(last_used_at__lt=Param("long_ago"))
    )
    columns = [*COLUMNS]
    if with_profile:
        profile = json_object(ProfileSerializer(), User, "user__")
        sign_ins = sign_ins.annotate(profile=profile)
        columns.append("profile")
    rows = sign_ins.values_list("live", "needs_touch", *columns)
    if not counted:
        return CompiledQuery(rows)
    keys = [Param(kind) for kind in KINDS]
    params = [counters.KEPT_FOR, *keys, Param("user_id", an_id)]
    return CompiledQuery(rows, COUNTED, params)


def load_caller_and_count(
    claims: Claims, *, at: datetime, with_profile: bool = False
) -> SignIn | None:
    """Return the sign-in with its user, whatever its state, and count the request.

    `live` and `needs_touch` of the sign-in tell whether its tokens count, and whether
    its last use is due to be noted. With `with_profile` the user's `prefetched_profile`
    is there. `usage` is where the user stands now, or None if the request was not
    counted. One query.
    """
    values = {"id": claims.sign_in_id, "now": at, "long_ago": at - LAST_USED_PRECISION}
    windows = None
    if claims.user_id:
        values["user_id"] = claims.user_id
        windows = request_windows(claims.user_id)
    row, count = _counted_row(values, windows, with_profile)
    if row is None:
        return None
    live, needs_touch, *columns = row
    user = _user(columns)
    if with_profile:
        user.prefetched_profile = columns[len(COLUMNS)]
    sign_in = SignIn.from_db(
        DEFAULT_DB_ALIAS, ["id", "user_id"], [claims.sign_in_id, user.pk]
    )
    sign_in.user = user
    sign_in.live, sign_in.needs_touch = live, needs_touch
    sign_in.usage = windows.of_kind[kind_of(user)].usage(count) if count else None
    return sign_in


def _user(columns: Sequence[Any]) -> User:
    """Return the user of a row, with the progress; other fields are deferred."""
    user = User.from_db(DEFAULT_DB_ALIAS, USER_FIELDS, columns[: len(USER_FIELDS)])
    progress = columns[len(USER_FIELDS) : len(COLUMNS)]
    user.progress = Progress.from_db(
        DEFAULT_DB_ALIAS, ["user_id", *PROGRESS_FIELDS], [user.pk, *progress]
    )
    return user


def _counted_row(
    values: dict[str, Any], windows: RequestWindows | None, with_profile: bool
) -> tuple[Sequence | None, int | None]:
    """Return the row of a sign-in, and how many requests of its user have been counted.

    None for a number where it is not for this statement to count, or it cannot.
    """
    plain = _caller_query(with_profile=with_profile, counted=False)
    is_limited = windows and windows.ends_at
    if settings.REDIS_URL or store.is_paused or not is_limited:
        return first(plain.fetch_rows(values)), None
    try:
        query = _caller_query(with_profile=with_profile, counted=True)
        row = first(query.fetch_rows(values | windows.keys))
    except STORE_ERRORS as exc:
        row = first(plain.fetch_rows(values))  # Fails too if it was not the counters.
        store.failed(exc)
        return row, None
    store.answered()
    if row is None or row[-1] is None:
        return row, None
    count = int(row[-1])
    if count == 1:
        counters.clear_expired()
    return row, count


def first(rows: Sequence[Sequence]) -> Sequence | None:
    return rows[0] if rows else None
