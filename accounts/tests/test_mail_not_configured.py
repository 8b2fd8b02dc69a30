"""Production without a mail server: nothing that opens an account is printed."""

from __future__ import annotations

import logging

import pytest
from django.db import connection
from rest_framework.test import APIClient

from accounts import mail
from accounts.exceptions import MailNotConfigured
from accounts.models import EmailChange, PasswordReset
from focusmaster.tests.processes import Service
from focusmaster.tests.startup import PRODUCTION

FORGOT = "/api/auth/password/forgot"
SEND = "/api/auth/otp/send"


@pytest.fixture(autouse=True)
def no_mail(settings) -> None:
    settings.CAN_SEND_MAIL = False


def assert_not_configured(response) -> None:
    assert response.status_code == 503
    assert response.json()["code"] == "mail_not_configured"
    # Waiting does not help.
    assert "Retry-After" not in response


@pytest.mark.parametrize("email", ["alice@example.com", "nobody@example.com"])
def test_new_password_cannot_be_asked_for(alice, email):
    for _ in range(4):  # Nor does it count as asked for.
        assert_not_configured(APIClient().post(FORGOT, {"email": email}))

    assert not PasswordReset.objects.exists()


def test_new_address_cannot_be_asked_for(api):
    for _ in range(4):
        assert_not_configured(api.post(SEND, {"newEmail": "new@example.com"}))

    assert not EmailChange.objects.exists()


def test_what_is_wrong_with_the_request_comes_first(api, bob):
    assert APIClient().post(FORGOT, {}).status_code == 400
    assert api.post(SEND, {"newEmail": bob.email}).status_code == 409


def test_no_mail_is_made_in_any_other_way(capfd, caplog):
    with pytest.raises(MailNotConfigured):
        mail.send_code("new@example.com", "081526")

    with caplog.at_level(logging.ERROR):
        mail.in_background(mail.send_notice_of_change, "a@example.com", "b@example.com")
        mail.BACKGROUND.submit(lambda: None).result(10)

    assert caplog.messages == ["A mail was not sent: Mail is not set up here."]
    assert capfd.readouterr().out == ""


@pytest.mark.django_db(transaction=True)  # The service counts in this database.
def test_service_warns_at_its_start_and_prints_no_mail(state_dir):
    place = connection.settings_dict
    url = f"postgresql://{place['USER']}@/{place['NAME']}?host={place['HOST']}"
    variables = PRODUCTION | {"DATABASE_URL": f"{url}&port={place['PORT']}"}
    variables["ALLOWED_HOSTS"] = "127.0.0.1"

    with Service(state_dir, "--workers", "1", **variables) as service:
        status, body = service.send("POST", FORGOT, {"email": "alice@example.com"})
        _, output = service.stop()

    assert (status, b"mail_not_configured" in body) == (503, True)
    assert "EMAIL_HOST is not set" in output
    assert "Subject:" not in output
