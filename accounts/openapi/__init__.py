"""How the OpenAPI document describes the endpoints of this app, in this order."""

from accounts.openapi import (  # noqa: F401, I001 (the order is the document's)
    accounts,
    google,
    email_changes,
    password_resets,
    devices,
    gdpr,
)
