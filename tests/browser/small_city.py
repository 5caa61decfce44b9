"""A small city with passwords, for servers that are not a demo: `python -m tests.browser.small_city`.

With the word `decided` it adds to whatever city there is one decided poll of each kind: a process `every-kind`.
"""

import os
import sys
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deliberate.settings")


def build() -> None:
    from django.utils import timezone

    from processes.models import Phase
    from proposals import actions as proposal_actions
    from tests import make
    from voting import actions as voting_actions

    ada = make.user("ada@example.org", display_name="Ada")
    others = make.users(9)
    poll = voting_actions.open_poll(poll=make.poll(roll=make.roll(ada, *others), mix_k=5), by=None)
    for person in others:
        make.cast(poll, person, "o2")
    proposal_actions.create_proposal(
        process=make.process("debate", phase=Phase.Type.PROPOSE),
        author=ada,
        title="More trees",
        body="Along the river.",
        language="en",
        scope=None,
        topic=None,
        at=timezone.now(),
    )


KINDS: dict[str, tuple[str, dict[str, Any], list[dict[str, Any]], dict[str, Any]]] = {
    "single": ("approval-v1", {"approve": {"max": 1}}, [{"approve": ["o1"]}, {"approve": ["o2"]}, {"approve": []}], {}),
    "seats": ("approval-v1", {"approve": {}}, [{"approve": ["o1", "o2"]}, {"approve": ["o2", "o3"]}], {"seats": 2}),
    "committee": ("seqpav-v1", {"approve": {}}, [{"approve": ["o1", "o2"]}, {"approve": ["o3"]}], {"seats": 2}),
    "score": ("score-v1", {"score": {"max": 5}}, [{"score": {"o1": 5, "o2": 3}}, {"score": {"o2": 4}}], {}),
    "alloc": ("cumulative-v1", {"alloc": {"sum": 10}}, [{"alloc": {"o1": 7, "o3": 3}}, {"alloc": {"o2": 1}}], {}),
    "pairs": ("ranked-pairs-v1", {"rank": {}}, [{"rank": [["o1"], ["o2"], ["o3"]]}, {"rank": [["o3"], ["o1"], ["o2"]]}], {}),
}
"""By name: rule, ballot, what is cast, options of the rule."""


def build_decided() -> None:
    from tests import make
    from voting import actions as voting_actions

    people = make.users(3)
    process = make.process("every-kind")
    for name, (method, ballot, bodies, rule) in KINDS.items():
        draft = make.election(
            roll=make.roll(*people), process=process, method=method, ballot=ballot, rule=rule,
            title={"en": f"Decided: {name}", "fa": f"تصمیم گرفته: {name}"},
        )  # fmt: skip
        poll = voting_actions.open_poll(poll=draft, by=None)
        for person, body in zip(people, bodies, strict=False):
            make.cast(poll, person, b=body)
        make.published(poll)


if __name__ == "__main__":
    import django

    django.setup()
    if sys.argv[1:] == ["decided"]:
        build_decided()
    else:
        build()
