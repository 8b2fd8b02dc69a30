"""Tie a session to a task of the same user, and keep what sessions are worth.

The trigger runs once per statement, over the rows that the statement changed, so that
a bulk load costs one update of each user and task rather than one of each session.
"""

from django.db import migrations

TASK_OF_SAME_USER = """
ALTER TABLE pomodoro_pomodorosession
    ADD CONSTRAINT pomodoro_session_task_of_same_user
    FOREIGN KEY (task_id, user_id) REFERENCES kanban_task (id, user_id)
    ON DELETE SET NULL (task_id)
"""

# The focus sessions that a statement takes away (sign -1) and adds (sign 1).
FOCUS = """
        SELECT user_id, task_id, {sign}1 AS sign, duration, completed
        FROM {rows} WHERE type = 'focus'"""
ADDED = FOCUS.format(sign="+", rows="added")
REMOVED = FOCUS.format(sign="-", rows="removed")

EVENTS = {
    "insert": ("NEW TABLE AS added", ADDED),
    "update": (
        "OLD TABLE AS removed NEW TABLE AS added",
        f"{ADDED} UNION ALL {REMOVED}",
    ),
    "delete": ("OLD TABLE AS removed", REMOVED),
}

# Users and tasks are locked in the order of their ids, so that two statements that
# move sessions between the same tasks cannot wait for each other.
TRIGGER = """
CREATE FUNCTION pomodoro_session_{event}_worth() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    WITH change AS (
        SELECT
            user_id AS id,
            sum(sign) AS number,
            sum(sign * duration) AS seconds,
            coalesce(sum(sign) FILTER (WHERE completed), 0) AS completed
        FROM ({rows}) AS changed GROUP BY user_id
    ), locked AS (
        SELECT id, number, seconds, completed FROM accounts_user JOIN change USING (id)
        WHERE number <> 0 OR seconds <> 0 OR completed <> 0
        ORDER BY id FOR NO KEY UPDATE OF accounts_user
    )
    UPDATE accounts_user SET
        points = points + 10 * locked.completed,
        focus_count = focus_count + locked.number,
        focus_seconds = focus_seconds + locked.seconds
    FROM locked WHERE accounts_user.id = locked.id;

    WITH change AS (
        SELECT task_id AS id, sum(sign) AS sessions FROM ({rows}) AS changed
        WHERE completed AND task_id IS NOT NULL
        GROUP BY task_id HAVING sum(sign) <> 0
    ), locked AS (
        SELECT id, sessions FROM kanban_task JOIN change USING (id)
        ORDER BY id FOR NO KEY UPDATE OF kanban_task
    )
    UPDATE kanban_task SET session_count = session_count + locked.sessions
    FROM locked WHERE kanban_task.id = locked.id;
    RETURN NULL;
END
$$;

CREATE TRIGGER pomodoro_session_{event}_worth
    AFTER {event} ON pomodoro_pomodorosession
    REFERENCING {tables}
    FOR EACH STATEMENT EXECUTE FUNCTION pomodoro_session_{event}_worth();
"""

DROP_TRIGGER = """
DROP TRIGGER pomodoro_session_{event}_worth ON pomodoro_pomodorosession;
DROP FUNCTION pomodoro_session_{event}_worth();
"""


class Migration(migrations.Migration):
    dependencies = [("pomodoro", "0001_sessions"), ("kanban", "0001_tasks")]

    operations = [
        migrations.RunSQL(
            TASK_OF_SAME_USER,
            "ALTER TABLE pomodoro_pomodorosession "
            "DROP CONSTRAINT pomodoro_session_task_of_same_user",
        ),
        *(
            migrations.RunSQL(
                TRIGGER.format(event=event, tables=tables, rows=rows),
                DROP_TRIGGER.format(event=event),
            )
            for event, (tables, rows) in EVENTS.items()
        ),
    ]
