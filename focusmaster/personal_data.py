"""What the service holds of a person, as each app says in its own `personal_data.py`.

An app lists there, as `PERSONAL_DATA`, every model from which a path leads to the user:

    # timeclock/personal_data.py
    from focusmaster.personal_data import Holding, Section
    from timeclock.models import WorkLog
    from timeclock.serializers import WorkLogSerializer

    PERSONAL_DATA = [
        Holding(WorkLog, sections=[Section("workLogs", WorkLogSerializer)]),
    ]

That is all for rows that belong to one user by a foreign key named `user` with CASCADE:
they are in the export, in the model's own order unless the section has another, and go
with the account. Further:

- the columns that no serializer shows are `excluded_columns`, each with the reason:
  `left_out={"access_token": "A secret."}`;
- a model that is not exported at all is `excluded` with the reason;
- with more than one foreign key to the user there is a holding for each `path`
  (`path="banned_by"`); a model that leads to the user only through another has the
  lookup (`path="log__user"`);
- a `Section` of at most one row, such as a link to another service, is `single`: an
  object or null instead of a list;
- what a cascade does not reach is removed or stripped by `erase`, a function of the
  user, called before the user's row goes;
- what stays after the account, without anything of the person but an id, says why in
  `retained_because`;
- `on_progress_reset`, a function of the user, takes back what the app's rows add up
  to, for a person who begins anew and keeps the account;
- `on_joining`, a function of the user, drops the links, open attempts and tokens that
  the app holds, when another proves that the account's address is theirs;
- `on_timezone_change`, a function of the user, looks at the app's rows again by the
  days of the person's new time zone or day start, in the transaction that changes it;
- `before_shown`, a function of the user, brings up to date what is worked out only when
  somebody looks at it, such as badges.

Tests walk all models and fail for one that is not listed, for a column that is neither
shown nor left out, and for anything that outlives the account without being listed.
They want rows of every model: `make_rows(user)` in `<app>/tests/rows.py` makes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.module_loading import module_has_submodule
from rest_framework.serializers import Serializer

from focusmaster.dates.rfc3339 import format_instant
from focusmaster.db.json_rows import json_object
from focusmaster.db.transactions import keep_shape
from focusmaster.exceptions import OwnerGone, refuse_full_disk
from focusmaster.models import StoredAnswer

if TYPE_CHECKING:
    from accounts.models import User

# Rows fetched at a time: some 100 kB.
CHUNK = 500


@dataclass(frozen=True)
class Section:
    """A part of the exported document: rows of a model as a serializer shows them."""

    name: str
    serializer: type[Serializer[Any]]
    single: bool = False
    order: Sequence[str] = ()


@dataclass(frozen=True)
class PersonalDataEntry:
    """What an app keeps of a person in one model."""

    model: type[Model]
    path: str = "user"
    sections: Sequence[Section] = ()
    excluded_columns: Mapping[str, str] = field(default_factory=dict)
    excluded: str = ""
    erase: Callable[[User], object] | None = None
    retained_because: str = ""
    on_progress_reset: Callable[[User], object] | None = None
    on_joining: Callable[[User], object] | None = None
    on_timezone_change: Callable[[User], object] | None = None
    before_shown: Callable[[User], object] | None = None

    def rows(self, user_id: str) -> QuerySet[Any]:
        return self.model._base_manager.filter(**{self.path: user_id})


def personal_data_entries() -> Iterator[PersonalDataEntry]:
    """Yield what all apps hold, those first that build upon others."""
    for app in apps.get_app_configs():
        if module_has_submodule(app.module, "personal_data"):
            module = import_module(f"{app.name}.personal_data")
            yield from getattr(module, "PERSONAL_DATA", ())


def erase(user_id: str) -> bool:
    """Erase a person with all that is theirs; return whether there was one.

    The lock comes first: a request of theirs at the same moment is either finished, and
    what it wrote goes too, or it finds nobody.
    """
    with transaction.atomic():
        users = get_user_model().objects.select_for_update()
        user = users.filter(pk=user_id).first()
        if user is None:
            return False
        for entry in personal_data_entries():
            if entry.erase:
                entry.erase(user)
        user.delete()
    return True


def reset_progress(user: User) -> None:
    """Take back what a person has achieved, in every app; the account stays.

    Raises OwnerGone.
    """
    with transaction.atomic():
        users = type(user).objects.select_for_update(no_key=True)
        if not users.filter(pk=user.pk).values_list("pk").first():
            raise OwnerGone
        for entry in personal_data_entries():
            if entry.on_progress_reset:
                entry.on_progress_reset(user)


def drop_planted(user: User) -> None:
    """Drop every link, open attempt and token that gives access to an account.

    For an account whose address another person has proved: its maker may have planted
    them. The caller's transaction has locked the user.
    """
    for entry in personal_data_entries():
        if entry.on_joining:
            entry.on_joining(user)


def apply_timezone_change(user: User) -> None:
    """Look at a person's rows again by the days of their new zone or day start."""
    for entry in personal_data_entries():
        if entry.on_timezone_change:
            entry.on_timezone_change(user)


def bring_up_to_date(user: User) -> None:
    """Work out what is worked out only when somebody looks at a person."""
    for entry in personal_data_entries():
        if entry.before_shown:
            entry.before_shown(user)


def export(user_id: str) -> IO[bytes]:
    """Return a file with all that is held of a person, as one JSON document.

    A file, for a long history fits no worker's memory; and before the first byte is
    sent, so that a slow client holds no transaction open and gets all or an error.
    Raises OwnerGone.
    """
    models = {entry.model for entry in personal_data_entries()}
    with refuse_full_disk(), snapshot(models):
        file = TemporaryFile()  # noqa: SIM115 (the answer closes it)
        try:
            file.writelines(_document(user_id))
        except BaseException:
            file.close()
            raise
        file.seek(0)
    return file


@contextmanager
def snapshot(models: Iterable[type[Model]]) -> Iterator[None]:
    """Have all queries of the block see the same state of these tables; 2 queries."""
    # Within a transaction it is too late to ask for that; only tests have one around.
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
                )
        keep_shape(models)
        yield


def _document(user_id: str) -> Iterator[bytes]:
    """Yield the text of the document: a line for each row, for who opens it to read."""
    yield b'{\n  "exportedAt": "%b"' % str(format_instant(timezone.now())).encode()
    # The other way round than they build on each other: the account comes first.
    for entry in reversed(list(personal_data_entries())):
        for section in entry.sections:
            yield b',\n  "%b": ' % section.name.encode()
            yield from _value(section, entry.rows(user_id))
    yield b"\n}\n"


def _value(section: Section, rows: QuerySet[Any]) -> Iterator[bytes]:
    document = json_object(section.serializer(), rows.model)
    rows = rows.order_by(*(section.order or rows.model._meta.ordering))
    texts = rows.annotate(document=document).values_list("document", flat=True)
    if section.single:
        text = next(texts.iterator(), None)
        if text is None and rows.model is get_user_model():
            raise OwnerGone
        yield (text or "null").encode()
        return
    start, end = b"[\n    ", b"[]"
    for text in texts.iterator(CHUNK):
        yield start + text.encode()
        start, end = b",\n    ", b"\n  ]"
    yield end


# The service's own.
PERSONAL_DATA = [
    PersonalDataEntry(
        StoredAnswer, excluded="Tells, for a day, what the rows themselves tell."
    ),
]
