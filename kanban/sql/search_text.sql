-- version 1
-- Keeps the text of a task in which a search looks, folded, whoever writes the task: a
-- verb, a command or a bulk load. A line for each field and tag, so that no match spans
-- two. Works with any search path, as there is none while a dump is restored. Takes no
-- lock beyond that of the written row.

CREATE OR REPLACE FUNCTION kanban_task_search_text() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    NEW.search_text := focusmaster_folded(concat_ws(
        chr(10),
        NEW.title, array_to_string(NEW.tags, chr(10)), NEW.category, NEW.description
    ));
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER kanban_task_search_text
    BEFORE INSERT OR UPDATE OF title, tags, category, description ON kanban_task
    FOR EACH ROW EXECUTE FUNCTION kanban_task_search_text();
