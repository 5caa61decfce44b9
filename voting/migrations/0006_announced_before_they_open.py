"""A poll is announced, with its rules in the log, before it opens."""

from django.db import migrations, models

STATUS = [
    ("draft", "Draft"),
    ("frozen", "Announced"),
    ("open", "Open"),
    ("closed", "Closed"),
    ("published", "Result published"),
]


class Migration(migrations.Migration):
    dependencies = [("voting", "0005_draws")]
    operations = [
        migrations.AlterField("poll", "status", models.CharField(choices=STATUS, default="draft", max_length=10)),
    ]
