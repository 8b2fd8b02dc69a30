"""Signing in with Google: which account is opened, made or joined."""

from __future__ import annotations

import json
import re
from html import unescape
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError
from django.utils import timezone
from rest_framework.test import APIClient
from social_django.models import UserSocialAuth

from accounts.models import EmailChange, PasswordReset, SignIn, User
from focusmaster.tests.concurrency import run_concurrently
from focusmaster.tests.people import PASSWORD, browser_of, client_of, person

pytestmark = pytest.mark.django_db

GOOGLE = "/api/auth/google"
LOGIN = "/api/auth/login"
ME = "/api/auth/me"
TASKS = "/api/tasks"

GMAIL = "ada@gmail.com"


def sign_in(client: APIClient, token: str, **headers):
    return client.post(GOOGLE, {"credential": token}, **headers)


def links() -> list[tuple[str, str]]:
    """Whose account each Google account opens."""
    return sorted(UserSocialAuth.objects.values_list("uid", "user_id"))


def squatted(email: str = GMAIL, **fields) -> User:
    """An account whose address nobody has proved."""
    return User.objects.register(
        name="Somebody", email=email, password=PASSWORD, **fields
    )


# A new account


def test_first_sign_in_makes_an_account(anonymous, google):
    picture = "https://lh3.googleusercontent.com/a/photo=s96-c"
    token = google.id_token(sub="7", name="Ada L.", email=GMAIL, picture=picture)

    response = sign_in(anonymous, token)

    assert response.status_code == 200
    user = User.objects.get()
    answer = response.json()
    assert answer == {
        "_id": user.pk,
        "name": "Ada L.",
        "email": GMAIL,
        "picture": picture,
        "role": "user",
        "isGuest": False,
        "points": 0,
        "token": answer["token"],
    }
    assert not user.has_usable_password()
    assert links() == [("7", user.pk)]
    assert UserSocialAuth.objects.get().extra_data == {}


def test_token_of_the_answer_and_the_cookie_sign_in(anonymous, google):
    response = sign_in(anonymous, google.id_token())

    token = response.json()["token"]
    assert response.cookies["jwt"].value == token
    assert response.cookies["jwt"]["httponly"]
    bearer = APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert bearer.get(ME).json()["email"] == GMAIL


def test_web_client_may_call_it_token(anonymous, google):
    response = anonymous.post(GOOGLE, {"token": google.id_token()})

    assert response.status_code == 200


def test_sign_in_is_kept_with_its_device(anonymous, google):
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"

    sign_in(
        anonymous,
        google.id_token(),
        HTTP_USER_AGENT=firefox,
        REMOTE_ADDR="2001:db8::7",
    )

    kept = SignIn.objects.get()
    assert (kept.device, kept.ip_address) == ("Firefox on Linux", "2001:db8::7")


@pytest.mark.parametrize(
    "issuer", ["https://accounts.google.com", "accounts.google.com"]
)
def test_google_may_write_itself_in_both_ways(anonymous, google, issuer):
    assert sign_in(anonymous, google.id_token(iss=issuer)).status_code == 200


@pytest.mark.parametrize("azp", ["web.example", "android.example", "ios.example", None])
def test_each_of_our_clients_may_have_asked(anonymous, google, settings, azp):
    settings.GOOGLE_CLIENT_IDS = ["web.example", "android.example", "ios.example"]
    token = google.id_token(aud="web.example", azp=azp)

    assert sign_in(anonymous, token).status_code == 200


@pytest.mark.parametrize("azp", ["other.example", "", "web.example,ios.example", []])
def test_client_that_is_not_listed_may_not_ask(anonymous, google, settings, azp):
    settings.GOOGLE_CLIENT_IDS = ["web.example", "android.example"]
    token = google.id_token(aud="web.example", azp=azp)

    assert sign_in(anonymous, token).status_code == 401


def test_token_that_came_with_an_access_token_is_taken(anonymous, google):
    token = google.id_token(at_hash="HK6E_P6Dh8Y93mRNtsDB1Q")

    assert sign_in(anonymous, token).status_code == 200


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": None}, "ada"),
        ({"name": " "}, "ada"),
        ({"name": 7}, "ada"),
        ({"name": "A\x00d\ud800a\n"}, "Ada"),
        ({"name": "\u0627\u0645\u200c\u06cc\u0631"}, "\u0627\u0645\u200c\u06cc\u0631"),
        ({"name": "x" * 99 + " yz"}, "x" * 99),
    ],
)
def test_name_is_made_to_fit(anonymous, google, claims, name):
    response = sign_in(anonymous, google.id_token(**claims))

    assert response.json()["name"] == name


@pytest.mark.parametrize(
    "picture",
    [None, 7, "http://plain.example/a.png", "javascript:alert(1)", "https://x/" * 205],
)
def test_picture_that_cannot_be_shown_is_left_out(anonymous, google, picture):
    response = sign_in(anonymous, google.id_token(picture=picture))

    assert response.status_code == 200
    assert response.json()["picture"] == ""


# Coming back


def test_second_sign_in_opens_the_same_account(anonymous, google):
    first = sign_in(anonymous, google.id_token()).json()

    again = sign_in(anonymous, google.id_token()).json()

    assert again["_id"] == first["_id"]
    assert again["token"] != first["token"]
    assert User.objects.count() == 1
    assert SignIn.objects.live().count() == 2


def test_what_the_person_has_changed_stays(anonymous, google):
    user = sign_in(anonymous, google.id_token()).json()
    User.objects.filter(pk=user["_id"]).update(name="The Countess", picture="")

    again = sign_in(anonymous, google.id_token(picture="https://new.example/a.png"))

    assert again.json()["name"] == "The Countess"
    assert again.json()["picture"] == ""


def test_new_address_at_google_opens_the_account_and_leaves_its_email(
    anonymous, google, alice
):
    first = sign_in(anonymous, google.id_token(sub="7", email=GMAIL)).json()

    again = sign_in(anonymous, google.id_token(sub="7", email=alice.email)).json()

    assert again["_id"] == first["_id"]
    assert again["email"] == GMAIL
    assert alice.sign_ins.count() == 0


def test_sign_in_costs_a_few_queries(anonymous, google, django_assert_num_queries):
    sign_in(anonymous, google.id_token())

    # The limit of the address, a savepoint with the locked user and the new sign-in,
    # the points.
    with django_assert_num_queries(6):
        sign_in(APIClient(), google.id_token())


# An account with the address is there already


@pytest.mark.parametrize(
    ("email", "claims"),
    [
        ("victim@gmail.com", {}),
        ("Victim@GMail.com", {}),
        ("victim@googlemail.com", {}),
        ("victim@firm.example", {"hd": "firm.example"}),
    ],
)
def test_stranger_who_took_the_address_first_is_out(anonymous, google, email, claims):
    stranger = APIClient()
    body = {"name": "Eve", "email": email.lower(), "password": PASSWORD}
    taken = stranger.post("/api/auth/register", body).json()
    bearer = APIClient(HTTP_AUTHORIZATION=f"Bearer {taken['token']}")
    assert bearer.get(ME).status_code == 200

    response = sign_in(anonymous, google.id_token(sub="7", email=email, **claims))

    assert response.status_code == 200
    assert response.json()["_id"] == taken["_id"]
    assert bearer.get(ME).status_code == 401
    assert stranger.get(ME).status_code == 401
    assert anonymous.get(ME).status_code == 200
    credentials = {"email": email, "password": PASSWORD}
    assert APIClient().post(LOGIN, credentials).status_code == 401
    assert links() == [("7", taken["_id"])]


def test_what_the_stranger_began_leads_nowhere(anonymous, google):
    user = squatted()
    code = EmailChange.objects.start(user=user, new_email="eve@example.com")
    reset = PasswordReset.objects.start(user=user)
    email = GMAIL

    sign_in(anonymous, google.id_token(email=email))

    body = {"token": reset, "password": "another pass 2"}
    assert APIClient().post("/api/auth/password/reset", body).status_code == 400
    origin = {"HTTP_ORIGIN": "http://testserver"}
    verify = anonymous.put("/api/auth/otp/verify", {"otp": code}, **origin)
    assert verify.status_code == 400
    assert User.objects.get().email == email


def test_strangers_session_on_the_pages_for_staff_ends(google, client):
    staff = squatted(role=User.Role.ADMIN)
    client.force_login(staff)
    assert client.get("/admin/").status_code == 200

    sign_in(APIClient(), google.id_token(email=GMAIL))

    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "victim@mail.example"},
        {"email": "victim@mail.example", "hd": ""},
        {"email": "victim@mail.example", "hd": True},
        {"email": "victim@notgmail.com"},
        {"email": "victim@gmail.com.mail.example"},
    ],
)
def test_address_that_google_does_not_run_joins_nothing(
    anonymous, google, caplog, claims
):
    squatted(claims["email"])

    response = sign_in(anonymous, google.id_token(**claims))

    assert response.status_code == 409
    assert response.json()["code"] == "email_taken"
    assert "Sign in to it as before" in response.json()["message"]
    assert links() == []
    assert not SignIn.objects.exists()
    assert User.objects.get().has_usable_password()
    (line,) = [one for one in caplog.records if one.name == "accounts.google"]
    assert line.fields["reason"] == "email_taken"


def test_reassigned_address_does_not_open_the_predecessors_account(anonymous, google):
    claims = {"email": "sales@firm.example", "hd": "firm.example"}
    first = sign_in(anonymous, google.id_token(sub="1", **claims)).json()

    response = sign_in(APIClient(), google.id_token(sub="2", **claims))

    assert response.status_code == 409
    assert links() == [("1", first["_id"])]
    assert anonymous.get(ME).status_code == 200


def test_banned_person_is_told_why_and_nothing_changes(anonymous, google):
    user = squatted()
    bar(user)

    response = sign_in(anonymous, google.id_token(email=GMAIL))

    assert response.status_code == 403
    assert response.json()["message"] == "This account is banned: Spam"
    assert User.objects.get().has_usable_password()
    assert links() == []


def bar(user: User) -> None:
    User.objects.filter(pk=user.pk).update(status=User.Status.BANNED, ban_reason="Spam")


def test_suspension_that_is_over_does_not_keep_out(anonymous, google):
    first = sign_in(anonymous, google.id_token()).json()
    User.objects.filter(pk=first["_id"]).update(
        status=User.Status.SUSPENDED, banned_until=timezone.now()
    )

    assert sign_in(anonymous, google.id_token()).status_code == 200


# Guests and other tokens


def test_guest_becomes_the_account_and_keeps_what_is_theirs(google):
    guest = User.objects.add_guest()
    client = client_of(guest)
    client.post(TASKS, {"title": "Mine"})

    response = sign_in(client, google.id_token(sub="7", email=GMAIL))

    assert response.status_code == 200
    assert response.json()["_id"] == guest.pk
    assert response.json()["isGuest"] is False
    assert links() == [("7", guest.pk)]
    bearer = APIClient(HTTP_AUTHORIZATION=f"Bearer {response.json()['token']}")
    assert [task["title"] for task in bearer.get(TASKS).json()] == ["Mine"]
    resumed = APIClient().post("/api/auth/guest", {"guestId": guest.pk})
    assert resumed.json()["_id"] != guest.pk


def test_guest_whose_google_account_has_an_account_stays_a_guest(google):
    account = sign_in(APIClient(), google.id_token()).json()
    guest = User.objects.add_guest()

    response = sign_in(client_of(guest), google.id_token())

    assert response.json()["_id"] == account["_id"]
    guest.refresh_from_db()
    assert guest.is_guest


def test_guest_keeps_a_picture_of_their_own(google):
    guest = User.objects.add_guest()
    client = client_of(guest)
    client.patch(ME, {"picture": "https://mine.example/a.png"})

    response = sign_in(client, google.id_token(picture="https://g.example/b.png"))

    assert response.json()["picture"] == "https://mine.example/a.png"


def test_token_of_someone_signed_in_does_not_matter(api, alice, google):
    response = sign_in(api, google.id_token())

    assert response.status_code == 200
    assert response.json()["_id"] != alice.pk
    assert not alice.social_auth.exists()


def test_guests_cookie_from_another_site_is_refused(google):
    guest = User.objects.add_guest()

    response = sign_in(
        browser_of(guest), google.id_token(), HTTP_ORIGIN="https://evil.example"
    )

    assert response.status_code == 403
    guest.refresh_from_db()
    assert guest.is_guest
    assert links() == []


# At the same moment


@pytest.mark.django_db(transaction=True)
def test_first_sign_ins_at_once_make_one_account(google):
    token = google.id_token()

    answers = run_concurrently(*[lambda: sign_in(APIClient(), token)] * 6)

    assert [answer.status_code for answer in answers] == [200] * 6
    assert User.objects.count() == 1
    assert len(links()) == 1
    assert SignIn.objects.live().count() == 6


@pytest.mark.django_db(transaction=True)
def test_one_google_account_with_two_addresses_at_once_makes_one_account(google):
    tokens = [google.id_token(sub="7", email=f"ada{n}@gmail.com") for n in range(4)]

    answers = run_concurrently(
        *[lambda token=token: sign_in(APIClient(), token) for token in tokens]
    )

    assert [answer.status_code for answer in answers] == [200] * 4
    assert User.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_guest_signs_in_twice_at_once_and_becomes_one_account(google):
    guest = User.objects.add_guest()
    clients = [client_of(guest) for _ in range(4)]
    token = google.id_token()

    answers = run_concurrently(
        *[lambda client=client: sign_in(client, token) for client in clients]
    )

    assert [answer.status_code for answer in answers] == [200] * 4
    assert {answer.json()["_id"] for answer in answers} == {guest.pk}
    assert User.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_account_is_joined_once_by_sign_ins_at_once(google):
    user = squatted()
    token = google.id_token(email=GMAIL)

    answers = run_concurrently(*[lambda: sign_in(APIClient(), token)] * 4)

    assert [answer.status_code for answer in answers] == [200] * 4
    # The later ones do not end the sign-in of the first.
    assert user.sign_ins.live().count() == 4
    assert len(links()) == 1


@pytest.mark.django_db(transaction=True)
def test_registration_at_the_same_moment_leaves_no_way_in_with_the_password(google):
    body = {"name": "Eve", "email": GMAIL, "password": PASSWORD}
    token = google.id_token(email=GMAIL)

    registered, signed_in = run_concurrently(
        lambda: APIClient().post("/api/auth/register", body),
        lambda: sign_in(APIClient(), token),
    )

    assert registered.status_code in (201, 409)
    assert signed_in.status_code == 200
    assert not User.objects.get().has_usable_password()
    assert User.objects.get().sign_ins.live().count() == 1


def test_repeated_request_signs_in_once(anonymous, google):
    token = google.id_token()
    first = sign_in(anonymous, token, HTTP_IDEMPOTENCY_KEY="a-key")

    again = sign_in(APIClient(), token, HTTP_IDEMPOTENCY_KEY="a-key")

    assert first.status_code == 200
    assert (again.status_code, again.json()["code"]) == (409, "idempotency_key_used")
    assert SignIn.objects.count() == 1


def test_database_refuses_a_second_account_for_a_google_account(alice, bob):
    UserSocialAuth.create_social_auth(alice, "7", "google-openidconnect", "sub")

    with pytest.raises(IntegrityError, match="provider_uid"):
        UserSocialAuth.create_social_auth(bob, "7", "google-openidconnect", "sub")


# Unlinking


def linked(user: User, sub: str = "7") -> User:
    UserSocialAuth.create_social_auth(user, sub, "google-openidconnect", "sub")
    return user


def test_unlinked_account_opens_with_the_password_alone(api, alice, google):
    linked(alice)

    response = api.delete(GOOGLE)

    assert response.status_code == 200
    assert response.json() == {"message": "Google does not open this account any more"}
    assert links() == []
    assert api.get(ME).status_code == 200
    assert sign_in(APIClient(), google.id_token(sub="7")).json()["_id"] != alice.pk
    body = {"email": alice.email, "password": PASSWORD}
    assert APIClient().post(LOGIN, body).status_code == 200


def test_only_way_in_cannot_be_unlinked(google):
    client = APIClient()
    signed_in = sign_in(client, google.id_token(sub="7")).json()
    bearer = APIClient(HTTP_AUTHORIZATION=f"Bearer {signed_in['token']}")

    response = bearer.delete(GOOGLE)

    assert response.status_code == 409
    assert response.json()["code"] == "no_password"
    assert links() == [("7", signed_in["_id"])]


def test_first_password_makes_unlinking_possible(google):
    browser = APIClient(HTTP_ORIGIN="http://testserver")
    sign_in(browser, google.id_token(email=GMAIL))
    assert browser.delete(GOOGLE).status_code == 409

    given = browser.put("/api/auth/profile", {"password": PASSWORD})
    response = browser.delete(GOOGLE)

    assert given.status_code == 200
    assert response.status_code == 200
    body = {"email": GMAIL, "password": PASSWORD}
    assert APIClient().post(LOGIN, body).status_code == 200


def test_nothing_to_unlink_is_a_conflict(api, alice, bob):
    linked(bob)

    response = api.delete(GOOGLE)

    assert response.status_code == 409
    assert response.json()["code"] == "google_not_linked"
    assert links() == [("7", bob.pk)]


def test_anonymous_caller_cannot_unlink(anonymous):
    response = anonymous.delete(GOOGLE)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"


def test_unlinking_needs_no_google(api, alice, settings):
    settings.GOOGLE_CLIENT_IDS = []
    linked(alice)

    assert api.delete(GOOGLE).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_account_without_a_password_never_loses_its_link(google):
    alice = linked(person("Alice"))
    User.objects.filter(pk=alice.pk).update(password=make_password(None))

    answers = run_concurrently(*[lambda: client_of(alice).delete(GOOGLE)] * 3)

    assert {answer.status_code for answer in answers} == {409}
    assert links() == [("7", alice.pk)]


# The page that plays Google's, to try it with a browser


def test_person_chosen_on_the_page_is_signed_in(anonymous, google):
    place = f"{google.url}/chooser?client_id={google.client_id}&origin=http://a.example"
    page = urlopen(place).read().decode()
    person = unescape(re.search(r'value="([^"]*grace@firm.example[^"]*)"', page)[1])

    handed = urlopen(place, data=urlencode({"person": person}).encode()).read().decode()

    credential = re.search(r"postMessage\(({[^}]*})", handed)[1]
    response = anonymous.post(GOOGLE, json.loads(credential))
    assert response.status_code == 200
    assert response.json()["email"] == "grace@firm.example"


# Elsewhere


def test_staff_see_what_is_linked_and_cannot_change_it(client, alice, moderator):
    linked(alice, sub="108912345678901234567")
    client.force_login(moderator)

    page = client.get(f"/admin/accounts/user/{alice.pk}/change/").content.decode()

    assert "108912345678901234567" in page
    assert "social_auth-0-uid" not in page
    assert client.get("/admin/social_django/usersocialauth/").status_code == 404


def test_links_are_in_the_copy_of_the_data_and_go_with_the_account(api, alice, bob):
    linked(alice)
    linked(bob, sub="8")

    copy = api.get("/api/gdpr/export")
    text = b"".join(copy.streaming_content if copy.streaming else [copy.content])
    api.delete("/api/gdpr/delete")

    assert b'"subject": "7"' in text.replace(b'":"', b'": "')
    assert b'"8"' not in text
    assert links() == [("8", bob.pk)]
