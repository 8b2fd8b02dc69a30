"""Entries of the audit log that are made up, to look at and to measure.

They are written like any others: the trigger chains them one by one, some ten thousand
a second, and none can be removed again but by archiving.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection, transaction

ENTRIES_PER_BATCH = 20_000

# Acts of a made-up operator on people who are there, over the days until now.
ADD = """
WITH made AS MATERIALIZED (
    SELECT
        -- An id begins with the second in which it was made.
        decode(lpad(to_hex(extract(epoch FROM at)::bigint), 8, '0'), 'hex')
            || substr(uuid_send(gen_random_uuid()), 1, 8) AS id,
        (ARRAY['user.banned', 'user.unbanned'])[1 + number %% 2] AS action,
        (ARRAY['Banned', 'Lifted the ban'])[1 + number %% 2] AS details,
        people.ids[1 + number %% cardinality(people.ids)] AS target_id,
        uuid_send(gen_random_uuid()) AS salt,
        '{"name":"demo","ipAddress":null,"userAgent":""}' AS text,
        at
    FROM
        (SELECT array_agg(id) AS ids FROM (
            SELECT id FROM accounts_user ORDER BY id DESC LIMIT 1000
        ) AS newest) AS people,
        generate_series(%s::bigint, %s::bigint) AS number,
        LATERAL (SELECT now() - %s * interval '1 day' * (1 - number::float8 / %s))
            AS moment (at)
    ORDER BY number
), entry AS (
    INSERT INTO moderation_auditentry
        (id, action, target_id, details, metadata, created_at, actor_digest)
    SELECT
        id, action, target_id, details, '{}', at,
        sha256(salt || convert_to(text, 'UTF8'))
    FROM made
)
INSERT INTO moderation_auditparticulars (entry_id, part, salt, text)
SELECT id, 'actor', salt, text FROM made
"""


def add_entries(count: int, *, days: int) -> Iterator[int]:
    """Append as many entries, the first so many days old; yield how many there are."""
    for first in range(1, count + 1, ENTRIES_PER_BATCH):
        last = min(count, first + ENTRIES_PER_BATCH - 1)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(ADD, [first, last, days, count])
        yield last
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE moderation_auditentry, moderation_auditparticulars")
