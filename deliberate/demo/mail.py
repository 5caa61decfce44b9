"""Mail that goes nowhere: printed on the console and shown on a page of the demo."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.mail import EmailMessage
from django.core.mail.backends.console import EmailBackend
from django.utils import timezone


@dataclass(frozen=True)
class Mail:
    to: str
    subject: str
    body: str
    at: datetime


shown: deque[Mail] = deque(maxlen=30)


class ShownMail(EmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            shown.appendleft(Mail(", ".join(message.to), str(message.subject), str(message.body), timezone.now()))
        return super().send_messages(email_messages)
