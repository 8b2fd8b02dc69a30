"""How the OpenAPI document describes the endpoints of this app, in this order."""

from integrations.openapi import (  # noqa: F401 (the order is the document's)
    linking,
    player,
)
