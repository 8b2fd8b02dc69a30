-- version 2
-- Keeps points, focus totals and the completed Pomodoros of tasks in step with the
-- sessions, in the transaction of the change. A completed focus session is worth
-- 10 points to its user and one `session_count` to its task; each focus session counts
-- for the totals, and each change gives the user's progress a new version.
--
-- The triggers run once per statement, over the rows that it changed: a bulk load costs
-- one update of each user and task. Progress and tasks are locked in the order of their
-- ids, so that two statements over the same people cannot wait for each other.

CREATE OR REPLACE FUNCTION pomodoro_session_insert_worth() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    one record;
    seen integer := 0;
BEGIN
    -- One row, as nearly always, needs neither sums nor sorting.
    FOR one IN
        SELECT user_id, task_id, type, duration, completed FROM added LIMIT 2
    LOOP
        seen := seen + 1;
    END LOOP;
    IF seen < 2 THEN
        IF seen = 1 AND one.type = 'focus' THEN
            UPDATE accounts_progress SET
                points = points + CASE WHEN one.completed THEN 10 ELSE 0 END,
                focus_count = focus_count + 1,
                focus_seconds = focus_seconds + one.duration,
                version = extract(epoch FROM clock_timestamp()) * 1000000
            WHERE user_id = one.user_id;
            IF one.completed AND one.task_id IS NOT NULL THEN
                UPDATE kanban_task SET session_count = session_count + 1
                WHERE id = one.task_id;
            END IF;
        END IF;
        RETURN NULL;
    END IF;

    WITH change AS (
        SELECT
            user_id,
            count(*) AS number,
            sum(duration) AS seconds,
            count(*) FILTER (WHERE completed) AS completed
        FROM added WHERE type = 'focus' GROUP BY user_id
    ), locked AS (
        SELECT user_id, number, seconds, completed
        FROM accounts_progress JOIN change USING (user_id)
        ORDER BY user_id FOR NO KEY UPDATE OF accounts_progress
    )
    UPDATE accounts_progress AS progress SET
        points = points + 10 * locked.completed,
        focus_count = focus_count + locked.number,
        focus_seconds = focus_seconds + locked.seconds,
        version = extract(epoch FROM clock_timestamp()) * 1000000
    FROM locked WHERE progress.user_id = locked.user_id;

    WITH change AS (
        SELECT task_id AS id, count(*) AS sessions FROM added
        WHERE type = 'focus' AND completed AND task_id IS NOT NULL
        GROUP BY task_id
    ), locked AS (
        SELECT id, sessions FROM kanban_task JOIN change USING (id)
        ORDER BY id FOR NO KEY UPDATE OF kanban_task
    )
    UPDATE kanban_task SET session_count = session_count + locked.sessions
    FROM locked WHERE kanban_task.id = locked.id;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION pomodoro_session_update_worth() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    WITH changed AS (
        SELECT user_id, 1 AS sign, duration, completed FROM added WHERE type = 'focus'
        UNION ALL
        SELECT user_id, -1, duration, completed FROM removed WHERE type = 'focus'
    ), change AS (
        SELECT
            user_id,
            sum(sign) AS number,
            sum(sign * duration) AS seconds,
            coalesce(sum(sign) FILTER (WHERE completed), 0) AS completed
        FROM changed GROUP BY user_id
    ), locked AS (
        SELECT user_id, number, seconds, completed
        FROM accounts_progress JOIN change USING (user_id)
        ORDER BY user_id FOR NO KEY UPDATE OF accounts_progress
    )
    UPDATE accounts_progress AS progress SET
        points = points + 10 * locked.completed,
        focus_count = focus_count + locked.number,
        focus_seconds = focus_seconds + locked.seconds,
        version = extract(epoch FROM clock_timestamp()) * 1000000
    FROM locked WHERE progress.user_id = locked.user_id;

    WITH changed AS (
        SELECT task_id, 1 AS sign FROM added WHERE type = 'focus' AND completed
        UNION ALL
        SELECT task_id, -1 FROM removed WHERE type = 'focus' AND completed
    ), change AS (
        SELECT task_id AS id, sum(sign) AS sessions FROM changed
        WHERE task_id IS NOT NULL GROUP BY task_id HAVING sum(sign) <> 0
    ), locked AS (
        SELECT id, sessions FROM kanban_task JOIN change USING (id)
        ORDER BY id FOR NO KEY UPDATE OF kanban_task
    )
    UPDATE kanban_task SET session_count = session_count + locked.sessions
    FROM locked WHERE kanban_task.id = locked.id;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION pomodoro_session_delete_worth() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    WITH change AS (
        SELECT
            user_id,
            count(*) AS number,
            sum(duration) AS seconds,
            count(*) FILTER (WHERE completed) AS completed
        FROM removed WHERE type = 'focus' GROUP BY user_id
    ), locked AS (
        SELECT user_id, number, seconds, completed
        FROM accounts_progress JOIN change USING (user_id)
        ORDER BY user_id FOR NO KEY UPDATE OF accounts_progress
    )
    UPDATE accounts_progress AS progress SET
        points = points - 10 * locked.completed,
        focus_count = focus_count - locked.number,
        focus_seconds = focus_seconds - locked.seconds,
        version = extract(epoch FROM clock_timestamp()) * 1000000
    FROM locked WHERE progress.user_id = locked.user_id;

    WITH change AS (
        SELECT task_id AS id, count(*) AS sessions FROM removed
        WHERE type = 'focus' AND completed AND task_id IS NOT NULL
        GROUP BY task_id
    ), locked AS (
        SELECT id, sessions FROM kanban_task JOIN change USING (id)
        ORDER BY id FOR NO KEY UPDATE OF kanban_task
    )
    UPDATE kanban_task SET session_count = session_count - locked.sessions
    FROM locked WHERE kanban_task.id = locked.id;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER pomodoro_session_insert_worth
    AFTER INSERT ON pomodoro_pomodorosession
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION pomodoro_session_insert_worth();

CREATE OR REPLACE TRIGGER pomodoro_session_update_worth
    AFTER UPDATE ON pomodoro_pomodorosession
    REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION pomodoro_session_update_worth();

CREATE OR REPLACE TRIGGER pomodoro_session_delete_worth
    AFTER DELETE ON pomodoro_pomodorosession
    REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION pomodoro_session_delete_worth();
