from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from focusmaster.tests.people import client_of, person
from kanban.models import Task
from moderation import people_search
from moderation.actors import Actor
from moderation.models import Ban

USERS = "/api/admin/users"
FIELDS = [
    *("_id", "id", "name", "email", "picture", "role", "status", "banReason"),
    *("bannedUntil", "isGuest", "points", "createdAt", "updatedAt"),
    "lastSeenAt",
]


def names(client, query: str = "") -> list[str]:
    response = client.get(f"{USERS}?{query}")
    assert response.status_code == 200, response.content
    return [user["name"] for user in response.json()["users"]]


def crowd(count: int, **fields) -> None:
    now = timezone.now()
    User.objects.bulk_create(
        [
            User(
                name=f"Person {number}",
                email=f"person{number}@example.org",
                created_at=now + timedelta(seconds=number),
                **fields,
            )
            for number in range(count)
        ],
        batch_size=500,
    )


def test_person_is_shown_as_the_contract_has_it(staff, alice):
    seen = alice.sign_ins.start(user=alice, user_agent="", ip_address=None)

    (shown,) = staff.get(f"{USERS}?search=alice").json()["users"]

    assert list(shown) == FIELDS
    assert shown["_id"] == shown["id"] == alice.pk
    assert (shown["name"], shown["email"]) == ("Alice", "alice@example.com")
    assert (shown["role"], shown["status"], shown["points"]) == ("user", "active", 0)
    assert (shown["banReason"], shown["bannedUntil"]) == ("", None)
    assert shown["lastSeenAt"] is not None
    assert seen.user_id == alice.pk


def test_person_who_never_signed_in_was_never_seen(staff, bob):
    (shown,) = staff.get(f"{USERS}?search=bob").json()["users"]

    assert shown["lastSeenAt"] is None


def test_pages_are_of_ten_newest_first(staff):
    crowd(12)

    first = staff.get(USERS).json()
    second = staff.get(f"{USERS}?page=2").json()

    assert (first["page"], first["pages"], first["total"]) == (1, 2, 13)
    assert (second["page"], second["pages"], second["total"]) == (2, 2, 13)
    assert len(first["users"]) == 10
    ids = [user["_id"] for user in first["users"] + second["users"]]
    assert len(set(ids)) == 13


@pytest.mark.usefixtures("alice", "bob")
def test_newest_of_the_same_second_is_first(staff):
    shown = names(staff)

    assert shown == list(
        User.objects.order_by("-created_at", "-pk").values_list("name", flat=True)
    )


def test_page_after_the_last_is_empty(staff):
    response = staff.get(f"{USERS}?page=100000000&limit=100")

    assert response.status_code == 200
    assert response.json() == {"users": [], "page": 10**8, "pages": 1, "total": 1}


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=x",
        "page=-1",
        "page=1000000000",
        "limit=0",
        "limit=101",
        "role=owner",
        "status=gone",
        f"search={'x' * 255}",
        "search=%00",
    ],
)
def test_bad_query_is_rejected(staff, query):
    response = staff.get(f"{USERS}?{query}")

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == query.partition("=")[0]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ali", ["Alice"]),
        ("LIC", ["Alice"]),
        ("lice@exam", ["Alice"]),
        ("ob", ["Bob"]),
        ("b", ["Bob"]),
        ("b@", ["Bob"]),
        (" Bob ", ["Bob"]),
        ("nobody", []),
        ("%", []),
        ("_ob", []),
        ("a'li", []),
        ("ali\nce", ["Alice"]),  # every part between blanks
        ("lice bob", []),
        ("@ EXAMPLE lic", ["Alice"]),
        ("ALI\u0301CE", ["Alice"]),
        ("++", []),
        ("\U0001f345", []),
        ("\u0301", []),
    ],
)
@pytest.mark.usefixtures("alice", "bob")
def test_search_finds_a_text_in_name_and_email(staff, text, found):
    response = staff.get(USERS, {"search": text})

    assert [user["name"] for user in response.json()["users"]] == found
    assert response.json()["total"] == len(found)


@pytest.fixture
def many(alice, bob, staff, monkeypatch) -> None:
    """A crowd in which Alice and Bob are older than all who are looked at first."""
    monkeypatch.setattr(people_search, "SAMPLE", 50)
    monkeypatch.setattr(people_search, "MANY", 10)
    User.objects.update(name="Old")
    User.objects.filter(pk=alice.pk).update(name="Alice Ödegård")
    User.objects.filter(pk=bob.pk).update(name="Bob")
    # An id of today is smaller than one of the crowd's.
    User.objects.bulk_create(
        [
            User(
                id=f"f{number:023x}",
                name=f"Person {number}",
                email=f"person{number}@example.org",
            )
            for number in range(120)
        ]
    )


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ödeg", ["Alice Ödegård"]),
        ("ÖDEGÅRD", ["Alice Ödegård"]),
        ("LICE", ["Alice Ödegård"]),
        ("bo", ["Bob"]),
        ("ob@", ["Bob"]),
        ("ice öde", ["Alice Ödegård"]),
        ("ård", ["Alice Ödegård"]),
        ("gar odeg", ["Alice Ödegård"]),
        ("gÅ", ["Alice Ödegård"]),
        ("ob b", ["Bob"]),
        ("中", []),
        ("person119@", ["Person 119"]),
        ("nobody", []),
    ],
)
def test_search_finds_the_few_among_the_many(staff, text, found):
    response = staff.get(USERS, {"search": text})

    assert [user["name"] for user in response.json()["users"]] == found
    assert response.json()["total"] == len(found)


@pytest.mark.usefixtures("many")
def test_search_for_what_many_have_shows_the_newest_and_about_how_many(staff):
    page = staff.get(f"{USERS}?search=example.org&limit=2&page=2").json()

    assert [user["name"] for user in page["users"]] == ["Person 117", "Person 116"]
    assert 110 <= page["total"] <= 130


@pytest.mark.usefixtures("many")
def test_index_knows_every_part_of_a_name_and_an_email():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = people_search.containing(User.objects.all(), "lice").explain()

    assert "moderation_user_grams" in plan


def test_filters_keep_role_and_status(staff, alice, bob):
    User.objects.filter(pk=alice.pk).update(status="banned", ban_reason="Spam")

    assert names(staff, "role=admin") == ["Moderator"]
    assert names(staff, "status=banned") == ["Alice"]
    assert sorted(names(staff, "status=active")) == ["Bob", "Moderator"]
    assert names(staff, "role=user&status=active") == ["Bob"]
    assert names(staff, "role=user&status=active&search=alice") == []
    assert len(names(staff, "role=&status=&search=")) == 3


def test_suspension_that_has_run_out_counts_as_none(staff, alice, bob):
    now = timezone.now()
    over, lasting = now - timedelta(seconds=1), now + timedelta(days=1)
    for user, until in ((alice, over), (bob, lasting)):
        User.objects.filter(pk=user.pk).update(
            status="suspended", ban_reason="Spam", banned_until=until
        )

    assert names(staff, "status=suspended") == ["Bob"]
    assert sorted(names(staff, "status=active")) == ["Alice", "Moderator"]
    shown = {one["name"]: one for one in staff.get(USERS).json()["users"]}
    assert (shown["Alice"]["status"], shown["Alice"]["banReason"]) == ("active", "")
    assert shown["Alice"]["bannedUntil"] is None
    assert (shown["Bob"]["status"], shown["Bob"]["banReason"]) == ("suspended", "Spam")


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 4),  # the token's owner, the total, the ids, the people
        ("search=person", 4),  # the token's owner, the newest, those found, the people
    ],
)
def test_query_count_does_not_grow(staff, django_assert_num_queries, query, count):
    crowd(30)

    with django_assert_num_queries(count):
        staff.get(f"{USERS}?limit=30&{query}")


def test_person_in_detail_has_counts_and_bans(staff, alice, moderator):
    api = client_of(alice)
    api.post("/api/tasks", {"title": "Write"})
    api.post("/api/feedback", {"message": "Hello"})
    by = Actor(moderator.pk, "Moderator")
    Ban.objects.impose(user_id=alice.pk, by=by, reason="Spam")
    Ban.objects.lift(user_id=alice.pk, by=Actor(None, "root"), reason="A mistake")

    shown = staff.get(f"{USERS}/{alice.pk}").json()

    assert list(shown) == [*FIELDS, "counts", "bans"]
    assert shown["counts"] == {
        "sessions": 0,
        "tasks": 1,
        "workLogs": 0,
        "signIns": 0,
        "feedback": 1,
    }
    (ban,) = shown["bans"]
    assert (ban["reason"], ban["status"], ban["until"]) == ("Spam", "banned", None)
    assert ban["author"] == {"_id": moderator.pk, "name": "Moderator"}
    assert ban["liftedBy"] == {"_id": None, "name": "root"}
    assert (ban["liftReason"], ban["inForce"]) == ("A mistake", False)
    assert ban["endedAt"] is not None
    assert Task.objects.count() == 1


@pytest.mark.parametrize("pk", ["507f1f77bcf86cd799439011", "nobody"])
def test_person_who_is_not_there_is_not_found(staff, pk):
    assert staff.get(f"{USERS}/{pk}").status_code == 404


def test_ban_by_an_admin_who_is_gone_is_nobodys(staff, alice):
    chief = person("Chief", role=User.Role.ADMIN)
    Ban.objects.impose(user_id=alice.pk, by=Actor(chief.pk, "Chief"), reason="Spam")
    client_of(chief).delete("/api/auth/profile")

    (ban,) = staff.get(f"{USERS}/{alice.pk}").json()["bans"]

    assert (ban["author"], ban["reason"]) == (None, "Spam")
