"""How the OpenAPI document describes the calls of this app, in this order."""

from moderation.openapi import feedback, people, audit, service  # noqa: F401, I001 (the order is the document's)
