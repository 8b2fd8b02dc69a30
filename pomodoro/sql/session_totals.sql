-- version 2
--
-- Keeps the totals of focus sessions in step with the sessions, in the transaction of
-- the change, whatever statement changes them:
--   accounts_progress   points: 10 for each completed focus session
--                       focus_count, focus_seconds: of all focus sessions
--                       version: new whenever a focus session changes, even if the
--                       totals stay; what is cached by it is then computed anew
--   kanban_task         session_count: the completed focus sessions on the task
-- Only the first two functions name the tables that hold totals.
--
-- The triggers run once for each statement, over the rows that it changed, so a bulk
-- load updates each user and each task once. Each event has its own function, because
-- a statement cannot name a transition table that the trigger lacks.
--
-- Locks: the rows that it updates, until the transaction ends. They are locked progress
-- first, then tasks, each in the order of their ids, so two statements that move
-- sessions between the same tasks cannot wait for each other.
--
-- Installing it locks pomodoro_pomodorosession against writes (SHARE ROW EXCLUSIVE).

CREATE OR REPLACE FUNCTION pomodoro_add_to_user(
    owner_id bytea, sessions bigint, seconds bigint, completed bigint
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE accounts_progress SET
        points = points + 10 * completed,
        focus_count = focus_count + sessions,
        focus_seconds = focus_seconds + seconds,
        version = extract(epoch FROM clock_timestamp()) * 1000000
    WHERE user_id = owner_id;
END
$$;

CREATE OR REPLACE FUNCTION pomodoro_add_to_task(task_id bytea, completed bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE kanban_task SET session_count = session_count + completed
    WHERE id = task_id;
END
$$;

CREATE OR REPLACE FUNCTION pomodoro_session_totals_insert() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    session record;
    seen integer := 0;
BEGIN
    -- Nearly always one session is added. It needs no sums and no sorting, which would
    -- cost about a tenth of the INSERT.
    FOR session IN
        SELECT user_id, task_id, type, duration, completed FROM added LIMIT 2
    LOOP
        seen := seen + 1;
    END LOOP;
    IF seen = 1 THEN
        IF session.type = 'focus' THEN
            PERFORM pomodoro_add_to_user(
                session.user_id, 1, session.duration, session.completed::integer
            );
            IF session.completed AND session.task_id IS NOT NULL THEN
                PERFORM pomodoro_add_to_task(session.task_id, 1);
            END IF;
        END IF;
        RETURN NULL;
    END IF;

    PERFORM pomodoro_add_to_user(user_id, sessions, seconds, completed) FROM (
        SELECT
            user_id,
            count(*) AS sessions,
            sum(duration) AS seconds,
            count(*) FILTER (WHERE completed) AS completed
        FROM added WHERE type = 'focus'
        GROUP BY user_id ORDER BY user_id
    ) AS change;
    PERFORM pomodoro_add_to_task(task_id, completed) FROM (
        SELECT task_id, count(*) AS completed
        FROM added WHERE type = 'focus' AND completed AND task_id IS NOT NULL
        GROUP BY task_id ORDER BY task_id
    ) AS change;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION pomodoro_session_totals_update() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pomodoro_add_to_user(user_id, sessions, seconds, completed) FROM (
        SELECT
            user_id,
            sum(sign) AS sessions,
            sum(sign * duration) AS seconds,
            sum(sign * completed::integer) AS completed
        FROM (
            SELECT 1 AS sign, user_id, type, duration, completed FROM added
            UNION ALL
            SELECT -1 AS sign, user_id, type, duration, completed FROM removed
        ) AS session WHERE type = 'focus'
        GROUP BY user_id ORDER BY user_id
    ) AS change;
    PERFORM pomodoro_add_to_task(task_id, completed) FROM (
        SELECT task_id, sum(sign) AS completed
        FROM (
            SELECT 1 AS sign, task_id, type, completed FROM added
            UNION ALL
            SELECT -1 AS sign, task_id, type, completed FROM removed
        ) AS session WHERE type = 'focus' AND completed AND task_id IS NOT NULL
        GROUP BY task_id HAVING sum(sign) <> 0 ORDER BY task_id
    ) AS change;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION pomodoro_session_totals_delete() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pomodoro_add_to_user(user_id, -sessions, -seconds, -completed) FROM (
        SELECT
            user_id,
            count(*) AS sessions,
            sum(duration) AS seconds,
            count(*) FILTER (WHERE completed) AS completed
        FROM removed WHERE type = 'focus'
        GROUP BY user_id ORDER BY user_id
    ) AS change;
    PERFORM pomodoro_add_to_task(task_id, -completed) FROM (
        SELECT task_id, count(*) AS completed
        FROM removed WHERE type = 'focus' AND completed AND task_id IS NOT NULL
        GROUP BY task_id ORDER BY task_id
    ) AS change;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER pomodoro_session_totals_insert
    AFTER INSERT ON pomodoro_pomodorosession
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION pomodoro_session_totals_insert();

CREATE OR REPLACE TRIGGER pomodoro_session_totals_update
    AFTER UPDATE ON pomodoro_pomodorosession
    REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION pomodoro_session_totals_update();

CREATE OR REPLACE TRIGGER pomodoro_session_totals_delete
    AFTER DELETE ON pomodoro_pomodorosession
    REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION pomodoro_session_totals_delete();
