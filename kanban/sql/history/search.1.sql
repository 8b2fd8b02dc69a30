-- version 1
--
-- Full-text search over tasks: the words of a task, and the query for words that a
-- person typed. Words are compared as they are written, in any language: there is no
-- stemming and there are no stop words.
--
-- PostgreSQL's parser takes `Node.js` for a host name, `List<String>` for a tag and
-- `3.14` for a number, and in some locales takes every character outside ASCII for a
-- letter. So both sides replace all signs by a space first. Both are normalized, so an
-- accented letter is found whether it is one character or two.
--
-- All bodies are parsed when the function is created. PostgreSQL would look up names in
-- a body that is a string only when it runs, and would not find them while a dump is
-- being restored.
--
-- Locks: none. The generated column kanban_task.search holds results of
-- kanban_task_words, so the functions that it uses have to stay IMMUTABLE. A version
-- with other results has to generate the column again: UPDATE kanban_task SET title =
-- title.

-- The text with a space for each run of signs. The signs are listed by their code
-- points, because what counts as a letter differs between servers. Combining marks are
-- not signs: many languages need them to spell words.
CREATE OR REPLACE FUNCTION kanban_plain_words(text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(
    normalize($1),
    '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b1\u00b4'
    '\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7\u037e\u0387\u055a-\u055f\u0589\u058a\u05be'
    '\u05c0\u05c3\u05c6\u05f3\u05f4\u0606-\u060f\u061b-\u061f\u066a-\u066d\u06d4\u0964'
    '\u0965\u0e3f\u104a-\u104f\u1361-\u1368\u17d4-\u17db\u2000-\u206f\u20a0-\u20cf'
    '\u2190-\u245f\u2500-\u2bff\u2e00-\u2e7f\u3000-\u3004\u3008-\u3020\u3030\u30fb'
    '\ufe00-\ufe1f\ufe30-\ufe6f\ufeff\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40'
    '\uff5b-\uff65\uffe0-\uffff\U0001f000-\U0001faff]+',
    ' ',
    'g'
);

-- The query for tasks that have, for each word, a word that begins with it. NULL if the
-- text has no word. No word can hold a quote or a backslash, so none needs escaping.
CREATE OR REPLACE FUNCTION kanban_task_query(search text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT to_tsquery('simple', string_agg('''' || word || ''':*', ' & '))
    FROM string_to_table(kanban_plain_words(search), ' ') AS word WHERE word <> ''
);

-- The words of a task, weighted: title, tags, category, description. PostgreSQL accepts
-- array_to_string in a generated column only inside a function that says IMMUTABLE;
-- for tags, which are varchar, it is.
CREATE OR REPLACE FUNCTION kanban_task_words(
    title varchar, tags varchar[], category varchar, description varchar
) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN setweight(to_tsvector('simple', kanban_plain_words(title)), 'A')
    || setweight(
        to_tsvector('simple', kanban_plain_words(array_to_string(tags, ' '))), 'B'
    )
    || setweight(to_tsvector('simple', kanban_plain_words(category)), 'C')
    || setweight(to_tsvector('simple', kanban_plain_words(description)), 'D');
