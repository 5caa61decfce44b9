"""How the log is being watched: the page for people, and the policy file for programs."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from merkle.policy import Policy
from votelog import files, log, shards, views, witnesses
from votelog.models import Checkpoint, Cosignature

RECENT = 10
"""How many checkpoints the page lists."""
SILENT = 24 * 3600
"""Seconds after which a witness of an open log is said to be silent, though the log has not grown since."""


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The watch page, of the newest log or of the one that `?log=` names."""
    known = [shard for shard in log.shards() if shards.last_signed(shard)]
    shard = request.GET.get("log") or (known[-1] if known else "")
    if shard and shard not in known:
        raise Http404
    return render(request, "about/log_watch.html", {"shards": known[::-1], "shard": shard, **watched(shard)})


@views.open_to_all
def policy_file(request: HttpRequest) -> HttpResponse:
    """The instance's own witness policy, as its operator wrote it."""
    data = witnesses.policy_bytes()
    if data is None:
        raise Http404
    response = HttpResponse(data, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "public, max-age=60"
    return response


def watched(shard: str) -> dict[str, Any]:
    """What the page shows of a log: its newest checkpoint and the one with a quorum, each witness, the last checkpoints."""
    newest = shards.last_signed(shard)
    if newest is None:
        return {"newest": None}
    policy = witnesses.current_policy()
    recent = list(Checkpoint.objects.filter(shard=shard).order_by("-size")[:RECENT])
    quorum = witnesses.newest_with_quorum(shard, policy) if policy else None
    closed = shards.is_closed(shard)
    return {
        "newest": newest,
        "origin": log.origin(shard),
        "root": bytes(newest.root).hex(),
        "published_at": _published_at(shard),
        "is_closed": closed,
        "policy": policy,
        "no_quorum_wanted": policy is not None and policy.quorum is None,
        "quorum": quorum,
        "behind": newest.size - quorum if quorum is not None else None,
        "witnesses": _witnesses(shard, newest, policy, closed) if policy else [],
        "recent": _recent(shard, recent, policy),
    }


def _witnesses(shard: str, newest: Checkpoint, policy: Policy, closed: bool) -> list[dict[str, Any]]:
    shown = []
    for witness in policy.witnesses:
        last = Cosignature.objects.filter(shard=shard, witness=str(witness.key)).order_by("-size", "-time").first()
        at = datetime.fromtimestamp(last.time, UTC) if last else None
        behind = newest.size - last.size if last else newest.size
        silent = bool(at and not closed and (timezone.now() - at).total_seconds() > SILENT)
        state = "never" if last is None else "behind" if behind else "silent" if silent else "current"
        shown.append(
            {
                "name": _readable(witness.name),
                "key_name": witness.key.name,
                "has_address": bool(witness.url),
                "state": state,
                "size": last.size if last else None,
                "at": at,
                "behind": behind,
            }
        )
    return shown


def _recent(shard: str, rows: list[Checkpoint], policy: Policy | None) -> list[dict[str, Any]]:
    names = {str(witness.key): witness.name for witness in policy.witnesses} if policy else {}
    by_size: dict[int, dict[str, int]] = defaultdict(dict)
    signed = Cosignature.objects.filter(shard=shard, size__in=[row.size for row in rows], witness__in=list(names))
    for size, vkey, time in signed.order_by("-time").values_list("size", "witness", "time"):
        by_size[size][names[vkey]] = time  # the first time is kept: rows come latest first
    return [
        {
            "size": row.size,
            "root": bytes(row.root).hex(),
            "signed_by": len(by_size[row.size]),
            "signed_at": datetime.fromtimestamp(min(by_size[row.size].values()), UTC) if by_size[row.size] else None,
            "has_quorum": policy is not None and policy.quorum is not None and policy.satisfied_by(by_size[row.size]),
        }
        for row in rows
    ]


def _published_at(shard: str) -> datetime | None:
    # The rows have no time, as little as ballots have; the file has that of its last writing.
    try:
        return datetime.fromtimestamp((files.directory(shard) / files.LATEST).stat().st_mtime, UTC)
    except OSError:
        return None


def _readable(name: str) -> str:
    return name.encode(errors="surrogateescape").decode(errors="replace")
