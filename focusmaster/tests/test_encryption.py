"""What an earlier release encrypted can still be read."""

from __future__ import annotations

import pytest

from focusmaster.encryption import decrypt, derive_key

KEY = "a known secret key"


@pytest.mark.parametrize(
    ("purpose", "derived"),
    [
        (
            b"focusmaster.secrets",
            "837514ebf45aa84254e6e9446ebeb277cc2e307e0efc8bdfc983a519440a4436",
        ),
        (
            b"focusmaster.audit",
            "ce795560490fe6f058dfe93ef665a617f918a18f921b6b145fdbf02325f40805",
        ),
    ],
)
def test_key_of_a_purpose_stays_the_same(purpose, derived):
    assert derive_key(purpose, KEY).hex() == derived


@pytest.mark.parametrize("fallback", [False, True])
def test_stored_secret_stays_readable(settings, fallback):
    settings.SECRET_KEY = "another one" if fallback else KEY
    settings.SECRET_KEY_FALLBACKS = [KEY] if fallback else []

    secret = decrypt(
        b"gAAAAABrChfif9sj6NDVpNDhU73kDfpIfgalYHOFL7T4Rv-bzdPVI1xTzmwYhpSm"
        b"GgSs2z_CKc6x7WHIqVh_NEc1-n9jjI8OEg=="
    )

    assert secret == b"a secret"
