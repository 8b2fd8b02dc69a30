from __future__ import annotations

from datetime import UTC, datetime, timedelta

import jwt
import pytest
from django.conf import settings
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import SignIn, User
from accounts.tokens import SignInToken
from focusmaster.tests.people import PASSWORD, browser_of, client_of, token_of

LOGIN = "/api/auth/login"
LOGOUT = "/api/auth/logout"
REFRESH = "/api/auth/refresh"
ME = "/api/auth/me"

OWN = "http://testserver"
CLIENT = "https://app.example.com"
DAY = timedelta(days=1)


def bearer(token: object) -> APIClient:
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")


def sign_in_of(token: SignInToken) -> SignIn:
    return SignIn.objects.get(pk=token["sid"])


def assert_token_refused(response) -> None:
    assert response.status_code == 401
    body = response.json()
    assert body["message"] == "Not authorized, token failed"
    assert body["code"] == "not_authenticated"


# Signing in


@pytest.mark.parametrize("email", ["alice@example.com", " ALICE@Example.com"])
def test_email_and_password_sign_in(anonymous, alice, email):
    response = anonymous.post(LOGIN, {"email": email, "password": PASSWORD})

    assert response.status_code == 200
    token = response.json()["token"]
    assert response.json() == {
        "_id": alice.pk,
        "name": "Alice",
        "email": "alice@example.com",
        "picture": "",
        "role": "user",
        "isGuest": False,
        "points": 0,
        "token": token,
    }
    assert response.cookies["jwt"].value == token
    assert bearer(token).get(ME).json()["_id"] == alice.pk


def test_sign_in_is_kept_with_its_device(anonymous, alice):
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"

    anonymous.post(
        LOGIN,
        {"email": alice.email, "password": PASSWORD},
        HTTP_USER_AGENT=firefox,
        REMOTE_ADDR="2001:db8::7",
    )

    sign_in = SignIn.objects.get()
    assert sign_in.user == alice
    assert sign_in.device == "Firefox on Linux"
    assert sign_in.ip_address == "2001:db8::7"
    assert sign_in.expires_at - sign_in.created_at == 30 * DAY
    assert sign_in.revoked_at is None


def test_unknown_email_and_wrong_password_look_the_same(anonymous, alice):
    bodies = []
    for email, password in [
        (alice.email, "wrong horse 1"),
        (alice.email, f"{PASSWORD} "),
        (alice.email, PASSWORD.upper()),
        ("nobody@example.com", PASSWORD),
        ("no email at all", PASSWORD),
        ("%", PASSWORD),
    ]:
        response = anonymous.post(LOGIN, {"email": email, "password": password})
        bodies.append((response.status_code, response.json() | {"requestId": ""}))

    assert bodies == 6 * [
        (
            401,
            {
                "message": "Invalid email or password",
                "code": "invalid_credentials",
                "requestId": "",
            },
        )
    ]
    assert not SignIn.objects.exists()


def test_account_without_a_password_cannot_sign_in_with_one(anonymous, alice):
    alice.set_unusable_password()
    alice.save()

    response = anonymous.post(LOGIN, {"email": alice.email, "password": alice.password})

    assert response.status_code == 401


def test_account_without_an_email_cannot_be_named(anonymous, alice):
    User.objects.filter(pk=alice.pk).update(email="")

    response = anonymous.post(LOGIN, {"email": "", "password": PASSWORD})

    assert response.status_code == 400


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", None),
        ("email", 7),
        ("email", ["alice@example.com"]),
        ("email", {"$ne": ""}),
        ("password", None),
        ("password", 1),
        ("password", {"$gt": ""}),
        ("remember", True),
    ],
)
def test_wrong_value_is_refused_by_name(anonymous, alice, field, value):
    credentials = {"email": alice.email, "password": PASSWORD}

    response = anonymous.post(LOGIN, {**credentials, field: value})

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert not SignIn.objects.exists()


def test_answer_can_be_sent_back_with_a_password(anonymous, alice):
    credentials = {"email": alice.email, "password": PASSWORD}
    answer = anonymous.post(LOGIN, credentials).json()

    response = APIClient().post(LOGIN, {**answer, "password": PASSWORD})

    assert response.status_code == 200


def test_sign_in_takes_few_queries(anonymous, alice, django_assert_num_queries):
    # The three limits on guesses, the person, the limits again; in a transaction the
    # lock and the sign-in; the points.
    with django_assert_num_queries(3 + 1 + 3 + 4 + 1):
        anonymous.post(LOGIN, {"email": alice.email, "password": PASSWORD})


# Bans and suspensions


def bar(user: User, status: str, reason: str = "", until: datetime | None = None):
    User.objects.filter(pk=user.pk).update(
        status=status, ban_reason=reason, banned_until=until
    )


BARRED = [
    ("banned", "", None, "This account is banned."),
    ("banned", "Spam", None, "This account is banned: Spam"),
    (
        "suspended",
        "Rude",
        datetime(2999, 1, 2, 3, tzinfo=UTC),
        "This account is suspended until 2999-01-02T03:00:00Z: Rude",
    ),
]


@pytest.mark.parametrize(("status", "reason", "until", "message"), BARRED)
def test_barred_person_reads_why_when_signing_in(
    anonymous, alice, status, reason, until, message
):
    bar(alice, status, reason, until)

    response = anonymous.post(LOGIN, {"email": alice.email, "password": PASSWORD})

    assert response.status_code == 403
    assert response.json()["message"] == message
    assert response.json()["code"] == status
    assert "jwt" not in response.cookies
    assert not SignIn.objects.exists()


@pytest.mark.parametrize(("status", "reason", "until", "message"), BARRED)
def test_live_token_of_a_barred_person_is_refused(
    api, alice, status, reason, until, message
):
    bar(alice, status, reason, until)

    response = api.get(ME)

    assert response.status_code == 403
    assert response.json()["message"] == message


def test_token_that_a_ban_revoked_tells_of_the_ban(api, alice):
    bar(alice, "banned", "Spam")
    alice.sign_ins.revoke()

    response = api.get(ME)

    assert response.status_code == 403
    assert response.json()["message"] == "This account is banned: Spam"


def test_wrong_password_tells_nothing_of_a_ban(anonymous, alice):
    bar(alice, "banned", "Spam")

    response = anonymous.post(LOGIN, {"email": alice.email, "password": "wrong one 1"})

    assert response.status_code == 401


def test_suspension_that_is_over_bars_nothing(api, anonymous, alice):
    bar(alice, "suspended", "Rude", timezone.now() - timedelta(seconds=1))

    me = api.get(ME)
    login = anonymous.post(LOGIN, {"email": alice.email, "password": PASSWORD})

    assert me.status_code == login.status_code == 200


# Tokens


def test_token_says_nothing_but_whose_it_is(alice):
    token = str(token_of(alice))

    claims = jwt.decode(token, settings.SECRET_KEY, algorithms=["HS256"])

    sign_in = SignIn.objects.get()
    assert claims.keys() == {"token_type", "exp", "iat", "jti", "user_id", "sid"}
    assert (claims["user_id"], claims["sid"]) == (alice.pk, sign_in.pk)
    assert claims["exp"] - claims["iat"] == settings.TOKEN_DAYS * 86400


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER "])
def test_scheme_is_read_in_any_letters(alice, scheme):
    client = APIClient(HTTP_AUTHORIZATION=f"{scheme} {token_of(alice)}")

    response = client.get(ME)

    assert response.status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer nonsense",
        "Bearer a.b.c",
        "Bearer ..",
        "Bearer \xff\xfe",
        "Bearer null",
        "Bearer e30.e30.e30",
        f"Bearer {'x' * 10_000}",
        "Basic YWxpY2U6cGFzc3dvcmQ=",
        "Token x",
        "",
    ],
)
def test_header_that_holds_no_token_is_refused(anonymous, header):
    response = anonymous.get(ME, HTTP_AUTHORIZATION=header)

    assert_token_refused(response)


def forged(token: SignInToken, *, key: str, algorithm: str, **claims: object) -> str:
    return jwt.encode({**token.payload, **claims}, key, algorithm=algorithm)


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [("", "none"), ("another key of sixty-four characters" * 2, "HS256")],
)
def test_token_that_was_not_signed_here_is_refused(alice, key, algorithm):
    token = forged(token_of(alice), key=key, algorithm=algorithm)

    response = bearer(token).get(ME)

    assert_token_refused(response)


def test_token_signed_in_another_way_is_refused(alice):
    key = str(settings.SECRET_KEY)
    token = forged(token_of(alice), key=key, algorithm="HS512")

    response = bearer(token).get(ME)

    assert_token_refused(response)


def test_token_with_other_claims_under_its_signature_is_refused(alice, bob):
    mine, theirs = str(token_of(alice)).split("."), str(token_of(bob)).split(".")

    response = bearer(".".join([mine[0], theirs[1], mine[2]])).get(ME)

    assert_token_refused(response)


@pytest.mark.parametrize(
    "claims",
    [
        {"sid": None},
        {"sid": 7},
        {"sid": ""},
        {"sid": "nonsense"},
        {"sid": ["507f1f77bcf86cd799439011"]},
        {"sid": {"$ne": ""}},
        {"sid": "507f1f77bcf86cd799439011"},
        {"sid": "507F1F77BCF86CD799439011"},
        {"sid": "507f1f77bcf86cd799439011\n"},
        {"sid": "\x00" * 24},
        {"exp": 1},
        {"exp": "soon"},
        {"exp": None},
        {"exp": -1e18},
        {"token_type": "refresh"},
        {"token_type": None},
    ],
    ids=str,
)
def test_token_with_odd_claims_is_refused(alice, claims):
    key = str(settings.SECRET_KEY)
    token = forged(token_of(alice), key=key, algorithm="HS256", **claims)

    response = bearer(token).get(ME)

    assert_token_refused(response)


@pytest.mark.parametrize("user_id", ["nonsense", None, 7, "507f1f77bcf86cd799439011"])
def test_sign_in_alone_tells_whose_token_it_is(alice, user_id):
    key = str(settings.SECRET_KEY)
    token = forged(token_of(alice), key=key, algorithm="HS256", user_id=user_id)

    response = bearer(token).get(ME)

    assert response.json()["_id"] == alice.pk


def test_expired_token_is_refused(alice):
    token = token_of(alice)
    token.set_exp(lifetime=-timedelta(seconds=1))

    response = bearer(token).get(ME)

    assert_token_refused(response)


def test_token_of_an_expired_sign_in_is_refused(alice):
    token = token_of(alice)
    now = timezone.now()
    alice.sign_ins.update(created_at=now - 30 * DAY, expires_at=now)

    response = bearer(token).get(ME)

    assert_token_refused(response)


def test_token_of_a_revoked_sign_in_is_refused(alice):
    token = token_of(alice)
    alice.sign_ins.revoke()

    response = bearer(token).get(ME)

    assert_token_refused(response)


def test_token_of_a_deleted_account_is_refused(alice):
    token = token_of(alice)
    alice.delete()

    response = bearer(token).get(ME)

    assert_token_refused(response)
    assert not SignIn.objects.exists()


def test_role_is_read_anew_at_each_request(api, alice):
    User.objects.filter(pk=alice.pk).update(role=User.Role.ADMIN)

    response = api.get(ME)

    assert response.json()["role"] == "admin"


def test_token_costs_one_query(api, django_assert_num_queries):
    with django_assert_num_queries(1):
        response = api.options(ME)

    assert response.status_code == 200


def test_last_use_is_noted_now_and_then(api, alice, django_assert_num_queries):
    long_ago = timezone.now() - timedelta(minutes=6)
    alice.sign_ins.update(last_used_at=long_ago)

    with django_assert_num_queries(2):  # the token with the profile, the last use
        api.get(ME)
    with django_assert_num_queries(1):
        api.get(ME)

    assert alice.sign_ins.get().last_used_at > long_ago


# The cookie


def test_cookie_is_for_this_site_and_no_script(anonymous, alice):
    response = anonymous.post(LOGIN, {"email": alice.email, "password": PASSWORD})

    cookie = response.cookies["jwt"]
    assert cookie["httponly"] is True
    assert cookie["path"] == "/"
    assert cookie["samesite"] == "Lax"
    assert cookie["secure"] == ""
    assert cookie["domain"] == ""
    assert cookie["max-age"] == settings.TOKEN_DAYS * 86400


def test_cookie_set_over_https_stays_there(anonymous, alice):
    credentials = {"email": alice.email, "password": PASSWORD}

    response = anonymous.post(LOGIN, credentials, secure=True)

    assert response.cookies["jwt"]["secure"] is True
    assert response.cookies["jwt"]["samesite"] == "Lax"


def test_cookie_for_a_client_on_another_site_is_a_setting(anonymous, alice, settings):
    settings.TOKEN_COOKIE_CROSS_SITE = True

    login = anonymous.post(LOGIN, {"email": alice.email, "password": PASSWORD})
    logout = APIClient().post(LOGOUT)

    for cookie in (login.cookies["jwt"], logout.cookies["jwt"]):
        assert cookie["samesite"] == "None"
        assert cookie["secure"] is True


def test_cookie_stands_in_for_the_header(alice):
    response = browser_of(alice).get(ME)

    assert response.status_code == 200
    assert response.json()["_id"] == alice.pk


@pytest.mark.parametrize("value", ["", "nonsense", "null", '"quoted'])
def test_cookie_that_holds_no_token_is_refused(anonymous, value):
    anonymous.cookies["jwt"] = value

    response = anonymous.get(ME)

    assert_token_refused(response)


def test_header_wins_over_the_cookie(alice, bob):
    browser = browser_of(alice)

    good = browser.get(ME, HTTP_AUTHORIZATION=f"Bearer {token_of(bob)}")
    bad = browser.get(ME, HTTP_AUTHORIZATION="Bearer nonsense")

    assert good.json()["_id"] == bob.pk
    assert_token_refused(bad)


def test_other_kind_of_authorization_leaves_the_cookie(alice):
    response = browser_of(alice).get(ME, HTTP_AUTHORIZATION="Basic YTpi")

    assert response.status_code == 200


def token_used_for(user: User, age: timedelta) -> SignInToken:
    """Return a token of the user's as it is when it has this age."""
    token = token_of(user)
    left = settings.TOKEN_DAYS * DAY - age
    token.set_exp(lifetime=left)
    now = timezone.now()
    user.sign_ins.update(created_at=now - age, expires_at=now + left)
    return token


def test_cookie_is_renewed_after_half_its_life(alice):
    token = token_used_for(alice, 15 * DAY + timedelta(minutes=1))
    browser = APIClient()
    browser.cookies["jwt"] = str(token)

    response = browser.get(ME)

    renewed = SignInToken(response.cookies["jwt"].value)
    assert renewed["sid"] == token["sid"]
    assert renewed["exp"] - token["exp"] == pytest.approx(15 * 86400, abs=120)
    left = sign_in_of(token).expires_at - timezone.now()
    assert left > 30 * DAY - timedelta(minutes=1)
    assert bearer(renewed).get(ME).status_code == 200


def test_cookie_is_left_alone_before_half_its_life(alice):
    browser = APIClient()
    browser.cookies["jwt"] = str(token_used_for(alice, 15 * DAY - timedelta(minutes=1)))

    response = browser.get(ME)

    assert response.status_code == 200
    assert "jwt" not in response.cookies


def test_header_gets_no_cookie_in_return(alice):
    response = bearer(token_used_for(alice, 20 * DAY)).get(ME)

    assert response.status_code == 200
    assert "jwt" not in response.cookies


# Where a request with the cookie comes from


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_ORIGIN": OWN},
        {"HTTP_ORIGIN": CLIENT},
        {"HTTP_REFERER": f"{OWN}/board?tag=a#top"},
        {"HTTP_REFERER": f"{CLIENT}/"},
        {"HTTP_ORIGIN": CLIENT, "HTTP_REFERER": "https://evil.example.com/"},
    ],
)
def test_unsafe_request_with_the_cookie_passes_from_here(alice, settings, headers):
    settings.CLIENT_ORIGINS = [CLIENT]

    response = browser_of(alice).patch(ME, {"name": "Alicia"}, **headers)

    assert response.status_code == 200
    alice.refresh_from_db()
    assert alice.name == "Alicia"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"HTTP_ORIGIN": ""},
        {"HTTP_ORIGIN": "null"},
        {"HTTP_ORIGIN": "https://evil.example.com"},
        {"HTTP_ORIGIN": "https://testserver"},
        {"HTTP_ORIGIN": "http://testserver:8000"},
        {"HTTP_ORIGIN": "http://testserver.evil.example.com"},
        {"HTTP_ORIGIN": f"{CLIENT}.evil.example.com"},
        {"HTTP_ORIGIN": "https://evil.example.com", "HTTP_REFERER": f"{OWN}/"},
        {"HTTP_REFERER": ""},
        {"HTTP_REFERER": "nonsense"},
        {"HTTP_REFERER": "http://["},
        {"HTTP_REFERER": "https://evil.example.com/http://testserver/"},
        {"HTTP_REFERER": "http://testserver@evil.example.com/"},
    ],
)
@pytest.mark.parametrize("method", ["patch", "post", "delete"])
def test_unsafe_request_with_the_cookie_is_refused_from_elsewhere(
    alice, settings, method, headers
):
    settings.CLIENT_ORIGINS = [CLIENT]
    browser = browser_of(alice)
    path = {"patch": ME, "post": LOGOUT, "delete": "/api/auth/devices"}[method]

    response = getattr(browser, method)(path, **headers)

    assert response.status_code == 403
    assert response.json()["code"] == "origin_not_allowed"
    assert alice.sign_ins.live().count() == 1


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_safe_request_with_the_cookie_may_come_from_anywhere(alice, method):
    browser = browser_of(alice)

    response = getattr(browser, method)(ME, HTTP_ORIGIN="https://evil.example.com")

    assert response.status_code == 200


def test_request_with_the_header_may_come_from_anywhere(api):
    response = api.patch(ME, {}, HTTP_ORIGIN="https://evil.example.com")

    assert response.status_code == 200


# Signing out


def test_logout_ends_the_sign_in_and_clears_the_cookie(alice):
    browser, phone = browser_of(alice), client_of(alice)
    token = browser.cookies["jwt"].value

    response = browser.post(LOGOUT, HTTP_ORIGIN=OWN)

    assert response.status_code == 200
    assert response.json() == {"message": "Logged out successfully"}
    assert response.cookies["jwt"].value == ""
    assert response.cookies["jwt"]["max-age"] == 0
    assert_token_refused(bearer(token).get(ME))
    assert phone.get(ME).status_code == 200


def test_logout_with_the_header_ends_the_sign_in(api, alice):
    response = api.post(LOGOUT)

    assert response.status_code == 200
    assert not alice.sign_ins.live().exists()
    assert_token_refused(api.get(ME))


@pytest.mark.parametrize("header", [{}, {"HTTP_AUTHORIZATION": "Bearer nonsense"}])
def test_logout_is_harmless_without_a_token(anonymous, alice, header):
    token_of(alice)

    response = anonymous.post(LOGOUT, **header)

    assert response.status_code == 200
    assert response.cookies["jwt"].value == ""
    assert alice.sign_ins.live().count() == 1


def test_second_logout_is_harmless(api, alice):
    api.post(LOGOUT)
    first = alice.sign_ins.get().revoked_at

    response = api.post(LOGOUT)

    assert response.status_code == 200
    assert alice.sign_ins.get().revoked_at == first


def test_logout_clears_a_cookie_that_it_would_renew(alice):
    browser = APIClient()
    browser.cookies["jwt"] = str(token_used_for(alice, 20 * DAY))

    response = browser.post(LOGOUT, HTTP_ORIGIN=OWN)

    assert response.cookies["jwt"].value == ""
    assert not alice.sign_ins.live().exists()


# A new token


def test_refresh_moves_the_expiry_of_the_same_sign_in(alice):
    old = token_used_for(alice, 20 * DAY)

    response = bearer(old).post(REFRESH)

    assert response.status_code == 200
    assert response.json().keys() == {"token"}
    new = SignInToken(response.json()["token"])
    assert new["sid"] == old["sid"]
    assert new["exp"] - old["exp"] == pytest.approx(20 * 86400, abs=60)
    assert sign_in_of(new).expires_at > timezone.now() + 29 * DAY
    assert bearer(new).get(ME).status_code == 200
    assert SignIn.objects.count() == 1


def test_refresh_sets_the_cookie(alice):
    response = browser_of(alice).post(REFRESH, HTTP_ORIGIN=OWN)

    assert response.cookies["jwt"].value == response.json()["token"]


def test_refresh_does_not_bring_a_sign_in_back(alice):
    token = token_of(alice)
    alice.sign_ins.revoke()

    response = bearer(token).post(REFRESH)

    assert_token_refused(response)
    assert not alice.sign_ins.live().exists()


def test_new_token_dies_with_the_sign_in(api):
    new = bearer(api.post(REFRESH).json()["token"])

    api.post(LOGOUT)

    assert_token_refused(new.get(ME))
