"""How the OpenAPI document describes the endpoints of this app, in this order."""

from moderation.openapi import feedback, people, audit, service  # noqa: F401, I001 (the order is the document's)
