"""Finding a ballot again by its receipt number or the file that was saved, from any device, without an account.

Numbers come by POST, and the answer is rendered in place: in an address they would stand in the access logs of every server on
the way, with a time beside them. Nothing that is shown here is kept anywhere.
"""

from __future__ import annotations

from typing import cast

from allauth.core import ratelimit
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.refusal import Refusal
from votelog import log
from voting import charts, kinds, receipts
from voting.forms import ReceiptForm, read_bid
from voting.receipts import Kept
from voting.standing import find_receipt


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def receipt_find(request: HttpRequest) -> HttpResponse:
    """By number, or by the saved file (field `file`)."""
    if request.method != "POST":
        return _find(request)
    if limited := ratelimit.consume_or_429(request, action="receipt_find"):
        return cast(HttpResponse, limited)
    file = request.FILES.get("file")
    if file is not None:
        try:
            kept = receipts.open_file(file.read(receipts.MAX_FILE + 1), user=request.user)
        except Refusal as refusal:
            return _find(request, refusal=refusal, status=422)
        return _page(request, kept.d["bid"], kept)
    form = ReceiptForm(request.POST)
    if not form.is_valid():
        return _find(request, form=form, status=422)
    return _page(request, form.cleaned_data["bid"])


@require_safe
@never_cache
def receipt(request: HttpRequest, bid: str) -> HttpResponse:
    """For links from before numbers left the addresses."""
    written = read_bid(bid)
    if written is not None and written != bid:
        return redirect("voting:receipt", written)
    return _page(request, written) if written else _find(request, unknown=bid, status=404)


def _find(
    request: HttpRequest,
    *,
    form: ReceiptForm | None = None,
    refusal: Refusal | None = None,
    unknown: str = "",
    status: int = 200,
) -> HttpResponse:
    form = form or ReceiptForm(initial={"bid": unknown})
    page = {"form": form, "unknown": unknown, "refusal": refusal}
    return render(request, "voting/receipt_find.html", page, status=status)


def _page(request: HttpRequest, bid: str, kept: Kept | None = None) -> HttpResponse:
    found = receipts.where(bid, at=timezone.now(), kept=kept)
    if found is None:
        return _find(request, unknown=bid, status=404)
    options = list(found.poll.options.all())
    return render(
        request,
        "voting/receipt.html",
        {
            "receipt": found,
            "poll": found.poll,
            "budgeted": found.poll.budgeted,
            "shown": kinds.shown(found.poll, options, found.choice) if found.choice is not None else None,
            "titles": {option.key: str(option) for option in options} if found.sealed else {},
            "qr": charts.qr(find_url(request, bid)),
            "find_url": find_url(request),
            "from_file": kept is not None,
        },
    )


def find_url(request: HttpRequest, bid: str = "") -> str:
    """Where a receipt is looked up; with its number behind the #, which browsers keep to themselves."""
    return request.build_absolute_uri(reverse("voting:receipt-find")) + (f"#{bid}" if bid else "")


@require_POST
@never_cache
def receipt_proof_posted(request: HttpRequest) -> HttpResponse:
    return _proof(request.POST.get("bid", ""))


@require_safe
@never_cache
def receipt_proof(request: HttpRequest, bid: str) -> HttpResponse:
    """The same, for links from before numbers left the addresses."""
    return _proof(bid)


def _proof(bid: str) -> HttpResponse:
    """The proof that this ballot stands in the log, as a file that anyone can check on their own machine."""
    written = read_bid(bid)
    state = find_receipt(written) if written else None
    event = log.find_ballot(state.poll.public_id, state.bid) if state else None
    if event is None or not log.is_published(event):
        raise Http404
    response = HttpResponse(log.proof(event), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="ballot-{event.bid[:8] if event.bid else ""}.tlog-proof"'
    return response
