"""Search by the words that a person sees, whatever stands between them.

PostgreSQL takes `Node.js` for the name of a host, `List<String>` for a tag and `3.14`
for a number, and where it does not know what letters a language has, all that is not
ASCII for letters. So what is no word makes room for a blank, the same in what is looked
through and in what is looked for. An accent is found however it was put together.
"""

from importlib import import_module

from django.db import migrations

before = import_module("kanban.migrations.0004_search")

# By their place in Unicode, for what counts as a letter differs between servers. Marks
# are not among them: words of many languages are spelt with them.
SIGNS = (
    r"\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b1\u00b4"
    r"\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7\u037e\u0387\u055a-\u055f\u0589\u058a\u05be"
    r"\u05c0\u05c3\u05c6\u05f3\u05f4\u0606-\u060f\u061b-\u061f\u066a-\u066d\u06d4\u0964"
    r"\u0965\u0e3f\u104a-\u104f\u1361-\u1368\u17d4-\u17db\u2000-\u206f\u20a0-\u20cf"
    r"\u2190-\u245f\u2500-\u2bff\u2e00-\u2e7f\u3000-\u3004\u3008-\u3020\u3030\u30fb"
    r"\ufe00-\ufe1f\ufe30-\ufe6f\ufeff\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40"
    r"\uff5b-\uff65\uffe0-\uffff\U0001f000-\U0001faff"
)

# Bodies that PostgreSQL reads now: the names in one of text are looked up when it runs,
# and are not found while a dump is being restored.
PLAIN_WORDS = f"""
CREATE FUNCTION kanban_plain_words(text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(normalize($1), '[{SIGNS}]+', ' ', 'g')
"""
# No word has a quote or a backslash in it.
QUERY = """
CREATE FUNCTION kanban_task_query(search text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT to_tsquery('simple', string_agg('''' || word || ''':*', ' & '))
    FROM string_to_table(kanban_plain_words(search), ' ') AS word WHERE word <> ''
)
"""
WORDS = """
CREATE OR REPLACE FUNCTION kanban_task_words(
    title varchar, tags varchar[], category varchar, description varchar
) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN setweight(to_tsvector('simple', kanban_plain_words(title)), 'A')
    || setweight(
        to_tsvector('simple', kanban_plain_words(array_to_string(tags, ' '))), 'B'
    )
    || setweight(to_tsvector('simple', kanban_plain_words(category)), 'C')
    || setweight(to_tsvector('simple', kanban_plain_words(description)), 'D')
"""
WORDS_BEFORE = before.WORDS.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")

# The words of a task are generated again when what they are made of is written. That is
# for the way back: 0009 drops the words.
GENERATE = "UPDATE kanban_task SET title = title"


class Migration(migrations.Migration):
    dependencies = [("kanban", "0004_search")]

    operations = [
        migrations.RunSQL(PLAIN_WORDS, "DROP FUNCTION kanban_plain_words"),
        migrations.RunSQL(QUERY, "DROP FUNCTION kanban_task_query"),
        migrations.RunSQL(WORDS, [WORDS_BEFORE, GENERATE]),
    ]
