from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from accounts.models import User
from focusmaster.tests.people import PASSWORD
from moderation.management.commands import createadmin

EMAIL = "chief@example.com"


@pytest.fixture
def password_variable(monkeypatch) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", PASSWORD)


@pytest.fixture
def typed(monkeypatch) -> list[str | type[BaseException]]:
    """Return the list of what is typed at the terminal, prompt by prompt."""
    lines = []

    def prompt(text: str) -> str:
        line = lines.pop(0)
        if isinstance(line, str):
            return line
        raise line

    monkeypatch.delenv("ADMIN_PASSWORD", raising=False)
    monkeypatch.setattr(createadmin, "getpass", prompt)
    return lines


@pytest.mark.usefixtures("db", "password_variable")
def test_admin_is_created_and_can_sign_in(capsys):
    call_command("createadmin", EMAIL, "--name", "Chief")

    assert capsys.readouterr().out == "Created the admin chief@example.com.\n"
    user = User.objects.get()
    assert (user.email, user.name, user.role) == (EMAIL, "Chief", "admin")
    login = APIClient().post("/api/auth/login", {"email": EMAIL, "password": PASSWORD})
    assert login.json()["role"] == "admin"


@pytest.mark.usefixtures("db", "password_variable")
def test_admin_can_sign_in_to_the_pages_for_staff(client):
    call_command("createadmin", EMAIL, verbosity=0)

    response = client.post(
        "/admin/login/", {"username": EMAIL.upper(), "password": PASSWORD}
    )

    assert response.status_code == 302
    assert client.get("/admin/").status_code == 200


@pytest.mark.usefixtures("db", "password_variable")
def test_name_has_a_default_and_silence_is_kept(capsys):
    call_command("createadmin", EMAIL, verbosity=0)

    assert capsys.readouterr().out == ""
    assert User.objects.get().name == "Admin"


@pytest.mark.usefixtures("password_variable")
@pytest.mark.parametrize("email", ["alice@example.com", "ALICE@example.com"])
def test_second_run_changes_nothing_and_fails(alice, email):
    with pytest.raises(CommandError, match="An account with this email exists already"):
        call_command("createadmin", email)

    assert User.objects.get().role == "user"


@pytest.mark.usefixtures("db", "password_variable")
@pytest.mark.parametrize(
    ("email", "name", "message"),
    [
        ("chief", "Chief", "email: give a valid email address"),
        ("", "Chief", "email: give at least one character"),
        (EMAIL, "", "name: give at least one character"),
        (EMAIL, "x" * 101, "name: give at most 100 characters"),
    ],
)
def test_wrong_value_is_one_clear_line(email, name, message):
    with pytest.raises(CommandError, match=message):
        call_command("createadmin", email, "--name", name)

    assert not User.objects.exists()


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("password", ["", "short 1", "password1", "onlyletters"])
def test_unfit_password_is_one_clear_line(monkeypatch, password):
    monkeypatch.setenv("ADMIN_PASSWORD", password)

    with pytest.raises(CommandError, match=r"^password: [^\n]+$"):
        call_command("createadmin", EMAIL)

    assert not User.objects.exists()


@pytest.mark.usefixtures("db")
def test_password_is_asked_for_twice(typed):
    typed += [PASSWORD, PASSWORD]

    call_command("createadmin", EMAIL, verbosity=0)

    assert User.objects.get().check_password(PASSWORD)


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((PASSWORD, PASSWORD.upper()), "The passwords differ"),
        ((EOFError,), "No password was given"),
        ((PASSWORD, KeyboardInterrupt), "No password was given"),
    ],
)
def test_no_admin_without_a_password_typed_twice(typed, lines, message):
    typed += lines

    with pytest.raises(CommandError, match=message):
        call_command("createadmin", EMAIL)

    assert not User.objects.exists()
