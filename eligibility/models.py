"""Rolls: the frozen lists of who may vote."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q, UniqueConstraint

from common.models import LocalizedField


def new_public_id() -> str:
    return secrets.token_hex(4)


def new_uid() -> bytes:
    return secrets.token_bytes(16)


class Roll(models.Model):
    """The list of who may vote in the polls that name it, and the rule by which it was made, in words."""

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id)
    name = LocalizedField()
    rule = LocalizedField()

    def __str__(self) -> str:
        return self.public_id


class RollEntry(models.Model):
    """One place on a roll. `uid` and `salt` are all that the public commitment to the roll is made of.

    A place may stand empty until somebody takes it with an invitation code; the commitment does not change by that.
    """

    roll = models.ForeignKey(Roll, models.PROTECT, related_name="entries")
    index = models.PositiveIntegerField()
    uid = models.BinaryField(max_length=16, default=new_uid)
    salt = models.BinaryField(max_length=16, default=new_uid)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    code_sha256 = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [
            UniqueConstraint(name="one_entry_per_place_on_a_roll", fields=["roll", "index"]),
            UniqueConstraint(name="one_place_per_person_on_a_roll", fields=["roll", "user"], condition=Q(user__isnull=False)),
            UniqueConstraint(name="one_place_per_invitation_code", fields=["code_sha256"], condition=~Q(code_sha256="")),
        ]

    def __str__(self) -> str:
        return f"{self.roll_id}/{self.index}"
