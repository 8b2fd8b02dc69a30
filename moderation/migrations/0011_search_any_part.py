"""Have an index find any part of a name or an email, without regard to accents.

The index is built beside running workers, which takes long among a million accounts and
stops nobody.
"""

from django.db import migrations

from focusmaster.db.sql_files import InstallSQL, read_sql

GRAMS = """
CREATE INDEX CONCURRENTLY IF NOT EXISTS moderation_user_grams ON accounts_user
USING gin (moderation_grams(name, email))
"""
TRIGRAMS = """
CREATE INDEX CONCURRENTLY IF NOT EXISTS moderation_user_trigrams ON accounts_user
USING gin (moderation_trigrams(name, email))
"""
DROP_GRAMS = """
DROP FUNCTION moderation_search_grams;
DROP FUNCTION moderation_grams;
DROP FUNCTION moderation_person_text
"""


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("moderation", "0010_sql_files"),
        ("focusmaster", "0003_folded_text"),
    ]

    operations = [
        InstallSQL("people_search", version=2, reverse_sql=DROP_GRAMS),
        migrations.RunSQL(GRAMS, "DROP INDEX CONCURRENTLY moderation_user_grams"),
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS moderation_user_trigrams", TRIGRAMS
        ),
        migrations.RunSQL(
            "DROP FUNCTION moderation_trigrams",
            read_sql("moderation", "people_search", 1),
        ),
    ]
