"""Mail to people: plain text and simple HTML, from the templates in `accounts/mail`.

`send` and `send_text` are for mail that a person waits for, `in_background` for mail
that must not delay or fail a response. No mail is sent in a transaction, which may yet
be rolled back. No mail from a template contains text that a stranger chose, such as a
name, because the address may be anybody's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.db import connections
from django.template.loader import render_to_string

from accounts.addresses import mail_recipient
from accounts.exceptions import MailNotConfigured
from accounts.models import PasswordReset, User
from accounts.models.email_changes import CODE_LIFE
from focusmaster.db.transactions import require_no_transaction
from focusmaster.hashing import yield_to_others

log = logging.getLogger("focusmaster.mail")

# One mail after the other; the process ends only when all are sent. The low priority
# keeps other requests as fast, so that nobody can tell a known address by their time.
BACKGROUND = ThreadPoolExecutor(
    max_workers=1, thread_name_prefix="mail", initializer=yield_to_others
)


def require_configured() -> None:
    """Raise MailNotConfigured in production without a mail server."""
    if not settings.CAN_SEND_MAIL:
        raise MailNotConfigured


def send(template: str, to: str, subject: str, **context: Any) -> None:
    """Send a mail; OSError if the mail server is down, slow, or rejects it.

    Raises MailNotConfigured where there is none, and RuntimeError in a transaction.
    """
    require_configured()
    require_no_transaction()
    context["subject"] = subject
    text, html = (
        render_to_string(f"accounts/mail/{template}.{kind}", context)
        for kind in ("txt", "html")
    )
    # Keeps automatic replies, such as out-of-office notices, from being sent.
    headers = {"Auto-Submitted": "auto-generated"}
    mail = EmailMultiAlternatives(
        subject, text, to=[mail_recipient(to)], headers=headers
    )
    mail.attach_alternative(html, "text/html")
    mail.send()


def send_text(to: str, subject: str, text: str) -> None:
    """Send what one person wrote to another; errors are those of `send`."""
    require_configured()
    require_no_transaction()
    EmailMessage(subject, text, to=[mail_recipient(to)]).send()


def in_background(act: Callable[..., None], *args: Any) -> None:
    """Call this in the thread for mail; errors are logged.

    Raises RuntimeError in a transaction.
    """
    require_no_transaction()
    BACKGROUND.submit(_act, act, args)


def _act(act: Callable[..., None], args: tuple) -> None:
    try:
        act(*args)
    except OSError as exc:
        log_failure(exc)
    except MailNotConfigured as exc:
        log.error("A mail was not sent: %s", exc)
    except Exception:
        log.exception("A mail was not sent")
    finally:
        connections.close_all()


def log_failure(exc: OSError) -> None:
    """Log why a mail was not sent, without the message, which may have the address."""
    code = getattr(exc, "smtp_code", None) or exc.errno
    log.error("A mail was not sent: %s %s", type(exc).__name__, code)


def send_code(new_email: str, code: str) -> None:
    """Send the code that confirms a new address to it, or raise OSError."""
    minutes = int(CODE_LIFE.total_seconds() // 60)
    subject = "Your code for FocusMaster"
    send("email_code", new_email, subject, code=code, minutes=minutes)


def send_notice_of_change(old_email: str, new_email: str) -> None:
    """Tell the old address of an account that it has a new one, or raise OSError."""
    subject = "Your FocusMaster account has a new email address"
    send("email_changed", old_email, subject, new_email=new_email)


def send_reset(email: str) -> None:
    """Send a link for a new password to the account of this email, if there is one."""
    user = User.objects.with_email(email).first()
    if user is None:
        return
    token = PasswordReset.objects.start(user=user)
    page = f"{settings.CLIENT_URL}/reset-password" if settings.CLIENT_URL else ""
    link = page and f"{page}?token={token}"
    subject = "A new password for FocusMaster"
    send("password_reset", user.email, subject, token=token, link=link)
