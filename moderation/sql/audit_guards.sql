-- version 1
--
-- The guards that make the audit log append-only. They refuse UPDATE and TRUNCATE of
-- entries, personal details ("particulars") and archives, and DELETE of
--   * an archive;
--   * an entry that no archive covers;
--   * personal details, while both the entry and the person still exist.
--
-- ENABLE ALWAYS makes a guard fire even with session_replication_role = replica, so it
-- stops a superuser too. Only the owner of a table can take its guard away.
--
-- Locks: the guards read and take none. Installing them locks the three tables against
-- writes (SHARE ROW EXCLUSIVE), moderation_auditparticulars against reads as well.

CREATE OR REPLACE FUNCTION moderation_audit_refuse() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE restrict_violation USING
        MESSAGE = 'the audit log is append-only: ' || TG_OP || ' of ' || TG_TABLE_NAME,
        CONSTRAINT = 'moderation_audit_append_only';
END
$$;

CREATE OR REPLACE TRIGGER moderation_auditentry_guard
    BEFORE UPDATE OR TRUNCATE ON moderation_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION moderation_audit_refuse();
ALTER TABLE moderation_auditentry
    ENABLE ALWAYS TRIGGER moderation_auditentry_guard;

CREATE OR REPLACE TRIGGER moderation_auditparticulars_guard
    BEFORE UPDATE OR TRUNCATE ON moderation_auditparticulars
    FOR EACH STATEMENT EXECUTE FUNCTION moderation_audit_refuse();
ALTER TABLE moderation_auditparticulars
    ENABLE ALWAYS TRIGGER moderation_auditparticulars_guard;

CREATE OR REPLACE TRIGGER moderation_auditarchive_guard
    BEFORE UPDATE OR DELETE OR TRUNCATE ON moderation_auditarchive
    FOR EACH STATEMENT EXECUTE FUNCTION moderation_audit_refuse();
ALTER TABLE moderation_auditarchive
    ENABLE ALWAYS TRIGGER moderation_auditarchive_guard;

CREATE OR REPLACE FUNCTION moderation_auditentry_refuse_delete() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM moderation_auditarchive
        WHERE OLD.position BETWEEN first_position AND last_position
    ) THEN
        RETURN OLD;
    END IF;
    RAISE restrict_violation USING
        MESSAGE = 'the audit log is append-only: DELETE of an entry in no archive',
        CONSTRAINT = 'moderation_audit_append_only';
END
$$;

CREATE OR REPLACE TRIGGER moderation_auditentry_delete
    BEFORE DELETE ON moderation_auditentry
    FOR EACH ROW EXECUTE FUNCTION moderation_auditentry_refuse_delete();
ALTER TABLE moderation_auditentry
    ENABLE ALWAYS TRIGGER moderation_auditentry_delete;

CREATE OR REPLACE FUNCTION moderation_auditparticulars_refuse_delete() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM moderation_auditentry WHERE id = OLD.entry_id) AND (
        OLD.person_id IS NULL
        OR EXISTS (SELECT FROM accounts_user WHERE id = OLD.person_id)
    ) THEN
        RAISE restrict_violation USING
            MESSAGE = 'the audit log is append-only: whose particulars these are is '
                'still there',
            CONSTRAINT = 'moderation_audit_append_only';
    END IF;
    RETURN NULL;
END
$$;

-- Deferred to the end of the transaction, because the rows that refer to an account are
-- deleted before the account. PostgreSQL cannot replace a constraint trigger.
DROP TRIGGER IF EXISTS moderation_auditparticulars_delete
    ON moderation_auditparticulars;
CREATE CONSTRAINT TRIGGER moderation_auditparticulars_delete
    AFTER DELETE ON moderation_auditparticulars
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION moderation_auditparticulars_refuse_delete();
ALTER TABLE moderation_auditparticulars
    ENABLE ALWAYS TRIGGER moderation_auditparticulars_delete;
