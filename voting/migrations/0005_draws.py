"""Lots may also come from a draw before witnesses, or from drand, after the close."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

SOURCES = [
    ("commit-reveal", "A secret of this server, sealed before voting begins"),
    ("public-draw", "A draw before witnesses, after the poll has closed"),
    ("drand", "A round of the public randomness service drand, after the poll has closed"),
]


class Migration(migrations.Migration):
    dependencies = [("voting", "0004_what_other_rules_would_give")]
    operations = [
        migrations.AddField("poll", "seed_source", models.CharField(choices=SOURCES, default="commit-reveal", max_length=20)),
        migrations.AddField("poll", "draw_plan", models.JSONField(blank=True, null=True)),
        migrations.AddConstraint(
            "poll",
            models.CheckConstraint(
                name="a_poll_names_a_chain_when_its_lots_come_from_drand",
                condition=Q(seed_source="drand", draw_plan__isnull=False) | (~Q(seed_source="drand") & Q(draw_plan__isnull=True)),
            ),
        ),
        migrations.CreateModel(
            name="Draw",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("evidence", models.JSONField()),
                ("recorded_at", models.DateTimeField()),
                (
                    "poll",
                    models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name="draw", to="voting.poll"),
                ),
            ],
        ),
    ]
