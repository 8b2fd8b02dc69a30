"""What demo people tell those who run the service."""

from __future__ import annotations

from collections.abc import Iterator

from moderation.demo.simulation import Life
from moderation.demo.tables import Table, id_made_at
from moderation.models import Feedback

FEEDBACK = Table(
    Feedback,
    "id",
    "user_id",
    "type",
    "category",
    "message",
    "status",
    "created_at",
    "updated_at",
)

TYPE = Feedback.Type
SAID = (
    (TYPE.BUG, "timer", "The timer stops when my laptop goes to sleep."),
    (TYPE.BUG, "tasks", "Dragging a card on the phone scrolls the page instead."),
    (TYPE.BUG, "statistics", "Last week shows a session that I deleted."),
    (TYPE.FEATURE, "timer", "Please let me pause a focus session."),
    (TYPE.FEATURE, "tasks", "Subtasks would help me a lot."),
    (TYPE.FEATURE, "", "Could there be a calendar of my sessions?"),
    (TYPE.GENERAL, "", "I get more done since I use this. Thank you!"),
    (TYPE.GENERAL, "music", "Love the music during focus."),
)


def feedback(life: Life) -> Iterator[tuple]:
    """Yield rows of FEEDBACK; one of six people has said something, once."""
    random = life.person.random
    if random.random() > 1 / 6:
        return
    began = life.person.created_at
    at = began + (life.now - began) * random.random()
    kind, category, message = random.choice(SAID)
    status = random.choice(Feedback.Status.values)
    yield id_made_at(at), life.person.id, kind, category, message, status, at, at
