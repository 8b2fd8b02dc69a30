-- version 1
--
-- The range of numbers that a work log covers. The exclusion constraint
-- timeclock_worklog_no_overlap refuses two logs whose ranges overlap, and so two logs
-- of one user that share some time.
--
-- A constraint on the user and a range of time would need the extension btree_gist; one
-- on a single range needs none. So each user has a stretch of the numbers: the id, read
-- as a number of 96 bits, times the length of a stretch, plus the seconds since 1970.
-- A stretch is more than ten times as long as the distance of any time that PostgreSQL
-- can store from 1970, except `infinity`.
--
-- A log without an end covers all time from its start. A log of no length has an empty
-- range, which overlaps nothing.
--
-- Locks: none. The constraint's index holds results of this function, so it has to stay
-- IMMUTABLE; a version with other results has to rebuild the index too.
CREATE OR REPLACE FUNCTION timeclock_span(
    owner bytea, started_at timestamptz, ended_at timestamptz
) RETURNS numrange LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN numrange(
    (
        ('x' || encode(substr(owner, 1, 4), 'hex'))::bit(32)::bigint
            * 18446744073709551616
        + ('x' || encode(substr(owner, 5, 8), 'hex'))::bit(64)::bigint
    ) * 100000000000000
        + extract(epoch FROM started_at - '1970-01-01 00:00:00+00'::timestamptz),
    (
        ('x' || encode(substr(owner, 1, 4), 'hex'))::bit(32)::bigint
            * 18446744073709551616
        + ('x' || encode(substr(owner, 5, 8), 'hex'))::bit(64)::bigint
    ) * 100000000000000
        + coalesce(
            extract(epoch FROM ended_at - '1970-01-01 00:00:00+00'::timestamptz),
            10000000000000
        )
);
