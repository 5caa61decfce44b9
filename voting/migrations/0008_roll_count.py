"""Which places of its roll have a credential in a poll: places that are added later belong to the polls open then."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def count_places(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Until now no roll has ever grown, so every poll that opened has all of its roll."""
    Poll, RollEntry = apps.get_model("voting", "Poll"), apps.get_model("eligibility", "RollEntry")
    for poll in Poll.objects.exclude(status__in=["draft", "frozen"]):
        poll.roll_count = RollEntry.objects.filter(roll_id=poll.roll_id).count()
        poll.save(update_fields=["roll_count"])


class Migration(migrations.Migration):
    dependencies = [("voting", "0007_extended_and_paused"), ("eligibility", "0001_rolls")]
    operations = [
        migrations.AddField("poll", "roll_count", models.PositiveIntegerField(blank=True, null=True)),
        migrations.RunPython(count_places, migrations.RunPython.noop),
    ]
