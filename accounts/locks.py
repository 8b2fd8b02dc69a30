"""One after the other: who changes a user's sessions, or deletes tasks, takes a turn.

Such a change locks several rows: a session, then through the trigger on sessions its
user and its tasks; a task that is deleted, then its sessions. No order of these suits
both, so two changes at once could wait for each other until PostgreSQL breaks one off.
Each therefore locks the user first. Sessions of one user wait for each other anyway,
for the user's points.
"""

from __future__ import annotations

from django.db.models import Expression, QuerySet
from django.db.models.expressions import RawSQL

from accounts.models import User
from focusmaster.db.fields import ObjectIdField


def lock_owners(rows: QuerySet) -> None:
    """Wait for changes under way of the users who own these rows; later ones wait.

    Must be the first query of a transaction.
    """
    User.objects.filter(pk__in=rows.values("user")).lock()


def in_turn(user_id: Expression) -> Expression:
    """Return the same id after having taken the turn; for a statement of its own.

    A statement computes it before it locks any other row: as a value to insert, or as
    what `user_id` of the rows to update is compared with.
    """
    return RawSQL(
        "SELECT id FROM accounts_user WHERE id = %s FOR NO KEY UPDATE",
        [user_id],
        output_field=ObjectIdField(),
    )
