"""Everything that can happen to an objection. Nothing else writes objections and answers.

Order of work: lock, ask, change, record, tell. One action is one transaction. `at` is the moment it happened.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from accounts.models import User
from common.locks import lock_exclusive
from common.refusal import Refusal
from merkle import canonical
from moderation import actions as moderation
from moderation.models import Act
from objections import errors, rules
from objections.models import CONFIRM_WITHIN, Answer, Objection, Unconfirmed, new_handle
from outbox.actions import post
from votelog.actions import put_blob, record
from voting.models import Poll


def code_mac(handle: str, code: str) -> str:
    """What is stored of a code: nobody who reads the table can confirm for somebody else without SECRET_KEY."""
    return salted_hmac("objections.code", f"{handle}:{code}", algorithm="sha256").hexdigest()


def file_objection(*, poll: Poll, name: str, email: str, language: str, text: str, at: datetime, base_url: str) -> Unconfirmed:
    """Keep an objection until its sender confirms it, and mail them how. Nothing is public before.

    Answers the same whoever the address belongs to. `base_url`: scheme and host of the link in the mail.
    Raises ObjectionsNotYet, ObjectionsOver.
    """
    handle, code = new_handle(), f"{secrets.randbelow(10**8):08d}"
    with transaction.atomic():
        _ask(rules.why_not_file(poll, at=at))
        waiting = Unconfirmed.objects.create(
            poll=poll,
            handle=handle,
            code_mac=code_mac(handle, code),
            name=name,
            email=email,
            language=language,
            text=text,
            written_at=at,
        )
        with translation.override(language):
            url = base_url.rstrip("/") + reverse("objections:objection-confirm", args=[handle]) + f"?code={code}"
            _mail(email, _("Confirm your objection"), "confirm", language, at, poll=poll, url=url, code=f"{code[:4]}-{code[4:]}")
    return waiting


def confirm_objection(*, handle: str, code: str, at: datetime) -> Objection:
    """Publish a waiting objection and log it; once, however often and from wherever it is asked.

    Raises ObjectionNotWaiting, ObjectionCodeWrong, ObjectionsOver.
    """
    with transaction.atomic():
        lock_exclusive(f"objection {handle}")
        waiting = Unconfirmed.objects.select_related("poll").filter(handle=handle, written_at__gt=at - CONFIRM_WITHIN).first()
        if waiting is None:
            raise errors.ObjectionNotWaiting()
        if not constant_time_compare(waiting.code_mac, code_mac(handle, code)):
            raise errors.ObjectionCodeWrong()
        _ask(rules.why_not_file(waiting.poll, at=at))
        objection = Objection.objects.create(
            poll=waiting.poll,
            public_id=waiting.public_id,
            name=waiting.name,
            email=waiting.email,
            language=waiting.language,
            text=waiting.text,
            filed_at=at,
        )
        waiting.delete()
        said = f"{objection.text}\n\n— {objection.name}" if objection.name else objection.text
        d = {"objection": objection.public_id, "text_sha256": _text_blob(said, objection.language)}
        record("objection.filed", poll=objection.poll.public_id, at=at, d=d)
    return objection


def answer_objection(
    *, objection: Objection, by: User, finding: str, text: str, language: str, at: datetime, base_url: str
) -> Answer:
    """Answer an objection for good: public, logged, and mailed to whoever filed it. Raises NotPermitted, ObjectionAnswered."""
    with transaction.atomic():
        lock_exclusive(f"objection {objection.public_id}")
        objection = Objection.objects.select_related("poll").get(pk=objection.pk)
        _ask(rules.why_not_answer(objection, by))
        answer = Answer.objects.create(objection=objection, by=by, finding=finding, text=text, language=language, at=at)
        said = {"objection": objection.public_id, "finding": finding, "text_sha256": _text_blob(text, language)}
        record("objection.answered", poll=objection.poll.public_id, at=at, d=said | {"actor": by.pseudonym})
        if objection.email:
            with translation.override(objection.language):
                _mail(
                    objection.email,
                    _("Your objection is answered"),
                    "answer",
                    objection.language,
                    at,
                    poll=objection.poll,
                    objection=objection,
                    answer=answer,
                    url=base_url.rstrip("/") + objection.get_absolute_url(),
                )
    return answer


def hide_objection(*, objection: Objection, by: User, rule: str, reason: str, at: datetime, base_url: str) -> None:
    """Replace name and text by a notice for the public. Raises NotPermitted, AlreadyHidden."""
    moderation.hide(
        thing=objection,
        kind=Act.Kind.OBJECTION,
        number=objection.public_id,
        author=_wrote(objection),
        by=by,
        rule=rule,
        reason=reason,
        at=at,
        base_url=base_url,
    )


def restore_objection(*, objection: Objection, by: User, reason: str, at: datetime, base_url: str) -> None:
    """Show it again. Raises NotPermitted, NotHidden."""
    moderation.restore(
        thing=objection,
        kind=Act.Kind.OBJECTION,
        number=objection.public_id,
        author=_wrote(objection),
        by=by,
        reason=reason,
        at=at,
        base_url=base_url,
    )


def tick(*, at: datetime) -> None:
    """What the clock does: forget what was not confirmed in time, and addresses some time after the answer."""
    Unconfirmed.objects.filter(written_at__lte=at - CONFIRM_WITHIN).delete()
    Objection.objects.with_email_to_delete(at).update(email="")


def _ask(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise refusal


def _wrote(objection: Objection) -> moderation.Wrote:
    return moderation.Wrote(email=objection.email, language=objection.language, text=objection.text)


def _text_blob(text: str, language: str) -> str:
    return put_blob(canonical.dumps({language: text}), salted=True)


def _mail(to: str, subject: str, template: str, language: str, at: datetime, **context: object) -> None:
    site_name = settings.SITE_NAME_FA if language == "fa" else settings.SITE_NAME
    body = render_to_string(f"objections/mail/{template}.txt", context | {"site_name": site_name})
    post(to=to, subject=subject, body=body.strip() + "\n", at=at)
