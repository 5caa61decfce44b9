"""Post a mail with what it tells about; send what is due."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection
from django.db.models import F

from outbox.models import Mail

logger = logging.getLogger(__name__)
KEPT = timedelta(hours=48)
"""How long a mail is tried."""
PAUSE = timedelta(minutes=5)
AT_ONCE = 10
"""Whoever sends also closes polls: mail must not keep them waiting."""


def post(*, to: str, subject: str, body: str, at: datetime) -> None:
    """Have a mail sent, if and only if the caller's transaction commits. Raises RuntimeError outside of one."""
    if not connection.in_atomic_block:
        raise RuntimeError("a mail is posted in the transaction of what it tells about")
    Mail.objects.create(to=to, subject=" ".join(subject.split())[:200], body=body, posted_at=at, due_at=at)


def tick(*, at: datetime) -> None:
    """Send what is due. What cannot be sent is tried again every five minutes, for two days.

    Two processes may do this at once: each mail is claimed by one. One that crashes between sending a mail and
    forgetting it sends it twice, which is better than never.
    """
    for mail in Mail.objects.filter(due_at__lte=at).order_by("due_at", "pk")[:AT_ONCE]:
        claim = Mail.objects.filter(pk=mail.pk, tries=mail.tries)
        if not claim.update(tries=F("tries") + 1, due_at=at + PAUSE):
            continue
        reply_to = [settings.CONTACT_MAIL] if settings.CONTACT_MAIL else None
        try:
            EmailMessage(mail.subject, mail.body, to=[mail.to], reply_to=reply_to).send()
        except ValueError as error:  # an address that no mail can carry: else whoever wrote it would stop the clock, for ever
            logger.error("Mail %s cannot be sent at all (%s) and is given up.", mail.pk, type(error).__name__)
        except OSError as error:  # SMTP's own exceptions among them; they quote the address, so only their kind is logged
            if at - mail.posted_at < KEPT:
                logger.warning("Mail %s was not sent (%s); it is tried again.", mail.pk, type(error).__name__)
                return
            logger.error("Mail %s could not be sent for two days and is given up.", mail.pk)
        Mail.objects.filter(pk=mail.pk).delete()
