"""Signals of the service itself, beside Django's."""

from __future__ import annotations

from django.dispatch import Signal

# Sent once in each worker process of `manage.py serve`, before its first request: for
# threads that live as long as the process.
worker_started = Signal()
