"""What voting does when somebody else's news arrives."""

from collections.abc import Iterable
from typing import Any

from voting import actions


def refresh_boards(sender: object, polls: Iterable[str], **rest: Any) -> None:
    """New entries are public: bring the boards of their polls up to date."""
    for public_id in polls:
        if public_id:
            actions.refresh_board(public_id=public_id)
