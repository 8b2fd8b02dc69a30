"""Acts of staff heed `If-Match`, with the tag of the person or feedback they read."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import client_of
from focusmaster.tests.routes import ID
from moderation.models import AuditEntry, Ban, Feedback


@dataclass(frozen=True)
class Act:
    method: str
    path: str
    body: dict[str, str]
    other: dict[str, str]

    def send(self, client: APIClient, url: str, body: dict[str, str], tag: str):
        send = getattr(client, self.method)
        return send(f"{url}/{self.path}", body, HTTP_IF_MATCH=tag)


ON_PEOPLE = [
    Act("patch", "role", {"role": "admin"}, {"role": "user"}),
    Act("patch", "ban", {"reason": "spam"}, {"reason": "more spam"}),
    Act("put", "status", {"status": "suspended"}, {"status": "banned"}),
]
ON_FEEDBACK = [
    Act("put", "status", {"status": "resolved"}, {"status": "closed"}),
    Act("put", "note", {"note": "Asked Ann"}, {"note": "Asked Bob"}),
]
ACTS = [
    *(pytest.param("users", act, id=act.path) for act in ON_PEOPLE),
    *(pytest.param("feedback", act, id=f"feedback {act.path}") for act in ON_FEEDBACK),
]


@pytest.fixture
def staff(moderator: User) -> APIClient:
    return client_of(moderator)


@pytest.fixture
def urls(alice: User) -> dict[str, str]:
    row = Feedback.objects.create(user=alice, message="It broke")
    return {
        "users": f"/api/admin/users/{alice.pk}",
        "feedback": f"/api/admin/feedback/{row.pk}",
    }


@pytest.mark.parametrize("mark", ["{}", "W/{}", '"other", {}', "*"])
@pytest.mark.parametrize(("kind", "act"), ACTS)
def test_act_on_what_was_read_is_done(staff, urls, kind, act, mark):
    tag = mark.format(staff.get(urls[kind])["ETag"])

    assert act.send(staff, urls[kind], act.body, tag).status_code == 200


@pytest.mark.parametrize(("kind", "act"), ACTS)
def test_act_on_what_has_changed_is_not_done(staff, urls, kind, act):
    tag = staff.get(urls[kind])["ETag"]
    assert act.send(staff, urls[kind], act.body, tag).status_code == 200
    entries, now = AuditEntry.objects.count(), staff.get(urls[kind])

    late = act.send(staff, urls[kind], act.other, tag)

    assert late.status_code == 412
    assert late.json()["code"] == "precondition_failed"
    assert staff.get(urls[kind]).content == now.content
    assert AuditEntry.objects.count() == entries


def test_ban_is_lifted_if_it_is_the_one_that_was_read(staff, urls, alice):
    url = urls["users"]
    staff.patch(f"{url}/ban", {"reason": "spam"})
    tag = staff.get(url)["ETag"]
    staff.patch(f"{url}/ban", {"reason": "worse"})

    late = staff.patch(f"{url}/unban", {}, HTTP_IF_MATCH=tag)
    now = staff.patch(f"{url}/unban", {}, HTTP_IF_MATCH=staff.get(url)["ETag"])

    assert (late.status_code, now.status_code) == (412, 200)
    alice.refresh_from_db()
    assert alice.status == "active"


@pytest.mark.parametrize("pk", [ID, "nonsense"])
@pytest.mark.parametrize(("kind", "act"), ACTS)
def test_act_on_nobody_is_not_found(staff, kind, act, pk):
    response = act.send(staff, f"/api/admin/{kind}/{pk}", act.body, "*")

    assert response.status_code == 404


def test_refusal_comes_after_the_condition(staff, moderator):
    url = f"/api/admin/users/{moderator.pk}"

    early = staff.patch(f"{url}/ban", {"reason": "x"}, HTTP_IF_MATCH='"other"')
    refused = staff.patch(f"{url}/ban", {"reason": "x"}, HTTP_IF_MATCH="*")

    assert (early.status_code, refused.status_code) == (412, 409)


@pytest.mark.parametrize("kind", ["ban", "note"])
@pytest.mark.django_db(transaction=True)
def test_of_two_acts_on_what_was_read_one_is_done(moderator, urls, kind):
    act, url = {
        "ban": (ON_PEOPLE[1], urls["users"]),
        "note": (ON_FEEDBACK[1], urls["feedback"]),
    }[kind]
    clients = [client_of(moderator), client_of(moderator)]
    tag = clients[0].get(url)["ETag"]

    statuses = run_concurrently(
        *(lambda c=c: act.send(c, url, act.body, tag).status_code for c in clients)
    )

    assert sorted(statuses) == [200, 412]
    assert Ban.objects.count() == (kind == "ban")
