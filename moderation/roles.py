"""The role of admin: giving it and taking it away.

A change of roles locks the rows of all admins first, in the order of their ids, as the
deletion of an admin's account does. Of two changes at once, the later one sees what the
earlier one did, so there is always an admin left.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.exceptions import LastAdmin
from accounts.models import User
from accounts.staff_sessions import end_staff_sessions
from focusmaster.exceptions import RowNotFound
from moderation.actors import Actor
from moderation.exceptions import (
    BarredCannotBeAdmin,
    CannotChangeOwnRole,
    GuestCannotBeAdmin,
)
from moderation.models import AuditEntry

ADMIN = User.Role.ADMIN


def promote(*, user_id: str, by: Actor) -> User:
    """Make a user an admin; do nothing if they are one. Return the user.

    Raises CannotChangeOwnRole, GuestCannotBeAdmin, BarredCannotBeAdmin, NoLongerAdmin,
    RowNotFound.
    """
    return change_role(user_id=user_id, role=ADMIN, by=by)


def demote(*, user_id: str, by: Actor) -> User:
    """Take the role away, from the user's next request on; return the user.

    Their sessions on the pages end: none goes on should they be an admin again. Raises
    CannotChangeOwnRole, LastAdmin, NoLongerAdmin, RowNotFound.
    """
    return change_role(user_id=user_id, role=User.Role.USER, by=by)


@transaction.atomic
def change_role(*, user_id: str, role: str, by: Actor) -> User:
    if by.id == user_id:
        raise CannotChangeOwnRole
    locked = {user.pk: user for user in lock_with_admins([user_id])}
    admins = {pk for pk, user in locked.items() if user.role == ADMIN}
    by.check_is_among(admins)
    user = locked.get(user_id)
    if user is None:
        raise RowNotFound
    before = user.role
    if before == role:
        return user
    check_may_be_admin(user) if role == ADMIN else check_is_not_last(user, admins)
    user.role, user.updated_at = role, timezone.now()
    user.save(update_fields=["role", "updated_at"])
    if before == ADMIN:
        end_staff_sessions(user)
    AuditEntry.objects.record(
        AuditEntry.Action.ROLE_CHANGED,
        by=by,
        target_user_id=user.pk,
        details=f"Changed the role from {before} to {role}",
        metadata={"from": before, "to": role},
    )
    return user


def lock_with_admins(user_ids: Collection[str]) -> list[User]:
    """Lock these users and all admins, in the order of their ids, and return them."""
    users = User.objects.filter(Q(role=ADMIN) | Q(pk__in=user_ids)).order_by("pk")
    return list(users.select_for_update(no_key=True))


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
