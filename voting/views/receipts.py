"""Finding a ballot again by its receipt number, from any device, without an account."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from votelog import log
from voting import charts, kinds
from voting.forms import ReceiptForm, read_bid
from voting.standing import find_receipt


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def receipt_find(request: HttpRequest) -> HttpResponse:
    """By POST, so that a receipt number stays out of the addresses until somebody opens its page."""
    if request.method != "POST":
        return render(request, "voting/receipt_find.html", {"form": ReceiptForm()})
    form = ReceiptForm(request.POST)
    if not form.is_valid():
        return render(request, "voting/receipt_find.html", {"form": form}, status=422)
    return redirect("voting:receipt", form.cleaned_data["bid"])


@require_safe
@never_cache
def receipt(request: HttpRequest, bid: str) -> HttpResponse:
    written = read_bid(bid)
    if written is not None and written != bid:
        return redirect("voting:receipt", written)
    state = find_receipt(written) if written else None
    if state is None:
        page = {"form": ReceiptForm(initial={"bid": bid}), "unknown": bid}
        return render(request, "voting/receipt_find.html", page, status=404)
    url = request.build_absolute_uri(reverse("voting:receipt", args=[state.bid]))
    options = list(state.poll.options.all())
    return render(
        request,
        "voting/receipt.html",
        {
            "receipt": state,
            "poll": state.poll,
            "budgeted": state.poll.budgeted,
            "shown": kinds.shown(state.poll, options, state.choice),
            "qr": charts.qr(url),
            "find_url": request.build_absolute_uri(reverse("voting:receipt-find")),
            "step": {"promised": 1, "in_log": 2, "replaced": 2, "counted": 3}[state.state],
        },
    )


@require_safe
@never_cache
def receipt_proof(request: HttpRequest, bid: str) -> HttpResponse:
    """The proof that this ballot stands in the log, as a file that anyone can check on their own machine."""
    state = find_receipt(bid)
    event = log.find_ballot(state.poll.public_id, bid) if state else None
    if event is None or not log.is_published(event):
        raise Http404
    response = HttpResponse(log.proof(event), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="ballot-{bid[:8]}.tlog-proof"'
    return response
