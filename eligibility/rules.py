"""Who has a place on a roll, and how an invitation code is read."""

from hashlib import sha256

from accounts.models import User
from accounts.permissions import can
from common.persian import ascii_digits
from common.refusal import NotPermitted, Refusal
from eligibility.errors import AlreadyOnRoll, CodeUnknown, CodeUsed
from eligibility.models import Roll, RollEntry


def entry_for(*, user: User, roll: Roll) -> RollEntry | None:
    """The user's place on the roll, None where there is none."""
    return RollEntry.objects.filter(roll=roll, user=user).first()


def normalize_code(text: str) -> str:
    """The code as it was issued, however it was typed: case, spaces, dashes and the script of the digits do not matter.

    >>> normalize_code(" k7p۲-xwqm ")
    'K7P2XWQM'
    """
    return "".join(letter for letter in ascii_digits(text).upper() if letter.isascii() and letter.isalnum())


def code_hash(code: str) -> str:
    """What is stored of a code that nobody has used yet."""
    return sha256(normalize_code(code).encode()).hexdigest()


def used_hash(unused: str) -> str:
    """What is stored of a code from its use on: it is still recognised, and can never be used a second time.

    Not even when the place stands empty again because the account that took it was erased.
    """
    return sha256(unused.encode()).hexdigest()


def why_not_redeem(*, user: User, entry: RollEntry | None, code: str) -> Refusal | None:
    """`entry` is the place that the code names, used or not; None where it names none."""
    if not can(user, "code.redeem"):
        return NotPermitted()
    if entry is None:
        return CodeUnknown()
    if entry_for(user=user, roll=entry.roll) is not None:
        return AlreadyOnRoll()
    if entry.user_id is not None or entry.code_sha256 != code_hash(code):
        return CodeUsed()
    return None
