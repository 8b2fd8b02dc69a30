"""A person's day with the API, each verb once, over HTTP."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any
from uuid import uuid4

from focusmaster.tests.processes import Service

Response = tuple[str, int, bytes]
READS = [
    *("/auth/me", "/auth/devices", "/tasks", "/tasks?search=book&limit=2"),
    *("/tasks?due=today&sort=-deadline", "/sessions?range=week", "/sessions?limit=1"),
    *("/sessions/stats", "/clock/status", "/clock/logs", "/clock/logs.csv"),
    *("/analytics/productivity", "/analytics/today", "/analytics/week"),
    *("/analytics/distribution", "/analytics/heatmap", "/analytics/streaks"),
    *("/analytics/hours", "/analytics/tasks", "/analytics/moods", "/analytics/goal"),
    *("/gdpr/export", "/health/ready"),
]
PREFERENCES = dict.fromkeys(["essential", "analytics", "marketing"], True)
STAFF_READS = [
    *("/admin/users?search=a", "/admin/audit-logs", "/admin/audit-logs.csv"),
    *("/admin/stats", "/admin/health", "/admin/feedback"),
]


class Client:
    """One that signs in and keeps what it was answered."""

    def __init__(self, service: Service, token: str = "") -> None:
        self.service = service
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.responses: list[Response] = []

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        status, text = self.service.send(
            method, f"/api{path}", body, **self.headers, **headers
        )
        self.responses.append((f"{method} {path}", status, text))
        is_json = text[:1] in (b"{", b"[")
        return json.loads(text) if is_json else None

    def refused(self) -> Counter[tuple[str, int]]:
        """Count the responses that are errors, by endpoint and status."""
        return Counter(
            (re.sub("[0-9a-f]{24}", "{id}", endpoint), status)
            for endpoint, status, _ in self.responses
            if status >= 400
        )

    def sign_in(self, path: str, body: Any) -> None:
        token = self.send("POST", path, body)["token"]
        self.headers = {"Authorization": f"Bearer {token}"}

    def day(self) -> None:
        """Use each verb that a person has, and each list."""
        self.send("PATCH", "/auth/me", {"settings": {"timezone": "Europe/Berlin"}})
        book, key = {"title": "Read a book"}, uuid4().hex
        task = self.send("POST", "/tasks", book, idempotency_key=key)
        other = self.send("POST", "/tasks", {"title": "Write one", "tags": ["a"]})
        place = f"/tasks/{task['_id']}"
        self.send("PUT", place, {"status": "in-progress"})
        self.send("PATCH", place, {"status": "todo", "dueDate": "2030-01-01"})
        self.send("POST", f"{place}/move", {"before": other["_id"]})
        self.send("GET", place)
        block = {
            "type": "focus",
            "startTime": "2026-01-05T10:00:00Z",
            "duration": 1500,
            "task": task["_id"],
        }
        self.send("POST", "/sessions", block)
        session = self.send("POST", "/sessions", block | {"mood": "good"})
        place = f"/sessions/{session['_id']}"
        self.send("PATCH", place, {"duration": 1200})
        self.send("GET", place)
        for verb in ("start", "break/start", "break/stop", "stop"):
            self.send("POST", f"/clock/{verb}", {})
        past = {"startTime": "2026-01-05T10:00:00Z", "endTime": "2026-01-05T11:00:00Z"}
        entered = self.send("POST", "/clock/logs", past)
        self.send("PATCH", f"/clock/logs/{entered['_id']}", {"notes": "Long"})
        for path in READS:
            self.send("GET", path)
        self.send("DELETE", f"/clock/logs/{entered['_id']}")
        self.send("POST", "/feedback", {"message": "Good", "type": "bug"})
        self.send("POST", "/gdpr/log-consent", {"preferences": PREFERENCES})
        self.send("DELETE", place)
        self.send("DELETE", f"/tasks/{other['_id']}")
        self.send("POST", "/auth/refresh")
        self.send("DELETE", "/auth/profile/stats")

    def leave(self) -> None:
        self.send("DELETE", "/auth/profile")
        self.send("POST", "/auth/logout")

    def moderate(self, user_id: str) -> None:
        """Use each verb of staff on one person."""
        place = f"/admin/users/{user_id}"
        self.send("GET", place)
        self.send("PATCH", f"{place}/ban", {"reason": "Spam"})
        self.send("PATCH", f"{place}/unban", {})
        self.send("PATCH", f"{place}/role", {"role": "user"})
        for path in STAFF_READS:
            self.send("GET", path)
