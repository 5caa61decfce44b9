"""Tells the other members of staff that something waits for them. No ballot, no voter and no reason is in the mail."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import User
from accounts.permissions import can
from approvals.kinds import KINDS
from approvals.models import Request


def tell_the_others(request: Request, *, site: str) -> None:
    """Once the caller's transaction has committed, to everybody who could approve. A mail server that is away stops nothing."""

    def send() -> None:
        kind = KINDS[request.action]
        others = User.objects.filter(is_active=True, is_staff=True).exclude(pk=request.requested_by_id)
        letters = [_letter(request, person, site) for person in others if can(person, f"{kind.right}.approve", request.subject)]
        if letters:
            get_connection().send_messages(letters)

    transaction.on_commit(send, robust=True)


def _letter(request: Request, person: User, site: str) -> EmailMessage:
    with override(person.language):
        name = settings.SITE_NAME_FA if person.language == "fa" else settings.SITE_NAME
        kind = KINDS[request.action]
        about = {
            "person": person,
            "request": request,
            "kind": kind.title,
            "url": site.rstrip("/") + request.get_absolute_url(),
            "site_name": name,
        }
        subject = _("%(site)s: your approval is asked for") % {"site": name}
        return EmailMessage(subject, render_to_string("approvals/mail.txt", about), to=[person.email])
