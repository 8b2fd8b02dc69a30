"""What demo people tell those who run the service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from focusmaster.db.fields import new_object_id
from moderation.demo.simulation import Life
from moderation.models import Feedback

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


def feedback(life: Life) -> Iterator[dict[str, Any]]:
    """Yield the fields of one piece of feedback, for one of six people."""
    random = life.person.random
    if random.random() > 1 / 6:
        return
    began = life.person.created_at
    at = began + (life.now - began) * random.random()
    kind, category, message = random.choice(SAID)
    yield {
        "id": new_object_id(at),
        "type": kind,
        "category": category,
        "message": message,
        "status": random.choice(Feedback.Status.values),
        "created_at": at,
        "updated_at": at,
    }
