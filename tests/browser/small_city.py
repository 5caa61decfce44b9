"""A small city with passwords, for servers that are not a demo: `python -m tests.browser.small_city`."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deliberate.settings")


def build() -> None:
    from django.utils import timezone

    from processes.models import Phase
    from proposals import actions as proposal_actions
    from tests import make
    from voting import actions as voting_actions

    ada = make.user("ada@example.org", display_name="Ada")
    others = make.users(9)
    poll = voting_actions.open_poll(poll=make.poll(roll=make.roll(ada, *others)), by=None)
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


if __name__ == "__main__":
    import django

    django.setup()
    build()
