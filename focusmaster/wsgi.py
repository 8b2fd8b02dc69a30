"""The WSGI application that the server's workers run: Django's own."""

from __future__ import annotations

import gc
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import resolve

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "focusmaster.settings")
django_application = get_wsgi_application()

# Needs the settings.
from focusmaster.api.admission import (  # noqa: E402
    with_bounded_sign_ins,
    with_places,
    with_sign_ins_in_turn,
)
from focusmaster.api.middleware import with_whole_bodies  # noqa: E402

application = with_bounded_sign_ins(
    with_places(
        with_whole_bodies(with_sign_ins_in_turn(django_application)),
        number=settings.WEB_THREADS - 1,
    ),
    size=settings.WEB_THREADS // 2,
)
# Loads every view, which the first request would otherwise wait for.
resolve("/api/health")
# What is there now stays: collecting garbage need not look through it each time.
gc.collect()
gc.freeze()
