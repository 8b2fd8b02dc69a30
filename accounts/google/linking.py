"""Links between Google accounts and the accounts that they open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from social_django.models import UserSocialAuth

from accounts.exceptions import EmailTaken
from accounts.google.exceptions import EmailOfAnother, NoPassword, NotLinked
from accounts.models import SignIn, User
from focusmaster.exceptions import constraint_errors
from focusmaster.personal_data import drop_planted

if TYPE_CHECKING:
    from accounts.google.id_tokens import Identity

# social-auth's name of Google in its table, and the claim that is the key of a link.
PROVIDER = "google-openidconnect"
ID_KEY = "sub"
LINK_UNIQUE = "social_auth_usersocialauth_provider_uid_e6b5e668_uniq"


class LinkTaken(Exception):
    """The same Google account was linked by a concurrent request."""


def sign_in(*, identity: Identity, guest: SignIn | None, **origin: Any) -> SignIn:
    """Start a sign-in to the account that this Google account opens.

    The first time, that is the account with the same address, or else a new one, which
    a guest becomes. Raises Barred, and EmailOfAnother if Google does not prove the
    address or another Google account opens the account.
    """
    try:
        return _sign_in(identity, guest, origin)
    except (EmailTaken, LinkTaken):
        # A concurrent request was first, most likely by the same person.
        return _sign_in(identity, guest, origin)


@transaction.atomic
def _sign_in(
    identity: Identity, guest: SignIn | None, origin: dict[str, Any]
) -> SignIn:
    """Try once; raises EmailTaken or LinkTaken if a concurrent request was first."""
    users = User.objects.select_for_update(no_key=True, of=["self"])
    links = {"social_auth__provider": PROVIDER, "social_auth__uid": identity.sub}
    if user := users.filter(**links).first():
        user.check_not_barred()
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
    """Link the Google account to the account that has its address.

    A stranger may have registered the address, because nobody had to prove it. So the
    password, all sign-ins, links and open attempts end.
    """
    linked = user.social_auth.filter(provider=PROVIDER).values_list("uid", flat=True)
    if identity.sub in linked:
        raise LinkTaken  # By a request that held the lock before.
    if linked or not identity.proves_email:
        raise EmailOfAnother
    user.check_not_barred()
    drop_planted(user)
    _link(user, identity)


def _link(user: User, identity: Identity) -> None:
    with constraint_errors({LINK_UNIQUE: LinkTaken()}):
        UserSocialAuth.create_social_auth(user, identity.sub, PROVIDER, id_key=ID_KEY)


@transaction.atomic
def unlink(user: User) -> None:
    """Remove the link to a Google account; raises NotLinked or NoPassword.

    Locks the user, so that the password cannot be removed meanwhile.
    """
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    links = user.social_auth.filter(provider=PROVIDER)
    if not links.exists():
        raise NotLinked
    if not user.has_usable_password():
        raise NoPassword
    links.delete()
