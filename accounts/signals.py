"""Signals of what happens to accounts and on staff's pages."""

from __future__ import annotations

from django.dispatch import Signal

# Sent when staff wrote on a page, in the transaction: `request`, the `rows`, Django's
# log `entries` of them, and its `action_flag`.
staff_acted = Signal()
