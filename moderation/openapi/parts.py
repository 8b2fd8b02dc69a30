"""What the calls for staff have in common."""

from __future__ import annotations

from focusmaster.api.errors import PUBLISHED
from focusmaster.openapi.texts import refusal

TAG = "Admin"

FORBIDDEN = refusal(
    "The caller is no admin, is barred, or another site sent the cookie.",
    permission_denied=PUBLISHED[403][0],
    banned="This account is banned: Violation of terms",
    suspended="This account is suspended until 2026-02-09T10:00:00Z.",
    origin_not_allowed="A request with the cookie must come from this site or an "
    "allowed one.",
)
