"""Search of people, for staff, among a million accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from math import ceil
from operator import or_
from typing import TYPE_CHECKING

from django.db.models import (
    BooleanField,
    Func,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.utils import timezone

from accounts.admin_site import EstimatingPaginator
from accounts.models import SignIn, User
from focusmaster.db.fields import OBJECT_ID
from focusmaster.db.folded_text import ContainsAll

# A text is searched for among this many of the newest people first. If many of them
# have it, a scan finds the newest quickly, and their share gives the total. Otherwise
# an index finds all who have it.
SAMPLE = 2000
MANY = 100
# Beyond this many, people found by the index are not sorted but found by a scan.
MOST_SORTED = 10_000

if TYPE_CHECKING:
    from accounts.models.user_queries import UserQuerySet

# See moderation/sql/people_search.sql; GRAMS is the expression of the index.
TEXT = Func("name", "email", function="moderation_person_text")
GRAMS = Func("name", "email", function="moderation_grams")


class ContainsGrams(Func):
    """Whether groups of characters contain all those of a search, by an index."""

    template = "(%(expressions)s))"
    arg_joiner = " @> moderation_search_grams("
    output_field = BooleanField()


@dataclass(frozen=True)
class Page:
    users: list[User]
    page: int
    pages: int
    total: int


def page_of_people(
    *,
    page: int,
    limit: int,
    search: str = "",
    role: Sequence[str] = (),
    status: Sequence[str] = (),
) -> Page:
    """Return one page of the people who match, newest first.

    Of several roles or statuses, they have any; without one it does not matter.

    The total is exact up to some thousands, and an estimate beyond. 3 to 7 queries.
    """
    people = User.objects.all()
    if status:
        people = with_status(people, *status)
    if role:
        people = people.filter(role__in=role)
    text, start = " ".join(search.split()), (page - 1) * limit
    if text:
        ids, total = found(people, text, start, start + limit)
    else:
        ids, total = newest(people, start, start + limit), count(people)
    return Page(people_with(ids), page, max(1, ceil(total / limit)), total)


def newest(people: QuerySet, start: int, end: int) -> list[str]:
    """Return ids alone, which are read from the index however far down."""
    return list(people.order_by("-pk").values_list("pk", flat=True)[start:end])


def count(rows: QuerySet) -> int:
    """Return the number of rows, which is an estimate if it is large."""
    return EstimatingPaginator(rows.order_by("pk"), 1).count


def found(
    people: UserQuerySet, text: str, start: int, end: int
) -> tuple[list[str], int]:
    """Return the ids of one page of the people with the text, and the total.

    An id finds whom logs and errors call so.
    """
    if OBJECT_ID.fullmatch(text):
        named = newest(people.named_in_logs(text), 0, MANY)
        if named:
            return named[start:end], len(named)
    anywhere = Q(ContainsAll(TEXT, Value(text)))
    sample = newest(people, 0, SAMPLE)
    if not sample:
        return [], 0
    ids = newest(people.filter(anywhere, pk__gte=sample[-1]), 0, SAMPLE)
    if len(sample) < SAMPLE:
        return ids[start:end], len(ids)
    share, known = len(ids) / SAMPLE, len(ids)
    if known < MANY:
        some = containing(people, text).filter(anywhere)[: MOST_SORTED + 1]
        ids = sorted(some.values_list("pk", flat=True), reverse=True)
        known = len(ids)
        if known <= MOST_SORTED:
            return ids[start:end], known
    total = max(known, round(share * count(people)))
    return newest(people.filter(anywhere), start, end), total


def people_with(ids: list[str]) -> list[User]:
    """Return these people with their progress, newest first; one query.

    The id has the second in which the account was made, the column the millisecond.
    """
    users = User.objects.filter(pk__in=ids).select_related("progress")
    users = with_last_seen(users).defer("password")
    return sorted(users, key=lambda user: (user.created_at, user.pk), reverse=True)


def with_last_seen(users: QuerySet) -> QuerySet:
    """Annotate `last_seen_at`: when any sign-in of the person was last used."""
    mine = SignIn.objects.filter(user=OuterRef("pk")).order_by()
    last = mine.values("user").annotate(last=Max("last_used_at")).values("last")
    return users.annotate(last_seen_at=Subquery(last))


def with_status(
    users: QuerySet, *statuses: str, at: datetime | None = None
) -> QuerySet:
    """Keep those with one of these at the moment: a suspension ends by itself."""
    now = at or timezone.now()
    return users.filter(reduce(or_, (has_status(one, now) for one in statuses)))


def has_status(status: str, now: datetime) -> Q:
    is_over = Q(status=User.Status.SUSPENDED, banned_until__lte=now)
    if status == User.Status.ACTIVE:
        return Q(status=status) | is_over
    # Not ~is_over, whose condition PostgreSQL does not match with the index.
    return (
        (Q(banned_until=None) | Q(banned_until__gt=now))
        & ~Q(status=User.Status.ACTIVE)
        & Q(status=status)
    )


def containing(people: UserQuerySet, text: str) -> UserQuerySet:
    """Keep those whose name and email may contain every part, found by index."""
    return people.filter(ContainsGrams(GRAMS, Value(text)))
