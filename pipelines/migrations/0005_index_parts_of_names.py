from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations

from pipelines.models.grams import gram_index

# Only what lies in pg_catalog is named: an index is also built where no other schema can be seen.
FUNCTION = """
CREATE FUNCTION pipelines_grams(given text) RETURNS integer[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    grams integer[];
BEGIN
    FOR place IN 1 .. length(given) - 2 LOOP
        grams[place] := hashtext(substr(given, place, 3));
    END LOOP;
    RETURN grams;
END
$$
"""


# Figures on every gram would make ANALYZE cut all names once more, and the planner needs none to choose these indexes.
NO_FIGURES = "ALTER INDEX {} ALTER COLUMN 1 SET STATISTICS 0"


class Migration(migrations.Migration):
    """Search reads an index instead of every name, phone and e-mail address."""

    atomic = False  # large tables stay writable meanwhile

    dependencies = [("pipelines", "0004_drop_indexes_that_others_cover")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION pipelines_grams"),
        AddIndexConcurrently("contact", gram_index("name_key", "contact_grams")),
        AddIndexConcurrently("company", gram_index("name_key", "company_grams")),
        AddIndexConcurrently("deal", gram_index("name_key", "deal_grams")),
        AddIndexConcurrently("contactpoint", gram_index("value", "point_grams")),
        *(
            migrations.RunSQL(NO_FIGURES.format(index), migrations.RunSQL.noop)
            for index in ("contact_grams", "company_grams", "deal_grams", "point_grams")
        ),
    ]
