"""Deleting an account, with everything that is the person's."""

from __future__ import annotations

from django.db import transaction

from accounts.exceptions import LastAdmin
from accounts.models import User
from focusmaster.exceptions import OwnerGone
from focusmaster.personal_data import erase


@transaction.atomic
def erase_account(user: User) -> None:
    """Erase the person and everything that is theirs.

    Raises LastAdmin, and OwnerGone if another request has erased them meanwhile.
    """
    if user.is_staff:
        refuse_last_admin(user)
    if not erase(user.pk):
        raise OwnerGone


def refuse_last_admin(user: User) -> None:
    """Raise LastAdmin unless another admin remains; must be in a transaction.

    All admins are locked, in one order: of the last two who go at the same moment, the
    later one finds that there is no other.
    """
    admins = User.objects.filter(role=User.Role.ADMIN).order_by("pk")
    locked = admins.select_for_update().values_list("pk", flat=True)
    if set(locked) <= {user.pk}:
        raise LastAdmin
