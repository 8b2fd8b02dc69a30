-- version 1
-- Gives each new user a row of progress, whoever inserts the user: the API, a command or
-- a bulk load. Takes no lock beyond that of the inserted rows.

CREATE OR REPLACE FUNCTION accounts_user_progress() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO accounts_progress (
        user_id, points, focus_seconds, focus_count, version, badges, badges_version
    )
    SELECT id, 0, 0, 0, 0, '{}', 0 FROM added;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER accounts_user_progress
    AFTER INSERT ON accounts_user
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_user_progress();
