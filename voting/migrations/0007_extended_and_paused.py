"""An open poll may be extended, and paused."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("voting", "0006_announced_before_they_open")]
    operations = [
        migrations.AddField("poll", "announced_close", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("poll", "paused", models.BooleanField(default=False)),
    ]
