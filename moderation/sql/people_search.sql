-- version 2
--
-- Search in the names and email addresses of people, folded as the search in tasks is.
-- The GIN index moderation_user_grams on accounts_user holds all groups of one to three
-- adjacent characters, so that it finds any part anywhere. The extension pg_trgm is not
-- needed, and would not find parts of one or two characters, as many names have.
--
-- Locks: none. The index holds results of moderation_grams, so the functions have to
-- stay IMMUTABLE; a version with other results has to rebuild the index too. The bodies
-- are parsed when they are created, because a dump is restored without a search path.

-- A name and an address, each in a line, so that no match spans both.
CREATE OR REPLACE FUNCTION moderation_person_text(name text, email text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN focusmaster_folded(name || chr(10) || email);

CREATE OR REPLACE FUNCTION moderation_grams(name text, email text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT array_agg(substr(said, place, size))
    FROM moderation_person_text(name, email) AS said,
        generate_series(1, length(said)) AS place, generate_series(1, 3) AS size
    WHERE place + size - 1 <= length(said)
);

-- The groups that a person has to have for every part of a search to be in them.
CREATE OR REPLACE FUNCTION moderation_search_grams(search text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT array_agg(substr(part, place, 3))
    FROM (
        SELECT coalesce(nullif(focusmaster_folded(word), ''), word)
        FROM string_to_table(search, ' ') AS word WHERE word <> ''
    ) AS parts (part), generate_series(1, greatest(length(part) - 2, 1)) AS place
);
