"""What the how-to pages tell people to type does what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HOW_TO = Path(__file__).resolve().parents[2] / "docs" / "how-to"


def python_of(name: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (HOW_TO / name).read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.django_db
def test_a_poll_can_be_set_up_voted_in_and_counted_as_the_page_shows(ada) -> None:  # type: ignore[no-untyped-def]
    from tests import make
    from voting.models import Poll

    draft, opening = python_of("set-up-a-poll.md")
    shell: dict[str, object] = {}
    exec(draft, shell)  # noqa: S102 -- our own page
    poll = shell["poll"]
    assert isinstance(poll, Poll)
    assert poll.status == Poll.Status.DRAFT
    exec(opening, shell)  # noqa: S102
    make.cast(poll, ada, "o1", "o3")
    assert make.published(poll).status == Poll.Status.PUBLISHED


def test_the_page_on_verifying_explains_every_check_that_the_verifier_makes() -> None:
    source = (HOW_TO.parents[1] / "verifier" / "__main__.py").read_text(encoding="utf-8")
    page = (HOW_TO / "verify-a-poll.md").read_text(encoding="utf-8")
    assert set(re.findall(r'"(C\d+)"', source)) <= set(re.findall(r"\bC\d+\b", page))
    for option in re.findall(r'add_argument\("(--[a-z]+)"', source):
        assert option in page
