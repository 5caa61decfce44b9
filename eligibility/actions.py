"""Everything that can happen to a roll; the only writer."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction

from accounts.models import User
from common.localized import Localized
from eligibility import rules
from eligibility.errors import AlreadyOnRoll, CodeUnknown, CodeUsed
from eligibility.models import Roll, RollEntry


def create_roll(
    *, name: Localized, rule: Localized, users: Sequence[User | None], codes: Sequence[str | None] = ()
) -> Roll:
    """A roll with one place for each of `users`, in that order, counted from 0; None is a place that stands empty.

    `codes`, where given, is as long as `users`: the invitation code of each place, None for a place without one. Only
    hashes of the codes are stored. ValueError when the lengths differ or when a code is empty once normalised.
    """
    hashes = ["" if code is None else rules.code_hash(code) for code in codes or [None] * len(users)]
    if len(hashes) != len(users):
        raise ValueError(f"{len(users)} places, but {len(hashes)} codes")
    if rules.code_hash("") in hashes:
        raise ValueError("an invitation code has no letters or digits")
    with transaction.atomic():
        roll = Roll.objects.create(name=name, rule=rule)
        RollEntry.objects.bulk_create(
            (
                # A code for a place that is taken from the start is born used.
                RollEntry(
                    roll=roll,
                    index=index,
                    user=user,
                    code_sha256=rules.used_hash(unused) if unused and user is not None else unused,
                )
                for index, (user, unused) in enumerate(zip(users, hashes, strict=True))
            ),
            batch_size=500,
        )
    return roll


def add_places(*, roll: Roll, codes: Sequence[str]) -> list[RollEntry]:
    """Further empty places, one for each invitation code, with the next indexes. The caller holds the lock of the roll.

    ValueError when a code is empty once normalised.
    """
    hashes = [rules.code_hash(code) for code in codes]
    if rules.code_hash("") in hashes:
        raise ValueError("an invitation code has no letters or digits")
    last = roll.entries.order_by("-index").values_list("index", flat=True).first()
    first = 0 if last is None else last + 1
    return RollEntry.objects.bulk_create(
        (RollEntry(roll=roll, index=index, code_sha256=unused) for index, unused in enumerate(hashes, start=first)),
        batch_size=500,
    )


def redeem_code(*, user: User, code: str) -> RollEntry:
    """Take the place on a roll that an invitation code names.

    Raises CodeUnknown, CodeUsed or AlreadyOnRoll. Of several people who use one code at once exactly one gets the
    place, and one person gets at most one place on a roll.
    """
    unused = rules.code_hash(code)
    with transaction.atomic():
        named = RollEntry.objects.filter(code_sha256__in=[unused, rules.used_hash(unused)])
        entry = named.select_related("roll").first()
        if (refusal := rules.why_not_redeem(user=user, entry=entry, code=code)) or entry is None:
            raise refusal or CodeUnknown
        try:
            with transaction.atomic():
                taken = RollEntry.objects.filter(pk=entry.pk, user=None, code_sha256=unused).update(
                    user=user, code_sha256=rules.used_hash(unused)
                )
        except IntegrityError as error:  # one_place_per_person_on_a_roll: another code of theirs was quicker
            raise AlreadyOnRoll from error
        if not taken:
            raise CodeUsed
    entry.user, entry.code_sha256 = user, rules.used_hash(unused)
    return entry
