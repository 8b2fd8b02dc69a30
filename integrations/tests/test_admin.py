from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from integrations.models import SpotifyLink
from integrations.tests.rows import make_rows

LINKS = reverse("admin:integrations_spotifylink_changelist")


@pytest.fixture
def staff(moderator) -> Client:
    client = Client()
    client.force_login(moderator)
    return client


def test_staff_see_who_has_linked_spotify_and_no_token(staff, alice):
    make_rows(alice)
    page = reverse("admin:integrations_spotifylink_change", args=[alice.pk])

    for url in (LINKS, page):
        text = staff.get(url).content.decode()

        assert "alice@example.com" in text
        assert "user-read-playback-state" in text
        assert SpotifyLink.objects.get().encrypted_tokens not in text
        assert "quux" not in text


def test_staff_unlink_and_it_is_noted_without_a_name(staff, alice, bob):
    make_rows(alice)
    make_rows(bob)

    response = staff.post(
        LINKS, {"action": "unlink", "_selected_action": [alice.pk]}, follow=True
    )

    assert "Unlinked 1 from Spotify." in response.content.decode()
    assert SpotifyLink.objects.get().user == bob
    assert LogEntry.objects.get().object_repr == f"Spotify of {alice.pk}"


def test_link_is_found_by_the_whole_email(staff, alice, bob):
    make_rows(alice)
    make_rows(bob)

    page = staff.get(LINKS, {"q": "BOB@example.com"}).content.decode()

    assert "bob@example.com" in page
    assert "alice@example.com" not in page


@pytest.mark.parametrize("what", ["add", "change", "delete"])
def test_staff_change_nothing_else(staff, alice, what):
    make_rows(alice)
    args = [] if what == "add" else [alice.pk]
    url = reverse(f"admin:integrations_spotifylink_{what}", args=args)

    response = staff.post(url, {"post": "yes", "scopes": "all"})

    assert response.status_code == 403
    assert SpotifyLink.objects.get().scopes == ["user-read-playback-state"]


def test_list_takes_as_many_queries_however_many_there_are(
    staff, alice, bob, moderator, django_assert_max_num_queries
):
    make_rows(alice)
    staff.get(LINKS)
    with django_assert_max_num_queries(20) as before:
        staff.get(LINKS)
    for user in (bob, moderator):
        make_rows(user)

    with django_assert_max_num_queries(len(before.captured_queries)):
        staff.get(LINKS)
