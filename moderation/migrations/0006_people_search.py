"""Have an index find a text anywhere in a name or an email.

It holds the groups of three letters that are in them; no extension is needed for that.
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
$$;

CREATE INDEX moderation_user_trigrams ON accounts_user
    USING gin (moderation_trigrams(name, email))
"""

DROP = """
DROP INDEX moderation_user_trigrams;
DROP FUNCTION moderation_trigrams
"""


class Migration(migrations.Migration):
    dependencies = [
        ("moderation", "0005_append_only_audit_log"),
        ("accounts", "0006_user_search"),
    ]

    operations = [migrations.RunSQL(TRIGRAMS, DROP)]
