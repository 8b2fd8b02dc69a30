"""Email addresses: which are valid, which are one mailbox, and where mail is sent.

One mailbox is one account. Mail takes every spelling of a domain to one place: Unicode,
Punycode, full-width, decomposed, upper case. So addresses are compared by their key: in
lower case, with the domain in its ASCII form by IDNA (UTS 46, non-transitional, as
browsers and mail servers have it). Before the @ only ASCII is taken, as it was sent,
because normalizing would make ASCII of characters such as the Kelvin sign.
"""

from __future__ import annotations

from contextlib import suppress
from smtplib import SMTPRecipientsRefused
from string import ascii_lowercase, ascii_uppercase

import idna
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from focusmaster.text import BLANKS, normalize

MAX_EMAIL_LENGTH = 254

ASCII_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)
A_LABEL = "xn--"


class InvalidAddress(ValueError):
    """An address to which no mail can be sent."""


def ascii_address(text: str) -> str:
    """Return the address with its domain in ASCII, to which mail is sent.

    Raises InvalidAddress.
    """
    local, _, domain = text.rpartition("@")
    if len(text) > MAX_EMAIL_LENGTH or not local.isascii():
        raise InvalidAddress
    if not domain.isascii() or A_LABEL in domain.lower():
        try:
            domain = idna.encode(domain, uts46=True, std3_rules=True).decode()
        except UnicodeError:
            raise InvalidAddress from None
    address = f"{local}@{domain}"
    try:
        validate_email(address)
    except ValidationError:
        raise InvalidAddress from None
    if len(address) > MAX_EMAIL_LENGTH or not address.isprintable():
        raise InvalidAddress
    return address


def mail_recipient(email: str) -> str:
    """Return a stored address as mail servers take it.

    Raises SMTPRecipientsRefused for one from before addresses had to be valid.
    """
    try:
        return ascii_address(email)
    except InvalidAddress:
        raise SMTPRecipientsRefused({email: (553, b"not an address")}) from None


def shown_address(text: str) -> str:
    """Return a valid address as it is stored and shown, with its domain in Unicode.

    Raises InvalidAddress.
    """
    address = text.strip(BLANKS)
    local, _, domain = ascii_address(address).rpartition("@")
    if A_LABEL in domain:
        given = normalize(address.rpartition("@")[2])
        decoded = idna.decode(domain)
        return f"{local}@{given if given.lower() == decoded else decoded}"
    given = address.rpartition("@")[2]
    return f"{local}@{given if given.isascii() else domain}"


def email_key(text: str) -> str:
    """Return what two spellings of one mailbox have in common; "" for nothing.

    What is no address, or one of before these rules, is compared as it is, without
    regard to the case of ASCII letters.
    """
    address = text.strip(BLANKS)
    with suppress(InvalidAddress):
        address = ascii_address(address)
    return address.translate(ASCII_LOWER)


def email_keys(text: str) -> list[str]:
    """Return the keys under which an account may be found, the exact spelling first.

    Two only where the exact spelling is that of an older account which shares its
    mailbox with another one.
    """
    exact = text.strip(BLANKS).translate(ASCII_LOWER)
    return list(dict.fromkeys([exact, email_key(text)]))
