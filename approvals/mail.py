"""Tells the other members of staff that something waits for them. No ballot, no voter and no reason is in the mail."""

from __future__ import annotations

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import User
from accounts.permissions import can
from approvals.kinds import KINDS
from approvals.models import Request
from outbox.actions import post


def tell_the_others(request: Request, *, site: str) -> None:
    """Everybody who could approve, each in their own language. `site`: address of this instance."""
    kind = KINDS[request.action]
    for person in User.objects.filter(is_active=True, is_staff=True).order_by("pk"):
        if person.pk == request.requested_by_id or not can(person, f"{kind.right}.approve", request.subject):
            continue
        with override(person.language):
            about = {
                "person": person,
                "request": request,
                "kind": kind.title,
                "url": site.rstrip("/") + request.get_absolute_url(),
                "site_name": settings.SITE_NAME_FA if person.language == "fa" else settings.SITE_NAME,
            }
            subject = _("%(site)s: your approval is asked for") % {"site": about["site_name"]}
            post(to=person.email, subject=subject, body=render_to_string("approvals/mail.txt", about), at=request.requested_at)
