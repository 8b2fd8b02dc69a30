"""The one query that finds the caller of a request and counts it.

Every request with a token begins with it. This is the only module of an app that knows
of Params and of SQL around a compiled query.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Q, TextField, Value

from accounts.limits import KINDS, kind_of, request_windows
from accounts.models import LAST_USED_PRECISION, Progress, SignIn, User, live_at
from accounts.serializers import ProfileSerializer
from accounts.tokens import Claims
from focusmaster.api.rate_limits import STORE_ERRORS, Usage, Window, store
from focusmaster.db import counters
from focusmaster.db.fields import ObjectIdField
from focusmaster.db.json_rows import json_object
from focusmaster.db.statements import CompiledQuery, Param

# The columns that many views read, in the order of the model's fields, which `from_db`
# requires. Others are deferred.
USER_FIELDS = [
    "id",
    "role",
    "status",
    "is_guest",
    "daily_goal",
    "timezone",
    "week_start",
    "day_start",
]
PROGRESS_FIELDS = ["focus_seconds", "focus_count", "version", "badges_version"]
COLUMNS = [
    *(f"user__{field}" for field in USER_FIELDS),
    *(f"user__progress__{field}" for field in PROGRESS_FIELDS),
]
NULL = Value(None, output_field=TextField())

# Counts the request if its caller is let in. In the same statement: a round trip of its
# own would cost as much again.
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


@dataclass(frozen=True)
class LoadedSignIn:
    """The sign-in that a token names, with its user; either may be barred or ended."""

    claims: Claims
    sign_in: SignIn
    # Whether its tokens count, and whether its last use is due to be noted.
    is_live: bool
    needs_touch: bool
    # Where the user stands; None if the request was not counted.
    usage: Usage | None
    # The JSON of the user's profile; None if it was not asked for.
    profile: str | None


def load_caller_and_count(
    claims: Claims, *, at: datetime, prefetch_profile: bool = False
) -> LoadedSignIn | None:
    """Return the sign-in that a token names, and count the request.

    None where there is no such sign-in. A request is counted here if PostgreSQL keeps
    the counters and the user is let in. One query.
    """
    values = {
        "id": claims.sign_in_id,
        "user_id": claims.user_id,
        "now": at,
        "long_ago": at - LAST_USED_PRECISION,
    }
    windows = request_windows(claims.user_id) if claims.user_id else {}
    rows = _fetch(values, windows, prefetch_profile)
    if not rows:
        return None
    is_live, needs_touch, *columns, profile, count = rows[0]
    user = _user(columns)
    sign_in = SignIn.from_db(
        DEFAULT_DB_ALIAS, ["id", "user_id"], [claims.sign_in_id, user.pk]
    )
    sign_in.user = user
    usage = windows[kind_of(user)].usage(int(count)) if count else None
    return LoadedSignIn(claims, sign_in, is_live, needs_touch, usage, profile)


def _user(columns: Sequence[Any]) -> User:
    """Return the user of a row, with their progress; other fields are deferred."""
    user = User.from_db(DEFAULT_DB_ALIAS, USER_FIELDS, columns[: len(USER_FIELDS)])
    progress = columns[len(USER_FIELDS) :]
    user.progress = Progress.from_db(
        DEFAULT_DB_ALIAS, ["user_id", *PROGRESS_FIELDS], [user.pk, *progress]
    )
    return user


def _fetch(
    values: dict[str, Any], windows: Mapping[str, Window], prefetch_profile: bool
) -> Sequence[Sequence[Any]]:
    """Return the row of the sign-in, if any, with the count of requests at its end.

    The count is None where requests are not limited, where Redis counts them, and where
    counting fails.
    """
    query = _caller_query(prefetch_profile, counts=False)
    if settings.REDIS_URL or store.is_paused or not windows:
        return query.fetch_rows(values)
    keys = {kind: windows[kind].key if kind in windows else None for kind in KINDS}
    try:
        rows = _caller_query(prefetch_profile, counts=True).fetch_rows(values | keys)
    except STORE_ERRORS as exc:
        rows = query.fetch_rows(values)  # Fails, too, unless it was the counters.
        store.failed(exc)
        return rows
    store.answered()
    if rows and rows[0][-1] == "1":
        counters.clear_expired()
    return rows


@cache
def _caller_query(prefetch_profile: bool, *, counts: bool) -> CompiledQuery:
    an_id = ObjectIdField()
    sign_ins = SignIn.objects.filter(pk=Param("id", an_id)).annotate(
        live=live_at(Param("now")), needs_touch=Q(last_used_at__lt=Param("long_ago"))
    )
    profile = json_object(ProfileSerializer(), User, "user__")
    sign_ins = sign_ins.annotate(profile=profile if prefetch_profile else NULL)
    columns = ["live", "needs_touch", *COLUMNS, "profile"]
    if not counts:
        return CompiledQuery(
            sign_ins.annotate(count=NULL).values_list(*columns, "count")
        )
    keys = [Param(kind) for kind in KINDS]
    params = [counters.KEPT_FOR, *keys, Param("user_id", an_id)]
    return CompiledQuery(sign_ins.values_list(*columns), COUNTED, params)
