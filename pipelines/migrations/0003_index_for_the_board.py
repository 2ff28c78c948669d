from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """The board reads by time on the stage; nothing read by the time of the last change."""

    atomic = False  # large tables stay writable meanwhile

    dependencies = [("pipelines", "0002_home")]

    operations = [
        AddIndexConcurrently(
            "deal",
            models.Index(
                fields=["stage", "stage_entered_at", "id"],
                include=["price", "responsible"],
                condition=models.Q(deleted_at__isnull=True),
                name="deal_on_board",
            ),
        ),
        RemoveIndexConcurrently("deal", "deal_board"),
    ]
