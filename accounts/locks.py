"""The owner lock: changes to what one person owns happen one after the other.

A change to sessions locks several rows: a session, then through the trigger on sessions
its owner's progress and its task; the deletion of a task locks the task, then its
sessions. No order of these suits both. Each therefore locks the row of the owner in
`accounts_user` first (docs/architecture.md, "Order of locks").
"""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.models import User
from focusmaster.db.fields import ObjectIdField
from focusmaster.db.prepared_queries import PreparedQuery
from focusmaster.exceptions import OwnerGone


@PreparedQuery.of(user_id=ObjectIdField())
def _locked(user_id):
    users = User.objects.filter(pk=user_id).select_for_update(no_key=True)
    return users.values_list("timezone")


def lock_owner(user_id: str) -> None:
    """Lock the user: concurrent changes to what they own wait. In a transaction.

    One query. Raises OwnerGone if the account was deleted meanwhile.
    """
    if not _locked(user_id=user_id):
        raise OwnerGone


def lock_owners(rows: QuerySet) -> None:
    """Lock all users who own these rows, in the order of their ids; one query."""
    User.objects.filter(pk__in=rows.values("user")).lock()
