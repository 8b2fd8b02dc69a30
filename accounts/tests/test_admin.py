"""The pages for staff, as far as they show people."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from accounts.models import Consent, FailedSignIn, Progress, SignIn, User
from accounts.tests.rows import ORIGIN, make_rows
from focusmaster.tests.people import PASSWORD, client_of, person

SIGN_IN = "/admin/login/"
PEOPLE = "/admin/accounts/user/"
SIGN_INS = "/admin/accounts/signin/"
PASSWORD_CHANGE = "/admin/password_change/"
NEW_PASSWORD = "another horse 2"
ME = "/api/auth/me"


def signed_in(email: str) -> Client:
    client = Client()
    sign_in(client, email)
    return client


def sign_in(client: Client, email: str, password: str = PASSWORD):
    return client.post(
        f"{SIGN_IN}?next=/admin/", {"username": email, "password": password}
    )


def sign_out_page(user: User) -> str:
    return reverse("admin:accounts_user_sign_out", args=[user.pk])


@pytest.fixture
def staff(moderator) -> Client:
    return signed_in(moderator.email)


# Signing in


@pytest.mark.parametrize("email", ["alice@example.com", "nobody@example.com"])
def test_who_is_no_moderator_stays_outside(alice, email):
    page = signed_in(email).get(PEOPLE)

    assert page.status_code == 302
    assert page["Location"].startswith(SIGN_IN)


def test_moderator_who_is_banned_is_out_at_once(moderator, staff):
    moderator.status = moderator.Status.BANNED
    moderator.save()

    assert staff.get(PEOPLE).status_code == 302


@pytest.mark.parametrize("email", ["moderator@example.com", "nobody@example.com"])
def test_refused_sign_in_is_noted(moderator, email):
    sign_in(Client(), email, "a wrong one")

    failed = FailedSignIn.objects.get()
    assert failed.where == "admin"
    assert failed.user == (moderator if email == moderator.email else None)


def test_good_sign_in_is_not_noted(moderator, staff):
    assert staff.get("/admin/").status_code == 200
    assert not FailedSignIn.objects.exists()


def test_ten_wrong_passwords_close_the_page_to_the_right_one(moderator):
    browser = Client()
    for _ in range(10):
        assert sign_in(browser, moderator.email, "a wrong one").status_code == 200

    page = sign_in(browser, moderator.email)

    assert page.status_code == 429
    assert "Too many failed sign-ins. Try again in" in page.content.decode()
    assert int(page["Retry-After"]) >= 1
    assert browser.get("/admin/").status_code == 302
    assert FailedSignIn.objects.count() == 10


def test_guesses_on_the_page_and_through_the_api_count_together(moderator, anonymous):
    for _ in range(10):
        sign_in(Client(), moderator.email, "a wrong one")

    response = anonymous.post(
        "/api/auth/login", {"email": moderator.email, "password": PASSWORD}
    )

    assert response.status_code == 429


def test_page_without_a_password_is_no_guess(moderator):
    for _ in range(11):
        sign_in(Client(), moderator.email, "")

    assert sign_in(Client(), moderator.email).status_code == 302
    assert not FailedSignIn.objects.exists()


# One's own password


def change_password(client: Client, old: str = PASSWORD):
    return client.post(
        PASSWORD_CHANGE,
        {
            "old_password": old,
            "new_password1": NEW_PASSWORD,
            "new_password2": NEW_PASSWORD,
        },
    )


def test_new_password_ends_the_sign_ins_to_the_api(moderator, staff):
    phone = client_of(moderator)
    other_browser = signed_in(moderator.email)

    page = change_password(staff)

    assert page.status_code == 302
    assert phone.get(ME).status_code == 401
    assert other_browser.get("/admin/").status_code == 302
    assert staff.get("/admin/").status_code == 200
    moderator.refresh_from_db()
    assert moderator.check_password(NEW_PASSWORD)


def test_new_password_takes_nothing_back_that_happened_meanwhile(moderator, staff):
    staff.get(PASSWORD_CHANGE)
    Progress.objects.filter(pk=moderator.pk).update(points=30)

    change_password(staff)

    moderator.refresh_from_db()
    assert moderator.progress.points == 30


def test_wrong_old_password_changes_nothing(moderator, staff):
    phone = client_of(moderator)

    page = change_password(staff, "a wrong one")

    assert page.status_code == 200
    assert phone.get(ME).status_code == 200
    moderator.refresh_from_db()
    assert moderator.check_password(PASSWORD)


# People


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ALI", {"alice"}),
        ("alice@exa", {"alice"}),
        ("bo", {"bob", "boris"}),
        ("Zz To", {"boris"}),
        ("lice", set()),
        ("%", set()),
        ("_", set()),
        ("", {"alice", "bob", "boris", "moderator"}),
    ],
)
def test_people_are_found_by_how_email_or_name_begins(staff, alice, bob, text, found):
    boris = person("Boris")
    boris.name = "zz top"
    boris.save()

    page = staff.get(PEOPLE, {"q": text})

    assert page.status_code == 200
    shown = {user.email.partition("@")[0] for user in page.context["cl"].result_list}
    assert shown == found


def test_people_are_filtered(staff, alice, moderator):
    page = staff.get(PEOPLE, {"role__exact": "admin"})

    assert list(page.context["cl"].result_list) == [moderator]


def test_person_is_shown_without_the_password(staff, alice):
    page = staff.get(f"{PEOPLE}{alice.pk}/change/")

    assert page.status_code == 200
    assert alice.name in page.content.decode()
    assert alice.password not in page.content.decode()


def test_page_of_a_person_says_what_is_held(staff, alice):
    make_rows(alice)

    page = staff.get(f"{PEOPLE}{alice.pk}/change/").content.decode()

    assert "<div>consents: 1</div>" in page
    assert "<div>tasks:" not in page


def test_markup_in_a_name_stays_text(staff, alice):
    alice.name, alice.email = "<script>alert(1)</script>", ""
    alice.save()
    SignIn.objects.start(user=alice, **ORIGIN)

    for page in (PEOPLE, f"{PEOPLE}{alice.pk}/change/", SIGN_INS):
        assert "<script>alert(1)" not in staff.get(page).content.decode()


@pytest.mark.parametrize("row", ["0" * 24, "nonsense"])
def test_person_who_does_not_exist_is_not_shown(staff, row):
    page = staff.get(f"{PEOPLE}{row}/change/")

    assert page.status_code == 302


@pytest.mark.parametrize("model", ["user", "signin", "failedsignin", "consent"])
def test_nothing_is_added_changed_or_deleted(staff, alice, model):
    make_rows(alice)
    rows = {"user": User, "signin": SignIn, "consent": Consent}.get(model, FailedSignIn)
    row = rows.objects.filter(**{"pk" if model == "user" else "user": alice.pk}).get()
    pages = f"/admin/accounts/{model}/"

    assert staff.get(f"{pages}add/").status_code == 403
    assert staff.post(f"{pages}{row.pk}/change/", {"name": "x"}).status_code == 403
    assert staff.post(f"{pages}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
    staff.post(pages, chosen)
    assert rows.objects.filter(pk=row.pk).exists()


# Signing people out


def test_person_is_signed_out_on_one_device(staff, alice):
    phone, laptop = client_of(alice), client_of(alice)
    row = SignIn.objects.filter(user=alice).earliest("created_at", "id")
    kept = SignIn.objects.filter(user=alice).exclude(pk=row.pk).get()

    page = staff.post(sign_out_page(alice), {"sign_in": row.pk})

    assert page.status_code == 302
    assert sorted([phone.get(ME).status_code, laptop.get(ME).status_code]) == [200, 401]
    assert list(alice.sign_ins.live()) == [kept]


def test_person_is_signed_out_everywhere(staff, alice, bob):
    phone, friend = client_of(alice), client_of(bob)

    page = staff.post(sign_out_page(alice))

    assert page["Location"] == f"{PEOPLE}{alice.pk}/change/"
    assert phone.get(ME).status_code == 401
    assert friend.get(ME).status_code == 200


def test_staff_who_are_signed_out_are_out_of_the_pages_too(staff, moderator):
    other = person("Other", role=User.Role.ADMIN)
    theirs = signed_in(other.email)

    staff.post(sign_out_page(other))

    assert theirs.get("/admin/").status_code == 302
    assert staff.get("/admin/").status_code == 200
    assert Session.objects.count() == 1


def test_signing_out_is_in_the_history(staff, alice, moderator):
    staff.post(sign_out_page(alice))

    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (moderator, alice.pk)
    assert entry.get_change_message() == "Signed out everywhere."


def test_chosen_people_are_signed_out(staff, alice, bob):
    clients = [client_of(alice), client_of(bob)]
    chosen = {"action": "sign_out_selected", "_selected_action": [alice.pk, bob.pk]}

    page = staff.post(PEOPLE, chosen, follow=True)

    assert "Signed out 2 everywhere." in page.content.decode()
    assert [client.get(ME).status_code for client in clients] == [401, 401]


def test_chosen_sign_ins_are_ended(staff, alice):
    phone, laptop = client_of(alice), client_of(alice)
    rows = [row.pk for row in alice.sign_ins.all()]
    chosen = {"action": "revoke_selected", "_selected_action": rows}

    page = staff.post(SIGN_INS, chosen, follow=True)

    assert "Ended 2 sign-in(s)." in page.content.decode()
    assert phone.get(ME).status_code == laptop.get(ME).status_code == 401


def test_sign_in_of_another_is_not_found(staff, alice, bob):
    client = client_of(bob)
    theirs = bob.sign_ins.get()

    page = staff.post(sign_out_page(alice), {"sign_in": theirs.pk})

    assert page.status_code == 404
    assert client.get(ME).status_code == 200


@pytest.mark.parametrize("row", ["0" * 24, "nonsense"])
def test_what_does_not_exist_is_not_signed_out(staff, alice, row):
    assert staff.post(f"{PEOPLE}{row}/sign-out/").status_code == 404
    assert staff.post(sign_out_page(alice), {"sign_in": row}).status_code == 404


def test_looking_signs_nobody_out(staff, alice):
    phone = client_of(alice)

    page = staff.get(sign_out_page(alice))

    assert page.status_code == 405
    assert phone.get(ME).status_code == 200


def test_who_is_no_moderator_signs_nobody_out(alice, bob):
    phone = client_of(bob)

    page = signed_in(alice.email).post(sign_out_page(bob))

    assert page.status_code == 302
    assert page["Location"].startswith(SIGN_IN)
    assert phone.get(ME).status_code == 200


def test_form_of_another_site_signs_nobody_out(moderator, alice):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(moderator)
    phone = client_of(alice)

    page = browser.post(sign_out_page(alice))

    assert page.status_code == 403
    assert phone.get(ME).status_code == 200
