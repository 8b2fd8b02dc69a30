from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

import pytest
from rest_framework.test import APIClient

from integrations import executors, focus, player
from integrations.tests.linking import link


@pytest.fixture
def linked(api, alice, spotify) -> APIClient:
    """A client signed in as alice, who is linked to Spotify."""
    player.executor.is_silent = False
    link(alice, spotify)
    return api


class Here(Executor):
    """Runs everything at once, in the thread that asks for it."""

    def submit(self, act: Callable[..., Any], *args: Any) -> Future:
        future = Future()
        try:
            future.set_result(act(*args))
        except Exception as exc:
            future.set_exception(exc)
        return future


@pytest.fixture
def here(monkeypatch) -> None:
    """Have the threads of the service's see the test's transaction: there are none."""
    for module in (executors, focus):
        monkeypatch.setattr(module, "with_own_connection", lambda act, args: act(*args))
    monkeypatch.setattr(player.executor, "threads", Here())
    monkeypatch.setattr(focus, "threads", Here())
