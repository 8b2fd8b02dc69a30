"""A mail server that keeps what it gets, and how mails are read."""

from __future__ import annotations

import logging
import re
from asyncio import to_thread
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from queue import Empty, SimpleQueue

from accounts import mail

PATIENCE = 10  # seconds

# The mail server's own account of each mail, with the addresses.
logging.getLogger("mail.log").setLevel(logging.WARNING)


class Mailbox:
    """What arrives at a mail server, whoever it is for."""

    def __init__(self) -> None:
        self.arrived: SimpleQueue[EmailMessage] = SimpleQueue()
        self.refused: set[str] = set()
        # Called for each mail before it is taken.
        self.watch: Callable[[], object] = lambda: None

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:
        if address in self.refused:
            return "550 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:
        await to_thread(self.watch)
        message = message_from_bytes(envelope.content, policy=policy.default)
        message.recipients = envelope.rcpt_tos
        self.arrived.put(message)
        return "250 OK"

    def next(self) -> EmailMessage:
        """Return the mail that arrived first of those not looked at; wait for it."""
        return self.arrived.get(timeout=PATIENCE)

    def is_empty(self) -> bool:
        """Tell whether nothing has arrived, once all that is under way has."""
        mail.BACKGROUND.submit(lambda: None).result(PATIENCE)
        try:
            self.arrived.get_nowait()
        except Empty:
            return True
        return False


def texts_of(message: EmailMessage) -> list[str]:
    """Return both parts of a mail, the plain text first."""
    text, html = message.iter_parts()
    assert text.get_content_type() == "text/plain"
    assert html.get_content_type() == "text/html"
    return [part.get_content().replace("\r\n", "\n") for part in (text, html)]


def only(pattern: str, text: str) -> str:
    """Return the one place in a text that a person would copy."""
    (found,) = set(re.findall(pattern, text))
    return found


def code_in(message) -> str:
    """Return the code as a person reads it in either part of the mail."""
    codes = {
        only(r"(?<!\d)\d{6}(?!\d)", without_style(part)) for part in texts_of(message)
    }
    (code,) = codes
    return code


def without_style(text: str) -> str:
    return re.sub(r'style="[^"]*"', "", text)
