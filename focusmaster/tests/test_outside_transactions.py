"""Mail and other services are asked in no transaction.

What they did would stay if it were rolled back, and others would wait for its locks
while they take their time. `require_no_transaction` refuses it wherever they are asked:
each test of such an endpoint shows it, and test_openapi.py tries all of them with an
Idempotency-Key, which has a transaction around the others.
"""

from __future__ import annotations

from time import monotonic

import pytest
from django.db import connections, transaction

from accounts import mail
from accounts.google.keys import Keys
from focusmaster.tests.concurrency import open_transactions
from focusmaster.tests.people import client_of
from focusmaster.tests.sources import (
    imported_names,
    is_test,
    module_name,
    source_files,
    syntax_tree,
)
from integrations import focus, player
from moderation.models import Feedback
from moderation.tests.browser import signed_in

# What sends something to another machine.
NETWORK = {"requests", "urllib3", "spotipy", "httpx", "http", "urllib", "smtplib"}
# Of these packages, what sends nothing: servers, texts of URLs, and errors.
HARMLESS = ("http.server", "http.cookiejar", "http.cookies", "urllib.parse")
# The modules that send, each with `require_no_transaction` before it, or without a
# request: what the operator runs, and stands-in.
SENDERS = {
    "accounts.google.keys",
    "accounts.mail",
    "benchmarks",
    "integrations.fakes",
    "integrations.management.commands.check_integrations",
    "integrations.spotify",
}


def sends(module: str, name: str) -> bool:
    """Tell whether an import is of what sends something."""
    if module == "django.core.mail" or (module, name) == ("django.core", "mail"):
        return True
    is_error = module == "smtplib" and name.startswith("SMTP") and name != "SMTP"
    is_harmless = module.startswith(HARMLESS) or is_error
    return module.partition(".")[0] in NETWORK and not is_harmless


def test_only_modules_with_the_guard_send_something():
    found = {
        module_name(path)
        for path in source_files()
        if not is_test(path)
        for module, name, _ in imported_names(syntax_tree(path))
        if sends(module, name)
    }

    assert {one for one in found if not one.startswith(tuple(SENDERS))} == set()
    assert {"accounts.google.keys", "accounts.mail", "integrations.spotify"} <= found


SENDING = [
    lambda user: mail.send_code("x@example.com", "123456"),
    lambda user: mail.send_text("x@example.com", "Hello", "Hello"),
    lambda user: mail.in_background(mail.send_reset, "x@example.com"),
    lambda user: Keys("http://127.0.0.1:9").find("1"),
    lambda user: player.executor.run(print, deadline=monotonic() + 5),
    lambda user: focus.tell(user, "focus"),
]


@pytest.mark.parametrize("send", SENDING)
def test_nothing_is_sent_in_a_transaction(alice, mailbox, send):
    with transaction.atomic(), pytest.raises(RuntimeError):
        send(alice)

    assert mailbox.is_empty()


# What the mail server sees of the database while a mail comes in

MAILS = [
    ("/api/auth/otp/send", {"newEmail": "new@example.com"}),
    ("/api/auth/password/forgot", {"email": "alice@example.com"}),
    ("/api/admin/feedback/{feedback}/reply", {"message": "Thanks"}),
    ("/admin/moderation/feedback/{feedback}/reply/", {"message": "Thanks"}),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("headers", [{}, {"HTTP_IDEMPOTENCY_KEY": "k"}])
@pytest.mark.parametrize(("path", "body"), MAILS)
def test_no_transaction_is_open_while_a_mail_is_sent(
    alice, moderator, mailbox, path, body, headers
):
    row = Feedback.objects.create(user=alice, message="Hello")
    opened: list[list[str]] = []

    def look() -> None:
        try:
            opened.append(open_transactions())
        finally:
            connections.close_all()

    mailbox.watch = look
    is_page = path.startswith("/admin/")
    client = signed_in(moderator) if is_page else client_of(moderator)

    response = client.post(path.format(feedback=row.pk), body, **headers)

    assert response.status_code in (200, 201, 302)
    mailbox.next()
    assert opened == [[]]
