"""A result also tells what other rules would have given."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("voting", "0003_ballots_of_every_kind")]
    operations = [migrations.AddField("result", "compared", models.JSONField(default=dict))]
