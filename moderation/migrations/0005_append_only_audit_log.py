"""Chain the entries of the audit log, and refuse whatever would change it.

The guards fire even where replication has triggers switched off, so a superuser meets
them too; only the owner of the tables can take them away. An entry goes when an archive
has it: a row of archives is taken only if it fits, and then removes what it covers.
"""

from django.db import migrations

# Names the lock under which entries are appended, one after the other, so that they
# are committed in the order of the chain. Any number will do.
LOCK = 4_702_111_236

# Entries younger than this stay in the log, whoever asks.
YOUNGEST_TO_GO = "30 days"

# What the hash is over, as the text of a JSON array: the same in any version.
CANONICAL = """
CREATE FUNCTION moderation_auditentry_text(entry moderation_auditentry) RETURNS text
LANGUAGE sql STABLE
RETURN jsonb_build_array(
    entry.position,
    encode(entry.previous_hash, 'hex'),
    encode(entry.id, 'hex'),
    entry.action,
    encode(entry.actor_id, 'hex'),
    encode(entry.target_id, 'hex'),
    entry.details,
    entry.metadata,
    to_char(entry.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    encode(entry.actor_digest, 'hex'),
    encode(entry.target_digest, 'hex')
)::text
"""

CHAIN = f"""
CREATE FUNCTION moderation_auditentry_chain() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    head record;
BEGIN
    PERFORM pg_advisory_xact_lock({LOCK});
    SELECT position, hash INTO head
    FROM moderation_auditentry ORDER BY position DESC LIMIT 1;
    IF NOT FOUND THEN
        SELECT last_position AS position, last_hash AS hash INTO head
        FROM moderation_auditarchive ORDER BY last_position DESC LIMIT 1;
    END IF;
    NEW.position := coalesce(head.position, 0) + 1;
    NEW.previous_hash := coalesce(head.hash, '');
    NEW.hash := sha256(convert_to(moderation_auditentry_text(NEW), 'UTF8'));
    RETURN NEW;
END
$$;

CREATE TRIGGER moderation_auditentry_chain BEFORE INSERT ON moderation_auditentry
    FOR EACH ROW EXECUTE FUNCTION moderation_auditentry_chain();
"""

REFUSE = """
CREATE FUNCTION moderation_audit_refuse() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE restrict_violation USING
        MESSAGE = 'the audit log is append-only: ' || TG_OP || ' of ' || TG_TABLE_NAME,
        CONSTRAINT = 'moderation_audit_append_only';
END
$$;

CREATE FUNCTION moderation_auditentry_refuse_delete() RETURNS trigger
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

CREATE FUNCTION moderation_auditparticulars_refuse_delete() RETURNS trigger
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

CREATE TRIGGER moderation_auditentry_delete BEFORE DELETE ON moderation_auditentry
    FOR EACH ROW EXECUTE FUNCTION moderation_auditentry_refuse_delete();
ALTER TABLE moderation_auditentry ENABLE ALWAYS TRIGGER moderation_auditentry_delete;

-- At the end of the transaction: an account goes after what hangs on it.
CREATE CONSTRAINT TRIGGER moderation_auditparticulars_delete
    AFTER DELETE ON moderation_auditparticulars
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION moderation_auditparticulars_refuse_delete();
ALTER TABLE moderation_auditparticulars
    ENABLE ALWAYS TRIGGER moderation_auditparticulars_delete;
"""

GUARDED = {
    "moderation_auditentry": "UPDATE OR TRUNCATE",
    "moderation_auditparticulars": "UPDATE OR TRUNCATE",
    "moderation_auditarchive": "UPDATE OR DELETE OR TRUNCATE",
}
GUARDS = "".join(
    f"""
CREATE TRIGGER {table}_guard BEFORE {events} ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION moderation_audit_refuse();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_guard;
"""
    for table, events in GUARDED.items()
)

# The removal runs with the rights of the tables' owner, and nobody else's: whoever may
# add an archive need not be able to delete.
ARCHIVE = f"""
CREATE FUNCTION moderation_auditarchive_check() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock({LOCK});
    IF NEW.first_position IS DISTINCT FROM
            (SELECT min(position) FROM moderation_auditentry)
        OR NEW.last_hash IS DISTINCT FROM
            (SELECT hash FROM moderation_auditentry WHERE position = NEW.last_position)
        OR EXISTS (
            SELECT FROM moderation_auditentry
            WHERE position <= NEW.last_position
                AND created_at > now() - interval '{YOUNGEST_TO_GO}'
        )
    THEN
        RAISE check_violation USING
            MESSAGE = 'the archive is not of the oldest entries of the audit log',
            CONSTRAINT = 'moderation_auditarchive_fits';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER moderation_auditarchive_check BEFORE INSERT ON moderation_auditarchive
    FOR EACH ROW EXECUTE FUNCTION moderation_auditarchive_check();
ALTER TABLE moderation_auditarchive
    ENABLE ALWAYS TRIGGER moderation_auditarchive_check;

CREATE FUNCTION moderation_auditarchive_remove() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    DELETE FROM moderation_auditparticulars USING moderation_auditentry AS entry
    WHERE entry.id = entry_id AND entry.position <= NEW.last_position;
    DELETE FROM moderation_auditentry WHERE position <= NEW.last_position;
    RETURN NULL;
END
$$;

CREATE TRIGGER moderation_auditarchive_remove AFTER INSERT ON moderation_auditarchive
    FOR EACH ROW EXECUTE FUNCTION moderation_auditarchive_remove();
"""

VIEW = """
CREATE VIEW moderation_auditrecord AS
SELECT
    entry.id,
    entry.position,
    entry.action,
    entry.actor_id,
    coalesce(actor.text::jsonb ->> 'name', '') AS actor_name,
    entry.target_id,
    entry.details || coalesce(': ' || (target.text::jsonb ->> 'reason'), '') AS details,
    entry.metadata,
    (actor.text::jsonb ->> 'ipAddress')::inet AS ip_address,
    coalesce(actor.text::jsonb ->> 'userAgent', '') AS user_agent,
    entry.created_at
FROM moderation_auditentry AS entry
LEFT JOIN moderation_auditparticulars AS actor
    ON actor.entry_id = entry.id AND actor.part = 'actor'
LEFT JOIN moderation_auditparticulars AS target
    ON target.entry_id = entry.id AND target.part = 'target'
"""

DROP = """
DROP VIEW moderation_auditrecord;
DROP TRIGGER moderation_auditarchive_remove ON moderation_auditarchive;
DROP FUNCTION moderation_auditarchive_remove;
DROP TRIGGER moderation_auditarchive_check ON moderation_auditarchive;
DROP FUNCTION moderation_auditarchive_check;
DROP TRIGGER moderation_auditentry_guard ON moderation_auditentry;
DROP TRIGGER moderation_auditparticulars_guard ON moderation_auditparticulars;
DROP TRIGGER moderation_auditarchive_guard ON moderation_auditarchive;
DROP TRIGGER moderation_auditparticulars_delete ON moderation_auditparticulars;
DROP FUNCTION moderation_auditparticulars_refuse_delete;
DROP TRIGGER moderation_auditentry_delete ON moderation_auditentry;
DROP FUNCTION moderation_auditentry_refuse_delete;
DROP FUNCTION moderation_audit_refuse;
DROP TRIGGER moderation_auditentry_chain ON moderation_auditentry;
DROP FUNCTION moderation_auditentry_chain;
DROP FUNCTION moderation_auditentry_text;
"""


class Migration(migrations.Migration):
    dependencies = [("moderation", "0004_audit_log")]

    operations = [
        migrations.RunSQL(
            CANONICAL + ";" + CHAIN + REFUSE + GUARDS + ARCHIVE + VIEW, DROP
        ),
    ]
