"""The WSGI application that the server's workers run: Django's own."""

from __future__ import annotations

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import resolve

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "focusmaster.settings")
django_application = get_wsgi_application()

# Needs the settings.
from focusmaster.api.middleware import with_whole_bodies  # noqa: E402

application = with_whole_bodies(django_application)
# Loads every view, which the first request would otherwise wait for.
resolve("/api/health")
# What is there now stays: collecting garbage need not look through it each time.
gc.collect()
gc.freeze()
