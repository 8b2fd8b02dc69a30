-- version 1
--
-- The hash chain of the audit log: each entry gets the next position, the hash of the
-- entry before it, and a hash over its own columns and that hash. A changed, removed or
-- inserted entry breaks the chain, which verify_audit_log checks.
--
-- Locks: an INSERT takes the advisory lock 4702111236 until its transaction ends, so
-- entries are appended one transaction after the other and committed in the order of
-- the chain. Archives take the same lock (audit_archives.sql).
--
-- Installing it locks moderation_auditentry against writes (SHARE ROW EXCLUSIVE).

-- What the hash is over: the columns as the text of a JSON array. Every version has to
-- give the same text for the entries that exist, or their hashes no longer agree.
CREATE OR REPLACE FUNCTION moderation_auditentry_text(entry moderation_auditentry)
RETURNS text LANGUAGE sql STABLE
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
)::text;

-- When all entries are archived, the chain goes on from the last archive.
CREATE OR REPLACE FUNCTION moderation_auditentry_chain() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    head record;
BEGIN
    PERFORM pg_advisory_xact_lock(4702111236);
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

CREATE OR REPLACE TRIGGER moderation_auditentry_chain
    BEFORE INSERT ON moderation_auditentry
    FOR EACH ROW EXECUTE FUNCTION moderation_auditentry_chain();
