"""Who is an admin: giving the role and taking it away.

Whatever changes roles locks all admins first, in the order of their ids, as the
deletion of an admin's account does. So of two acts at once the later one sees what the
earlier has done, and there is always an admin left.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django.http import Http404
from django.utils import timezone

from accounts.exceptions import LastAdmin
from accounts.models import User
from moderation.actors import Actor
from moderation.exceptions import (
    BarredCannotBeAdmin,
    CannotChangeOwnRole,
    GuestCannotBeAdmin,
)
from moderation.models import AuditEntry

ADMIN = User.Role.ADMIN


def promote(*, user_id: str, by: Actor) -> User:
    """Make a person an admin; return the user. Nothing happens if they are one.

    Raises CannotChangeOwnRole, GuestCannotBeAdmin, BarredCannotBeAdmin, Http404.
    """
    return change_role(user_id=user_id, role=ADMIN, by=by)


def demote(*, user_id: str, by: Actor) -> User:
    """Take the role away from their next request on; return the user.

    Raises CannotChangeOwnRole, LastAdmin, Http404.
    """
    return change_role(user_id=user_id, role=User.Role.USER, by=by)


@transaction.atomic
def change_role(*, user_id: str, role: str, by: Actor) -> User:
    if by.id == user_id:
        raise CannotChangeOwnRole
    people = User.objects.filter(Q(role=ADMIN) | Q(pk=user_id)).order_by("pk")
    locked = {one.pk: one for one in people.select_for_update(no_key=True)}
    admins = {pk for pk, one in locked.items() if one.role == ADMIN}
    by.check_is_among(admins)
    user = locked.get(user_id)
    if user is None:
        raise Http404
    before = user.role
    if before == role:
        return user
    check_may_be_admin(user) if role == ADMIN else check_is_not_last(user, admins)
    user.role, user.updated_at = role, timezone.now()
    user.save(update_fields=["role", "updated_at"])
    AuditEntry.objects.record(
        AuditEntry.Action.ROLE_CHANGED,
        by=by,
        target_user_id=user.pk,
        details=f"Changed the role from {before} to {role}",
        metadata={"from": before, "to": role},
    )
    return user


def check_may_be_admin(user: User) -> None:
    if user.is_guest:
        raise GuestCannotBeAdmin
    if user.is_barred():
        raise BarredCannotBeAdmin


def check_is_not_last(user: User, admins: set[str]) -> None:
    if admins <= {user.pk}:
        raise LastAdmin


@transaction.atomic
def create_admin(*, name: str, email: str, password: str, by: Actor) -> User:
    """Create an account with the role. Raises EmailTaken."""
    user = User.objects.register(name=name, email=email, password=password, role=ADMIN)
    AuditEntry.objects.record(
        AuditEntry.Action.ADMIN_CREATED,
        by=by,
        target_user_id=user.pk,
        details="Created an account with the role admin",
    )
    return user
