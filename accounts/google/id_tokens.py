"""Google's ID tokens: checks that one is genuine and for us, and reads its person.

Imported at the first sign-in with Google, because social-core's backends load slowly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jwt
from django.conf import settings
from rest_framework.exceptions import ValidationError
from social_core.backends.google_openidconnect import GoogleOpenIdConnect
from social_core.exceptions import AuthResponseError
from social_django.utils import load_strategy

from accounts.google.exceptions import InvalidIdToken, UnverifiedEmail
from accounts.google.keys import Key, keys_at
from accounts.google.linking import PROVIDER
from accounts.serializers import EmailField, PictureField
from focusmaster.text import sanitize

# Google's tokens have some 1200 characters.
MAX_TOKEN_LENGTH = 8192
# Google's documented limit.
MAX_SUB_LENGTH = 255
MAX_NAME_LENGTH = 100
# Google runs these addresses.
GOOGLES_OWN_DOMAINS = {"gmail.com", "googlemail.com"}


@dataclass(frozen=True)
class Identity:
    """A person as Google knows them.

    `proves_email`: Google runs the address, and so knows who owns it now. Of another
    address Google knows only who owned it once.
    """

    sub: str
    email: str
    name: str
    picture: str
    proves_email: bool


class IdTokenBackend(GoogleOpenIdConnect):
    """social-core's checks, for a token that the web client got by itself.

    Skips the checks of the hash of an access token and of the nonce of a redirect:
    there is neither.
    """

    name = PROVIDER
    VALIDATE_AT_HASH = False
    # Seconds by which our clock may be behind Google's.
    JWT_LEEWAY = 30

    # social-core is written for one client and one issuer; PyJWT takes several.
    def get_key_and_secret(self) -> Any:
        return settings.GOOGLE_CLIENT_IDS, ""

    def id_token_issuer(self) -> Any:
        return settings.GOOGLE_ISSUERS

    def find_valid_key(self, id_token: str) -> Key | None:
        """Return the key that the token names; its signature is checked later."""
        kid = jwt.get_unverified_header(id_token).get("kid", "")
        return keys_at(settings.GOOGLE_JWKS_URL).find(kid)

    def validate_authorized_party(self, claims: dict, client_id: Any) -> None:
        """Check that the token is for one of our clients and was issued to one."""
        if claims["aud"] not in client_id:  # False for a list of audiences, too.
            raise AuthResponseError(self, code="invalid_claim", claim="aud")
        if claims.get("azp", claims["aud"]) not in client_id:
            raise AuthResponseError(self, code="invalid_claim", claim="azp")

    def claims_of(self, id_token: str) -> dict[str, Any]:
        claims = self.decode_and_validate_id_token(id_token, None)
        self.validate_required_id_token_claims(claims)
        self.validate_temporal_claims(claims)
        self.validate_email_verified(claims, stage="token_validation")
        return claims


def read_id_token(token: str) -> Identity:
    """Return the person of an ID token.

    Raises InvalidIdToken, UnverifiedEmail or KeysUnavailable.
    """
    if len(token) > MAX_TOKEN_LENGTH:
        raise InvalidIdToken("too_long")
    try:
        claims = IdTokenBackend(load_strategy()).claims_of(token)
    except AuthResponseError as exc:
        is_about_email = exc.claim == "email_verified"
        error = UnverifiedEmail if is_about_email else InvalidIdToken
        raise error(reason_of(exc)) from None
    except TypeError:  # From social-core, for a time that is text.
        raise InvalidIdToken("malformed") from None
    return identity_in(claims)


def reason_of(exc: AuthResponseError) -> str:
    """Describe an error by names of the libraries, without any text of the token."""
    cause = type(exc.__cause__).__name__ if exc.__cause__ else ""
    return " ".join(part for part in (exc.code, exc.claim, cause) if part)


def identity_in(claims: dict[str, Any]) -> Identity:
    sub = claims["sub"]
    if not (0 < len(sub) <= MAX_SUB_LENGTH and sub.isascii() and sub.isprintable()):
        raise InvalidIdToken("invalid_claim sub")
    try:
        email = EmailField().run_validation(claims.get("email"))
    except ValidationError:
        raise UnverifiedEmail("invalid_claim email") from None
    user, _, domain = email.rpartition("@")
    organisation = claims.get("hd")
    return Identity(
        sub=sub,
        email=email,
        name=text_of(claims.get("name")) or user[:MAX_NAME_LENGTH],
        picture=picture_of(claims.get("picture")),
        proves_email=domain.lower() in GOOGLES_OWN_DOMAINS
        or (isinstance(organisation, str) and organisation != ""),
    )


def text_of(name: Any) -> str:
    return sanitize(name, max_length=MAX_NAME_LENGTH) if isinstance(name, str) else ""


def picture_of(url: Any) -> str:
    """Return the URL of the picture, "" where it is missing or malformed."""
    try:
        return PictureField().run_validation(url)
    except ValidationError:
        return ""
