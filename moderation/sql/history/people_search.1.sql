-- version 1
--
-- All groups of three adjacent characters in a name and an email address, lower case.
-- The GIN index moderation_user_trigrams on accounts_user holds them, so that an index
-- finds a text anywhere in either. The extension pg_trgm is not needed.
--
-- Locks: none. The index holds results of this function, so it has to stay IMMUTABLE; a
-- version with other results has to rebuild the index too.
CREATE OR REPLACE FUNCTION moderation_trigrams(name text, email text) RETURNS text[]
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
