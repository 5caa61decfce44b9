"""Requests that wait for a second person."""

import common.models
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

STATES = [
    ("open", "Waits for a second person"),
    ("carried_out", "Approved and carried out"),
    ("rejected", "Rejected"),
    ("withdrawn", "Withdrawn"),
    ("expired", "Expired"),
]


def person(**options: bool) -> models.ForeignKey:
    return models.ForeignKey(
        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL, **options
    )


class Migration(migrations.Migration):
    initial = True
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.CreateModel(
            name="Request",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("action", models.CharField(max_length=40)),
                ("subject", models.CharField(max_length=64)),
                ("arguments", models.TextField()),
                ("reason", common.models.LocalizedField(default=dict)),
                ("arguments_sha256", models.CharField(max_length=64)),
                ("requested_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("state", models.CharField(choices=STATES, default="open", max_length=12)),
                ("decided_by", person(blank=True)),
                ("requested_by", person()),
            ],
            options={
                "ordering": ["-requested_at", "-pk"],
                "indexes": [models.Index(fields=["subject", "state"], name="requests_of_a_subject")],
                "constraints": [
                    models.CheckConstraint(
                        condition=~Q(state__in=["carried_out", "rejected"], decided_by=F("requested_by")),
                        name="nobody_approves_what_they_asked_for",
                    ),
                    models.CheckConstraint(
                        condition=Q(state="open", decided_at__isnull=True) | (~Q(state="open") & Q(decided_at__isnull=False)),
                        name="a_request_is_open_until_it_is_decided",
                    ),
                    models.UniqueConstraint(
                        condition=Q(state="open"), fields=["arguments_sha256"], name="the_same_is_asked_for_once"
                    ),
                ],
            },
        ),
    ]
