"""Have an index find a text anywhere in a name or an email.

It holds the groups of three letters that are in them; no extension is needed for that.
The index itself is not made any more: 0011 makes another, beside running workers.
Neither column changes often, and where neither does, most changes of a user leave the
indexes alone.
"""

from django.db import migrations

TRIGRAMS = """
CREATE FUNCTION moderation_trigrams(name text, email text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    said text := lower(name || chr(10) || email);
    found text[] := '{}';
BEGIN
    FOR place IN 1 .. length(said) - 2 LOOP
        found := found || substr(said, place, 3);
    END LOOP;
    RETURN found;
END
$$
"""

DROP = """
DROP INDEX IF EXISTS moderation_user_trigrams;
DROP FUNCTION moderation_trigrams
"""


class Migration(migrations.Migration):
    dependencies = [
        ("moderation", "0005_append_only_audit_log"),
        ("accounts", "0006_user_search"),
    ]

    operations = [migrations.RunSQL(TRIGRAMS, DROP)]
