"""From a token's claims to its sign-in and user, and the count of the request.

One statement does all of it, and every request with a token begins with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model, Q
from django.db.models.base import ModelState

from accounts.limits import KINDS, RequestWindows, kind_of, request_windows
from accounts.models import LAST_USED_PRECISION, SignIn, User, live_at
from accounts.serializers import ProfileSerializer
from accounts.tokens import Claims
from focusmaster.api import counters
from focusmaster.api.rate_limits import STORE_ERRORS, store
from focusmaster.db.json_rows import json_object
from focusmaster.db.statements import CompiledQuery, Param

# What many views look at; the rest is fetched when someone asks for it.
USER_FIELDS = [
    "id",
    "role",
    "status",
    "is_guest",
    "timezone",
    "week_start",
    "daily_goal",
    "focus_seconds",
    "focus_count",
    "focus_version",
    "badges",
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
def _sign_in_query(*, with_profile: bool, counted: bool) -> CompiledQuery:
    sign_ins = SignIn.objects.filter(pk=Param("id")).annotate(
        live=live_at(Param("now")), stale=Q(last_used_at__lt=Param("long_ago"))
    )
    fields = [f"user__{field}" for field in USER_FIELDS]
    if with_profile:
        profile = json_object(ProfileSerializer(), User, "user__")
        sign_ins = sign_ins.annotate(profile=profile)
        fields.append("profile")
    rows = sign_ins.values_list("live", "stale", *fields)
    if not counted:
        return CompiledQuery(rows)
    slots = [Param(name) for name in (*KINDS, "user_id")]
    return CompiledQuery(rows, COUNTED, [counters.KEPT_FOR, *slots])


def load_caller_and_count(
    claims: Claims, *, at: datetime, with_profile: bool = False
) -> SignIn | None:
    """Return the sign-in with its user, whatever its state, and count the request.

    Its `live` and `stale` tell whether its tokens count, and whether its last use is
    due to be noted. The user's `profile` is there on request, as JSON text. `usage`
    is where the user stands now, or None if the request was not counted. One query.
    """
    long_ago = at - LAST_USED_PRECISION
    values = {"id": bytes.fromhex(claims.sign_in_id), "now": at, "long_ago": long_ago}
    windows = None
    if claims.user_id:
        values["user_id"] = bytes.fromhex(claims.user_id)
        windows = request_windows(claims.user_id)
    row, count = _counted_row(values, windows, with_profile)
    if row is None:
        return None
    live, stale, *columns = row
    user = loaded(User, dict(zip(USER_FIELDS, columns, strict=False)))
    if with_profile:
        user.profile = columns[len(USER_FIELDS)]
    sign_in = loaded(SignIn, {"id": claims.sign_in_id, "user_id": user.id})
    sign_in._state.fields_cache = {"user": user}
    sign_in.live, sign_in.stale = live, stale
    sign_in.usage = windows.of_kind[kind_of(user)].usage(count) if count else None
    return sign_in


def _counted_row(
    values: dict[str, Any], windows: RequestWindows | None, with_profile: bool
) -> tuple[Sequence | None, int | None]:
    """Return the row of a sign-in, and how many requests of its user have been counted.

    None for a number where it is not for this statement to count, or it cannot.
    """
    plain = _sign_in_query(with_profile=with_profile, counted=False)
    is_limited = windows and windows.ends_at
    if settings.REDIS_URL or store.is_paused or not is_limited:
        return first(plain.rows(values)), None
    try:
        query = _sign_in_query(with_profile=with_profile, counted=True)
        row = first(query.rows(values | windows.keys))
    except STORE_ERRORS as exc:
        row = first(plain.rows(values))  # Fails, too, where it is not the counters.
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


def loaded(model: type[Model], columns: dict[str, Any]) -> Model:
    """Return a row as `Model.from_db` does, without the signals that nobody hears."""
    row = model.__new__(model)
    row._state = ModelState()
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
    row.__dict__ |= columns
    return row
