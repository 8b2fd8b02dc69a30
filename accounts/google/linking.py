"""Which account of ours a Google account opens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone
from social_django.models import UserSocialAuth

from accounts.authentication import refuse_barred
from accounts.exceptions import EmailTaken
from accounts.google.exceptions import EmailOfAnother, NoPassword, NotLinked
from accounts.models import SignIn, User
from focusmaster.exceptions import constraint_errors

if TYPE_CHECKING:
    from accounts.google.id_tokens import Identity

# What social-auth calls Google in its table, and the claim that a link is keyed by.
PROVIDER = "google-openidconnect"
ID_KEY = "sub"
LINK_UNIQUE = "social_auth_usersocialauth_provider_uid_e6b5e668_uniq"


class LinkTaken(Exception):
    """The same Google account was linked at the same moment."""


def sign_in(*, identity: Identity, guest: SignIn | None, **origin: Any) -> SignIn:
    """Sign in to the account that this Google account opens.

    The first time that is a new account, or what the guest becomes, or the account
    with its address; raises EmailOfAnother if Google does not prove the address, or
    another Google account opens that one.
    """
    try:
        return _sign_in(identity, guest, origin)
    except (EmailTaken, LinkTaken):
        # Somebody was quicker, and most likely it is the same person, twice.
        return _sign_in(identity, guest, origin)


@transaction.atomic
def _sign_in(
    identity: Identity, guest: SignIn | None, origin: dict[str, Any]
) -> SignIn:
    """Do it, or raise EmailTaken or LinkTaken if that changes at this moment."""
    users = User.objects.select_for_update(no_key=True, of=["self"])
    links = {"social_auth__provider": PROVIDER, "social_auth__uid": identity.sub}
    if user := users.filter(**links).first():
        refuse_barred(user)
        return SignIn.objects.start(user=user, **origin)
    if user := users.with_email(identity.email).first():
        _join(user, identity)
        return SignIn.objects.start(user=user, **origin)
    return _start_with_account(identity, guest, origin)


def _start_with_account(
    identity: Identity, guest: SignIn | None, origin: dict[str, Any]
) -> SignIn:
    started = SignIn.objects.start_with_account(
        name=identity.name, email=identity.email, password=None, guest=guest, **origin
    )
    user = started.user
    if identity.picture and not user.picture:
        user.picture = identity.picture
        User.objects.filter(pk=user.pk).update(picture=identity.picture)
    _link(user, identity)
    return started


def _join(user: User, identity: Identity) -> None:
    """Let the Google account open an account that has its address.

    Nobody had proved the address when they chose the password: it may have been a
    stranger, who gets in no more, neither with it nor where they are signed in. For
    staff's pages the change of the password is enough.
    """
    linked = user.social_auth.filter(provider=PROVIDER).values_list("uid", flat=True)
    if identity.sub in linked:
        raise LinkTaken  # While we waited for the lock.
    if linked or not identity.proves_email:
        raise EmailOfAnother
    refuse_barred(user)
    mine = User.objects.filter(pk=user.pk)
    mine.update(password=make_password(None), updated_at=timezone.now())
    user.sign_ins.all().revoke()
    user.password_resets.all().delete()
    user.email_changes.all().delete()
    _link(user, identity)


def _link(user: User, identity: Identity) -> None:
    with constraint_errors({LINK_UNIQUE: LinkTaken()}):
        UserSocialAuth.create_social_auth(user, identity.sub, PROVIDER, id_key=ID_KEY)


@transaction.atomic
def unlink(user: User) -> None:
    """Let no Google account open this account; raises NotLinked or NoPassword.

    The lock keeps the password from going at this moment.
    """
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    links = user.social_auth.filter(provider=PROVIDER)
    if not links.exists():
        raise NotLinked
    if not user.has_usable_password():
        raise NoPassword
    links.delete()
