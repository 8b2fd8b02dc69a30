-- version 1
--
-- The only way for entries to leave the audit log: a row of moderation_auditarchive.
-- The row is accepted if it begins at the oldest entry, has the hash of the last entry
-- that it covers, and covers none younger than 30 days. It then removes the entries
-- that it covers, with their personal details.
--
-- Locks: an INSERT takes the advisory lock 4702111236 until its transaction ends, as
-- appending an entry does (audit_chain.sql), so the log does not grow meanwhile.
--
-- Installing it locks moderation_auditarchive against writes (SHARE ROW EXCLUSIVE).

CREATE OR REPLACE FUNCTION moderation_auditarchive_check() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(4702111236);
    IF NEW.first_position IS DISTINCT FROM
            (SELECT min(position) FROM moderation_auditentry)
        OR NEW.last_hash IS DISTINCT FROM
            (SELECT hash FROM moderation_auditentry WHERE position = NEW.last_position)
        OR EXISTS (
            SELECT FROM moderation_auditentry
            WHERE position <= NEW.last_position
                AND created_at > now() - interval '30 days'
        )
    THEN
        RAISE check_violation USING
            MESSAGE = 'the archive is not of the oldest entries of the audit log',
            CONSTRAINT = 'moderation_auditarchive_fits';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER moderation_auditarchive_check
    BEFORE INSERT ON moderation_auditarchive
    FOR EACH ROW EXECUTE FUNCTION moderation_auditarchive_check();
ALTER TABLE moderation_auditarchive
    ENABLE ALWAYS TRIGGER moderation_auditarchive_check;

-- Runs with the rights of the tables' owner, so a role that may add an archive need not
-- have the right to delete.
CREATE OR REPLACE FUNCTION moderation_auditarchive_remove() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    DELETE FROM moderation_auditparticulars USING moderation_auditentry AS entry
    WHERE entry.id = entry_id AND entry.position <= NEW.last_position;
    DELETE FROM moderation_auditentry WHERE position <= NEW.last_position;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER moderation_auditarchive_remove
    AFTER INSERT ON moderation_auditarchive
    FOR EACH ROW EXECUTE FUNCTION moderation_auditarchive_remove();
