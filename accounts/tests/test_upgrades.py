"""Rows from before addresses had keys and tasks had folded text, after the upgrade."""

from __future__ import annotations

from ast import literal_eval

from focusmaster.tests.processes import manage

MUNICH, PUNYCODE = "ada@m\u00fcnchen.example", "ada@xn--mnchen-3ya.example"
KEYS = {
    "Bob@Example.com": "bob@example.com",
    MUNICH: MUNICH,  # The next one has the mailbox.
    PUNYCODE: PUNYCODE,
    "eve@stra\u00dfe.example": "eve@xn--strae-oqa.example",
    "Eve@\u2615.example": "eve@\u2615.example",  # No mail goes there.
    "\u212aelvin@example.com": "\u212aelvin@example.com",
    "": "",
}
FOLDED = {"Caf\u00e9": "cafe\nx\nwork\n\u5800", "Plain": "plain\nx\nwork\n\u5800"}

BEFORE = [("kanban", "0006_sql_files"), ("accounts", "0009_points_live_in_progress")]
WRITE = f"""
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

apps = MigrationExecutor(connection).loader.project_state({BEFORE}).apps
User, Task = apps.get_model("accounts", "User"), apps.get_model("kanban", "Task")
for email in {[*KEYS]!a}:
    user = User.objects.create(name="A", email=email, is_guest=not email)
for title in {[*FOLDED]!a}:
    Task.objects.create(user=user, title=title, tags=["x"], description="\\u5800")
Task.objects.create(user=user, title="a\\u0301", tags=["y", "e\\u0301", "\\u00e9"])
"""
READ = """
from accounts.models import User
from kanban.models import Task

keys = dict(User.objects.values_list("email", "email_key"))
folded = dict(Task.objects.values_list("title", "search_text"))
print(ascii((keys, folded, Task.objects.get(title="\\u00e1").tags)))
"""


def test_accounts_and_tasks_from_before_are_filled(migrated_dir):
    def run(*arguments: str) -> str:
        done = manage(migrated_dir, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    for app_label, name in BEFORE:
        run("migrate", app_label, name)
    run("shell", "-v", "0", "-c", WRITE)

    report = run("migrate")

    assert report.count("have one mailbox") == 1
    assert literal_eval(run("shell", "-v", "0", "-c", READ)) == (
        KEYS,
        FOLDED | {"\u00e1": "a\ny\ne\nwork\n"},
        ["y", "\u00e9"],
    )


PROGRESS = """
from accounts.models import Progress

columns = "user__name", "points", "focus_seconds", "focus_count", "badges"
print(ascii(sorted(Progress.objects.values_list(*columns))))
"""


def test_points_and_totals_of_people_survive_the_way_back_and_there(migrated_dir):
    def run(*arguments: str) -> str:
        done = manage(migrated_dir, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("seed_demo", "--users", "12", "--days", "20", "--seed", "3")
    before = run("shell", "-v", "0", "-c", PROGRESS)

    run("migrate", "pomodoro", "0006")
    run("migrate")

    assert run("shell", "-v", "0", "-c", PROGRESS) == before
    assert len(literal_eval(before)) == 12
    assert "Corrected 0" in run("recount", "--all")
