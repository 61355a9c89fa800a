"""What no constraint of Django can say: the journal is append-only, and an approval's author is the bulletin's.

A later AlterField on SQLite remakes its table and drops its triggers without a word: `tests/house` looks for each of them after
the last migration.
"""

from django.db import migrations

SQLITE = [
    """CREATE TRIGGER journal_no_update BEFORE UPDATE ON dispatcher_journal
       BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END""",
    """CREATE TRIGGER journal_no_delete BEFORE DELETE ON dispatcher_journal
       BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END""",
    """CREATE TRIGGER approval_author_insert BEFORE INSERT ON dispatcher_approval
       WHEN (SELECT author_id FROM dispatcher_bulletin WHERE id = NEW.bulletin_id) IS NOT NEW.author_id
       BEGIN SELECT RAISE(ABORT, 'an approval repeats the author of its bulletin'); END""",
    """CREATE TRIGGER approval_author_update BEFORE UPDATE ON dispatcher_approval
       WHEN (SELECT author_id FROM dispatcher_bulletin WHERE id = NEW.bulletin_id) IS NOT NEW.author_id
       BEGIN SELECT RAISE(ABORT, 'an approval repeats the author of its bulletin'); END""",
    """CREATE TRIGGER bulletin_author_fixed BEFORE UPDATE OF author_id ON dispatcher_bulletin
       WHEN OLD.author_id IS NOT NEW.author_id
       BEGIN SELECT RAISE(ABORT, 'the author of a bulletin never changes'); END""",
]

POSTGRESQL = [
    """CREATE FUNCTION dispatcher_journal_append_only() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION 'the journal is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    """CREATE TRIGGER journal_no_update BEFORE UPDATE ON dispatcher_journal
       FOR EACH ROW EXECUTE FUNCTION dispatcher_journal_append_only()""",
    """CREATE TRIGGER journal_no_delete BEFORE DELETE ON dispatcher_journal
       FOR EACH ROW EXECUTE FUNCTION dispatcher_journal_append_only()""",
    """CREATE TRIGGER journal_no_truncate BEFORE TRUNCATE ON dispatcher_journal
       FOR EACH STATEMENT EXECUTE FUNCTION dispatcher_journal_append_only()""",
    """CREATE FUNCTION dispatcher_approval_author() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN
         IF (SELECT author_id FROM dispatcher_bulletin WHERE id = NEW.bulletin_id) IS DISTINCT FROM NEW.author_id THEN
           RAISE EXCEPTION 'an approval repeats the author of its bulletin' USING ERRCODE = 'integrity_constraint_violation';
         END IF;
         RETURN NEW;
       END $$""",
    """CREATE TRIGGER approval_author_insert BEFORE INSERT OR UPDATE ON dispatcher_approval
       FOR EACH ROW EXECUTE FUNCTION dispatcher_approval_author()""",
    """CREATE FUNCTION dispatcher_bulletin_author() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN
         IF OLD.author_id IS DISTINCT FROM NEW.author_id THEN
           RAISE EXCEPTION 'the author of a bulletin never changes' USING ERRCODE = 'integrity_constraint_violation';
         END IF;
         RETURN NEW;
       END $$""",
    """CREATE TRIGGER bulletin_author_fixed BEFORE UPDATE ON dispatcher_bulletin
       FOR EACH ROW EXECUTE FUNCTION dispatcher_bulletin_author()""",
]


def create(apps, schema_editor):  # type: ignore[no-untyped-def]  # Django calls it
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("dispatcher", "0001_tables")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
