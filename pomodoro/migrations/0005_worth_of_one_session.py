"""Let the one session that an INSERT adds, as nearly always, skip sums and sorting.

What it is worth is the same as before; so is the order of the locks, user then task.
"""

from importlib import import_module

from django.db import migrations

before = import_module("pomodoro.migrations.0003_focus_version")

EVENT = "insert"
ROWS = before.before.EVENTS[EVENT][1]
FOR_MANY = before.VERSIONED.format(event=EVENT, rows=ROWS)
FOR_ONE = f"""DECLARE
    one record;
    seen integer := 0;
BEGIN
    FOR one IN
        SELECT user_id, task_id, type, duration, completed FROM added LIMIT 2
    LOOP
        seen := seen + 1;
    END LOOP;
    IF seen < 2 THEN
        IF seen = 1 AND one.type = 'focus' THEN
            UPDATE accounts_user SET
                points = points + CASE WHEN one.completed THEN 10 ELSE 0 END,
                focus_count = focus_count + 1,
                focus_seconds = focus_seconds + one.duration,
                {before.VERSION}
            WHERE id = one.user_id;
            IF one.completed AND one.task_id IS NOT NULL THEN
                UPDATE kanban_task SET session_count = session_count + 1
                WHERE id = one.task_id;
            END IF;
        END IF;
        RETURN NULL;
    END IF;

"""


class Migration(migrations.Migration):
    dependencies = [("pomodoro", "0004_focus_index")]

    operations = [
        migrations.RunSQL(FOR_MANY.replace("BEGIN\n", FOR_ONE, 1), FOR_MANY),
    ]
