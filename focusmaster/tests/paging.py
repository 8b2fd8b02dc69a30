"""Links from page to page."""

from __future__ import annotations

import re

NEXT = re.compile(r'<(http://[^>]+)>; rel="next"')


def next_url(response) -> str | None:
    """Return where the link to the next page leads; None on the last page."""
    if "Link" not in response.headers:
        return None
    match = NEXT.fullmatch(response.headers["Link"])
    assert match, response.headers["Link"]
    return match[1]
