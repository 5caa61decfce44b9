from django.urls import path, re_path

from voting.views import ballot, boards, bundles, changes, downloads, places, polls, receipts, results

app_name = "voting"

urlpatterns = [
    path("polls/", polls.poll_list, name="poll-list"),
    path("polls/<slug:poll_id>/", polls.poll_detail, name="poll-detail"),
    path("polls/<slug:poll_id>/announce/", changes.poll_freeze, name="poll-freeze"),
    path("polls/<slug:poll_id>/changes/", changes.changes, name="changes"),
    path("polls/<slug:poll_id>/changes/new/<slug:what>/", changes.change_new, name="change-new"),
    path("polls/<slug:poll_id>/close/", changes.change_new, {"what": "close"}, name="poll-close"),
    path("polls/<slug:poll_id>/ballot/", ballot.ballot, name="ballot"),
    path("polls/<slug:poll_id>/ballot/cast/", ballot.ballot_cast, name="ballot-cast"),
    re_path(r"^polls/(?P<poll_id>[-\w]+)/options/(?P<key>[a-z0-9_.-]+)/$", polls.option_detail, name="option-detail"),
    path("polls/<slug:poll_id>/bundle.zip", bundles.poll_bundle, name="poll-bundle"),
    path("polls/<slug:poll_id>/place.json", places.place, name="place"),
    path("polls/<slug:poll_id>/board/", boards.board, name="board"),
    path("polls/<slug:poll_id>/result/", results.result, name="result"),
    re_path(
        r"^polls/(?P<poll_id>[-\w]+)/result\.(?P<kind>csv|json|pb)$", downloads.result_download, name="result-download"
    ),
    path("receipts/", receipts.receipt_find, name="receipt-find"),
    path("receipts/proof/", receipts.receipt_proof_posted, name="receipt-proof-posted"),
    path("receipts/<str:bid>/", receipts.receipt, name="receipt"),
    path("receipts/<slug:bid>/proof", receipts.receipt_proof, name="receipt-proof"),
]
