"""Deleting an account with everything that belongs to its user."""

from __future__ import annotations

from django.db import transaction

from accounts.exceptions import LastAdmin
from accounts.models import User
from focusmaster.exceptions import OwnerGone
from focusmaster.personal_data import erase


@transaction.atomic
def erase_account(user: User) -> None:
    """Delete the user and everything that belongs to them.

    Raises LastAdmin, and OwnerGone if another request has erased them meanwhile.
    """
    if user.is_staff:
        refuse_last_admin(user)
    if not erase(user.pk):
        raise OwnerGone


def refuse_last_admin(user: User) -> None:
    """Raise LastAdmin unless another admin remains. In a transaction.

    Locks all admins, in the order of their ids: of the last two who leave at once, the
    later one finds no other. One query.
    """
    admins = User.objects.filter(role=User.Role.ADMIN).order_by("pk")
    locked = admins.select_for_update().values_list("pk", flat=True)
    if set(locked) <= {user.pk}:
        raise LastAdmin
