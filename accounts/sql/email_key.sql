-- version 1
-- Gives an address its key, whoever writes it: a verb, a command or a bulk load.
-- PostgreSQL knows no IDNA, so the models give the key of an address in Unicode, which
-- then has an ASCII label that begins with xn--. Without one the address is its own
-- key, in lower case as far as it is ASCII. Takes no lock.

CREATE OR REPLACE FUNCTION accounts_user_email_key() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF octet_length(NEW.email) = length(NEW.email)
        OR position('xn--' in NEW.email_key) = 0
    THEN
        NEW.email_key := lower(NEW.email COLLATE "C");
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER accounts_user_email_key
    BEFORE INSERT OR UPDATE OF email ON accounts_user
    FOR EACH ROW EXECUTE FUNCTION accounts_user_email_key();
