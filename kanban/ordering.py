"""The order of the cards in a column: a number for each, with room between them.

A card that is dropped between two others gets a number between theirs, so that one row
is written. Halving a gap ends after some forty drops into the same place; then the
column is rebalanced, which keeps the order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

if TYPE_CHECKING:
    from kanban.models import Task, TaskQuerySet

# The distance of cards in a new or rebalanced column.
POSITION_STEP = 1024.0
# The largest distance from 0; floats up to here have enough fractions.
MAX_POSITION = 1e12


def free_position(
    column: TaskQuerySet, above: Task | None, below: Task | None
) -> float | None:
    """Return a number right under `above`, else right over `below`, else on top.

    None if there is no room. The card that moves is not in `column`. One query.
    """
    positions = column.values_list("position", flat=True)
    if above:
        lower = positions.filter(beyond("gt", above)).order_by("position").first()
        return between(above.position, lower)
    if below:
        higher = positions.filter(beyond("lt", below)).order_by("-position").first()
        return between(higher, below.position)
    top = positions.order_by("position").first()
    return 0.0 if top is None else between(None, top)


def beyond(direction: str, card: Task) -> Q:
    """Return the condition for a card to lie on one side; equal numbers go by id."""
    return Q(**{f"position__{direction}": card.position}) | Q(
        **{"position": card.position, f"id__{direction}": card.pk}
    )


def between(low: float | None, high: float | None) -> float | None:
    """Return a number between two, or a step beyond the one given.

    None if no number lies there, or it is beyond MAX_POSITION.
    """
    if low is None:
        middle = (high or 0.0) - POSITION_STEP
    elif high is None:
        middle = low + POSITION_STEP
    else:
        middle = (low + high) / 2
    fits = (low is None or low < middle) and (high is None or middle < high)
    return middle if fits and abs(middle) <= MAX_POSITION else None


def rebalance(column: TaskQuerySet) -> None:
    """Put all cards of a column a step apart, in the order they have; 2 queries."""
    cards = list(column.order_by("position", "id").only("position"))
    for number, card in enumerate(cards, start=1):
        card.position = POSITION_STEP * number
    column.bulk_update(cards, ["position"], batch_size=1000)
