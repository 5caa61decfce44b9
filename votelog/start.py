"""The look before anything begins to write: everything that was signed and published is still there, to the byte."""

from votelog import fsck
from votelog.errors import LogDamaged

HOW_TO = "docs/how-to/recover-the-log.md"
_SHOWN = 3


def check() -> None:
    """Raise LogDamaged, with one message that says what is wrong and where it is said what to do. Changes nothing."""
    found = fsck.damage()
    if not found:
        return
    more = f" … and {len(found) - _SHOWN} more (`manage.py log_fsck` lists them)" if len(found) > _SHOWN else ""
    raise LogDamaged(
        f"{'; '.join(found[:_SHOWN])}{more}. Nothing was started, nothing was changed. Delete nothing to get on: "
        f"{HOW_TO} says what to do."
    )
