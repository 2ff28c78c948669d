"""The ready segment of those over the norm follows the norms, also where it was made before that was noted.

Not where people have rules of their own: with other fields in them, or with somebody who moved after an edit.
"""

from django.db import migrations

ADOPT = """
UPDATE segments_segment AS segment SET offered = rules
WHERE ready_key = 'over_the_norm'
    AND NOT jsonb_path_exists(rules, '$.**.field ? (@ != "stage" && @ != "stage_entered_at")')
    AND NOT EXISTS (
        SELECT FROM segments_membership AS stay
        WHERE stay.segment_id = segment.id AND 'edit' IN (stay.cause, stay.left_cause)
    )
"""


class Migration(migrations.Migration):
    dependencies = [("segments", "0003_offered")]

    operations = [migrations.RunSQL(ADOPT, migrations.RunSQL.noop)]
