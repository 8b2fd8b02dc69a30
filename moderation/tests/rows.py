"""Rows of every model that this app keeps of a person."""

from __future__ import annotations

from os import urandom

from django.utils import timezone

from accounts.models import User
from accounts.tests.rows import ADDRESS, BROWSER
from focusmaster.db.fields import new_object_id
from moderation.actors import Actor
from moderation.models import AuditEntry, Ban, ErrorGroup, Feedback


def make_rows(user: User) -> None:
    me = Actor(user.pk, user.name, ADDRESS, BROWSER)
    somebody = User.objects.create(name="Somebody")
    other = Actor(None, "operator")
    Ban.objects.create(
        user=user,
        status="banned",
        reason=f"{user.name} is a quux",
        created_at=timezone.now(),
    )
    AuditEntry.objects.record(
        AuditEntry.Action.BANNED,
        by=other,
        target_user_id=user.pk,
        details="Banned",
        reason=f"{user.name} is a quux",
    )
    Ban.objects.impose(user_id=somebody.pk, by=me, reason="Spam")
    Ban.objects.lift(user_id=somebody.pk, by=me)
    mine = Feedback.objects.create(user=user, message=f"{user.name} was here")
    theirs = Feedback.objects.create(message="Hello", email=user.email)
    for row in (mine, theirs):
        row.replies.create(author=user, message="Thank you")
    ErrorGroup.objects.note(
        fingerprint=urandom(32),
        message="KeyError",
        stack="",
        path=f"/api/tasks/{new_object_id()}",
        method="GET",
        status_code=500,
        user_id=user.pk,
        request_id="1",
    )
