"""The limits of an approval ballot become the object that the log publishes, which holds those of every kind of ballot."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def forwards(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    for poll in apps.get_model("voting", "Poll").objects.all():
        poll.ballot = {"approve": {"min": poll.min_choices, "max": poll.max_choices, "max_cost": poll.max_cost}}
        poll.save(update_fields=["ballot"])


def backwards(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    for poll in apps.get_model("voting", "Poll").objects.all():
        limits = poll.ballot.get("approve")
        if limits is None:
            raise ValueError(f"Poll {poll.public_id} does not take approvals: this step back would lose what its ballots may say.")
        poll.min_choices, poll.max_choices, poll.max_cost = limits["min"], limits["max"], limits["max_cost"]
        poll.save(update_fields=["min_choices", "max_choices", "max_cost"])


class Migration(migrations.Migration):
    dependencies = [("voting", "0002_ballots_stay")]
    operations = [
        migrations.AddField("poll", "ballot", models.JSONField(default=dict), preserve_default=False),
        migrations.RunPython(forwards, backwards),
        migrations.RemoveField("poll", "max_cost"),
        migrations.RemoveField("poll", "min_choices"),
        migrations.RemoveField("poll", "max_choices"),
    ]
