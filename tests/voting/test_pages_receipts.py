"""Finding a ballot again by its receipt number or its file: what the page says at each stage, and what is kept nowhere."""

from __future__ import annotations

import base64
import json
import logging
import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from merkle import cosignature, note
from tests import make
from verifier import __main__ as verifier
from votelog import log, sequencer
from votelog.actions import record
from votelog.models import Cosignature
from voting import actions, charts, receipts
from voting.commitments import text_blob
from voting.models import Ballot, Poll

BID = "0123456789abcdef" * 2
FIND = "/en/receipts/"


def page(client: Client, bid: str = BID) -> HttpResponse:
    return client.post(FIND, {"bid": bid})


def html(client: Client, bid: str = BID) -> str:
    return page(client, bid).content.decode()


def show(client: Client, file: Any) -> HttpResponse:
    data = file if isinstance(file, bytes) else json.dumps(file).encode()
    return client.post(FIND, {"file": SimpleUploadedFile("receipt.json", data)})


@pytest.fixture
def people(db: None) -> list[Any]:
    return make.users(4)


@pytest.fixture
def poll(people: list[Any]) -> Poll:
    return actions.open_poll(poll=make.poll(roll=make.roll(*people), mix_k=1), by=None)


@pytest.fixture
def sealed(people: list[Any]) -> Poll:
    draft = make.poll(roll=make.roll(*people), visibility=Poll.Visibility.SEALED, mix_k=1)
    return actions.open_poll(poll=draft, by=None)


@pytest.mark.parametrize(
    "typed",
    [BID, "0123 4567 89ab cdef 0123 4567 89ab cdef", BID.upper(), "۰۱۲۳ ۴۵۶۷ ۸۹ab cdef ۰۱۲۳-۴۵۶۷-۸۹AB-CDEF"],
)
def test_a_number_is_found_however_it_is_typed(open_poll: Poll, ada, client: Client, typed: str) -> None:
    make.cast(open_poll, ada, "o1", bid=BID)
    answer = page(client, typed)
    assert answer.status_code == 200
    assert "0123 4567" in re.sub(r"<[^>]*>", "", answer.content.decode()).replace("\u00a0", " ")


def test_the_number_is_in_no_address_on_the_way(poll: Poll, people: list[Any], client: Client) -> None:
    make.cast(poll, people[0], "o1", bid=BID)
    sequencer.run_once()
    answer = page(client)
    assert answer.status_code == 200, "the answer stands here, and nothing leads to an address with the number"
    targets = re.findall(r'(?:href|action|src)="([^"]*)"', answer.content.decode())
    assert not [target for target in targets if BID in target]


def test_old_links_with_the_number_still_work(poll: Poll, people: list[Any], client: Client) -> None:
    make.cast(poll, people[0], "o1", bid=BID)
    sequencer.run_once()
    assert client.get(reverse("voting:receipt", args=[BID])).status_code == 200
    assert client.get(reverse("voting:receipt", args=[BID.upper()]))["Location"] == reverse("voting:receipt", args=[BID])
    assert client.get(reverse("voting:receipt-proof", args=[BID])).status_code == 200


@pytest.mark.parametrize("typed", ["", "0123", "g" * 32, "0" * 33])
def test_what_is_not_a_number_is_explained(db: None, client: Client, typed: str) -> None:
    answer = page(client, typed)
    assert answer.status_code == 422
    assert "error-summary" in answer.content.decode()


def test_an_unknown_number_is_answered_kindly(db: None, client: Client) -> None:
    answer = page(client)
    assert answer.status_code == 404
    assert "There is no ballot with this number." in answer.content.decode()


def test_a_ballot_is_promised_then_in_the_log_then_counted(poll: Poll, people: list[Any], client: Client) -> None:
    make.cast(poll, people[0], "o1", bid=BID)
    assert "Your ballot waits for its group" in html(client)
    assert client.post(reverse("voting:receipt-proof-posted"), {"bid": BID}).status_code == 404
    sequencer.run_once()
    assert "Your ballot is in the public log" in html(client)
    assert "Project 1" in html(client)
    make.published(poll)
    assert "Your ballot was counted" in html(client)


def test_the_page_needs_no_word_of_the_trade(poll: Poll, people: list[Any], client: Client) -> None:
    make.cast(poll, people[0], "o1", bid=BID)
    pages = [html(client)]
    sequencer.run_once()
    pages.append(html(client))
    for text in pages:
        words = re.sub(r"<script.*?</script>|<[^>]*>", " ", text, flags=re.DOTALL).lower()
        for term in ("merkle", "hash", "nonce", "commitment", "checkpoint", "sha-256"):
            assert term not in words, term


def test_there_is_no_proof_while_no_checkpoint_covers_the_ballot(poll: Poll, people: list[Any], client: Client) -> None:
    sequencer.run_once()
    make.cast(poll, people[0], "o1", bid=BID)
    sequencer.append(log.current_shard(), [poll.public_id])  # and there the sequencer dies
    assert "Your ballot waits for its group" in html(client)
    assert client.post(reverse("voting:receipt-proof-posted"), {"bid": BID}).status_code == 404


@pytest.mark.parametrize("path", ["/en/receipts/a%00b/", "/en/polls/x%00/", "/en/receipts/x%00/proof"])
def test_addresses_that_no_database_could_hold_are_not_found(db: None, client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_replaced_ballot_says_so(poll: Poll, people: list[Any], client: Client) -> None:
    make.cast(poll, people[0], "o1", bid=BID)
    make.cast(poll, people[0], "o2")
    sequencer.run_once()
    assert "A later ballot took the place of this one" in html(client)


def test_a_voided_ballot_says_by_which_rule_and_on_which_grounds(poll: Poll, people: list[Any], client: Client) -> None:
    make.cast(poll, people[0], "o1", bid=BID)
    sequencer.run_once()
    void = {
        "bid": BID,
        "reason_code": "cast_by_another",
        "rule_sha256": text_blob({"en": "Nobody votes for others."}),
        "evidence_sha256": text_blob({"en": "The son has said so."}),
        "actors": ["a" * 32, "b" * 32],
    }
    with transaction.atomic():
        record("ballot.voided", poll=poll.public_id, d=void)
    text = html(client)
    assert "This ballot was declared void" in text
    assert "Nobody votes for others." in text and "The son has said so." in text
    assert "While the poll is open you may vote again" in text
    assert reverse("objections:objection-list", args=[poll.public_id]) in text


# --- witnesses


@pytest.fixture
def witnesses(settings: Any, tmp_path: Path) -> list[note.VerifierKey]:
    """A policy of three, two of whom are enough."""
    keys = [cosignature.verifier_key(f"w{n}.example.org", bytes([n]) * 32) for n in (1, 2, 3)]
    lines = [f"witness w{n} {key}" for n, key in enumerate(keys, start=1)]
    path = tmp_path / "policy"
    path.write_text("\n".join([*lines, "group all 2 w1 w2 w3", "quorum all", ""]))
    settings.WITNESS_POLICY = path
    return keys


def signs(key: note.VerifierKey) -> None:
    Cosignature.objects.create(shard=log.current_shard(), size=log.size(), witness=str(key), time=1, line="")


def test_the_page_says_how_many_independent_witnesses_have_signed(
    poll: Poll, people: list[Any], client: Client, witnesses: list[note.VerifierKey]
) -> None:
    make.cast(poll, people[0], "o1", bid=BID)
    assert "0 of 3 independent witnesses" in html(client)
    sequencer.run_once()
    signs(witnesses[0])
    assert "1 of 3 independent witnesses" in html(client)
    state = receipts.where(BID, at=timezone.now())
    assert state and {step.name: step.state for step in state.steps}["witnessed"] == "now"
    signs(witnesses[1])
    state = receipts.where(BID, at=timezone.now())
    assert state and {step.name: step.state for step in state.steps}["witnessed"] == "done"
    late = make.cast(poll, people[1], "o1")
    sequencer.run_once()
    assert "0 of 3 independent witnesses" in html(client, late.bid), "they signed the log as it was before this one"


def test_without_witnesses_the_step_is_left_out_and_the_page_says_so(poll: Poll, people: list[Any], client: Client) -> None:
    make.cast(poll, people[0], "o1", bid=BID)
    sequencer.run_once()
    assert "Nobody outside has signed this log" in html(client)
    assert "independent witnesses" not in html(client)


# --- promises that are overdue


def overdue(poll: Poll) -> Poll:
    moment = timezone.now()
    Poll.objects.filter(pk=poll.pk).update(opens_at=moment - timedelta(days=3), closes_at=moment - timedelta(days=1))
    poll.refresh_from_db()
    return poll


def test_an_overdue_promise_says_what_to_do_with_the_file(poll: Poll, people: list[Any], client: Client) -> None:
    make.cast(poll, people[0], "o1", bid=BID)
    assert "A promise was not kept" not in html(client)
    overdue(poll)
    text = html(client)
    assert "A promise was not kept" in text
    assert "Keep the receipt file that you saved" in text
    assert reverse("objections:objection-list", args=[poll.public_id]) in text


def test_the_file_is_enough_where_the_ballot_is_gone(poll: Poll, people: list[Any], client: Client) -> None:
    receipt = make.cast(poll, people[0], "o1", at=timezone.now())
    file = receipt.file | {"d": receipt.d}
    with transaction.atomic():
        lost = transaction.savepoint()
        gone = make.cast(poll, people[1], "o2")
        transaction.savepoint_rollback(lost)  # acknowledged, and lost
    assert page(client, gone.bid).status_code == 404
    assert "there is time left" in show(client, gone.file).content.decode()
    assert "Your ballot waits for its group" in show(client, file).content.decode()
    overdue(poll)
    early = show(client, gone.file).content.decode()
    assert "there is time left" in early, "the promise itself says until when"
    later = receipts.where(gone.bid, at=gone.deadline + timedelta(seconds=1), kept=receipts.open_file(dump(gone.file), user=None))
    assert later is not None and later.stage == "overdue" and later.evidence


def dump(file: dict[str, Any]) -> bytes:
    return json.dumps(file).encode()


def test_a_log_that_contradicts_the_file_is_named_for_what_it_is(poll: Poll, people: list[Any], client: Client) -> None:
    with transaction.atomic():
        before = transaction.savepoint()
        first = make.cast(poll, people[0], "o1", bid=BID)
        transaction.savepoint_rollback(before)
    make.cast(poll, people[1], "o2", bid=BID)  # another ballot, under the number of the lost one
    sequencer.run_once()
    text = show(client, first.file).content.decode()
    assert "The log holds another ballot than your file" in text
    assert "Keep the receipt file that you saved" in text


@pytest.mark.parametrize("change", ["b", "d", "promise", "nonce", "poll", "v", "more", "not json", "deep", "empty"])
def test_a_file_that_was_changed_is_not_believed(sealed: Poll, people: list[Any], client: Client, change: str) -> None:
    file = make.cast(sealed, people[0], "o1").file
    other = make.cast(sealed, people[1], "o2").file
    data = {
        "b": {**file, "b": other["b"]},
        "d": {**file, "d": other["d"]},
        "promise": {**file, "promise": other["promise"]},
        "nonce": {**file, "nonce": other["nonce"]},
        "poll": {**file, "poll": "another"},
        "v": {**file, "v": 2},
        "more": {**file, "name": "Ada"},
        "not json": b"\xff\xfe\x00",
        "deep": b"[" * 60_000,
        "empty": b"{}",
    }[change]
    answer = show(client, data)
    assert answer.status_code == 422
    assert "Your file hangs together" not in answer.content.decode()
    assert show(client, file).status_code == 200


def test_a_promise_of_another_site_is_not_ours(poll: Poll, people: list[Any], client: Client, settings: Any) -> None:
    file = make.cast(poll, people[0], "o1").file
    forged = file["promise"].replace(settings.LOG_HOST, "elsewhere.example")
    assert show(client, {**file, "promise": forged}).status_code == 422
    longer = re.sub(r"deadline \d+", "deadline 1", file["promise"])
    assert show(client, {**file, "promise": longer}).status_code == 422


# --- sealed polls


def test_a_sealed_ballot_is_seen_to_be_there_and_never_what_it_says_before_the_close(
    sealed: Poll, people: list[Any], client: Client
) -> None:
    receipt = make.cast(sealed, people[0], "o1", bid=BID)
    waiting = html(client)
    sequencer.run_once()
    shown = html(client)
    for text in (waiting, shown):
        said = re.sub(r'<script id="option-titles".*?</script>', "", text, flags=re.DOTALL)
        assert "Project 1" not in said and "Sealed" in said
    assert receipt.d["c"] in shown, "the browser compares with it"
    make.published(sealed)
    assert "Project 1" in html(client) and "option-titles" not in html(client)


def test_without_javascript_the_server_opens_the_seal_for_whoever_has_the_file(
    sealed: Poll, people: list[Any], client: Client
) -> None:
    receipt = make.cast(sealed, people[0], "o2", bid=BID)
    sequencer.run_once()
    text = show(client, receipt.file).content.decode()
    assert "Project 2" in text and "Project 1" not in text
    assert "is not kept" in text


def test_what_was_replaced_in_a_sealed_poll_stays_sealed_for_good(sealed: Poll, people: list[Any], client: Client) -> None:
    make.cast(sealed, people[0], "o1", bid=BID)
    make.cast(sealed, people[0], "o2")
    make.published(sealed)
    assert "stays sealed for good" in html(client)


# --- what is saved, and what is kept nowhere


def cast_page(client: Client, poll: Poll, person: Any) -> str:
    client.force_login(person)
    answer = client.post(reverse("voting:ballot-cast", args=[poll.public_id]), {"bid": BID, "revision": 0, "choose": "o1"})
    assert answer.status_code == 200
    return answer.content.decode()


def saved(text: str) -> dict[str, Any]:
    (link,) = re.findall(r'href="data:application/json;base64,([^"]+)" download="receipt-01234567.json"', text)
    file: dict[str, Any] = json.loads(base64.b64decode(unescape(link)))
    return file


@pytest.mark.parametrize("visibility", ["live", "sealed"])
def test_the_one_file_to_save_is_what_the_verifier_reads(
    people: list[Any], client: Client, tmp_path: Path, visibility: str, capsys: pytest.CaptureFixture[str]
) -> None:
    poll = actions.open_poll(poll=make.poll(roll=make.roll(*people), mix_k=1, visibility=visibility), by=None)
    file = saved(cast_page(client, poll, people[0]))
    assert set(file) == {"v", "poll", "d", "b", "promise", *(["nonce"] if visibility == "sealed" else [])}
    make.published(poll)
    (tmp_path / "receipt.json").write_text(json.dumps(file))
    bundle = tmp_path / "poll.zip"
    bundle.write_bytes(b"".join(client.get(reverse("voting:poll-bundle", args=[poll.public_id])).streaming_content))
    assert verifier.main(["receipt", str(tmp_path / "receipt.json"), "--url", str(bundle)]) == 0, capsys.readouterr().out


def test_the_square_on_the_receipt_leads_where_no_server_sees_the_number(
    poll: Poll, people: list[Any], client: Client
) -> None:
    expected = charts.qr(f"http://testserver/en/receipts/#{BID}")
    assert expected.path in cast_page(client, poll, people[0])
    assert expected.path in html(client)


def test_nothing_of_a_receipt_is_kept_in_session_messages_mail_or_logs(
    poll: Poll, people: list[Any], client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("django.db.backends").setLevel(logging.WARNING)  # of DEBUG instances only, and says so in the docs
    file = saved(cast_page(client, poll, people[0]))
    page(client)
    show(client, file)
    secrets = [BID, file["d"]["cred"], file["promise"].split()[2], file["promise"].split()[-1]]
    kept = [repr(dict(client.session)), repr(client.cookies), repr([str(m.message()) for m in mail.outbox]), caplog.text]
    for model in apps.get_models():
        if model is not Ballot:  # whose bodies are shut
            kinds_of_text = models.TextField | models.CharField | models.JSONField
            texts = [field.attname for field in model._meta.concrete_fields if isinstance(field, kinds_of_text)]
            kept += [repr(row) for row in model._default_manager.values_list(*texts)] if texts else []
    for secret in secrets:
        assert len(secret) > 8
        assert not [text for text in kept if secret in text]
    assert repr(list(Ballot.objects.values_list("tag", "bid_tag", "body"))).count(BID) == 0


def test_receipts_are_kept_from_caches_and_search_engines(open_poll: Poll, ada, client: Client) -> None:
    make.cast(open_poll, ada, "o1", bid=BID)
    answer = page(client)
    assert "no-store" in answer["Cache-Control"]
    assert '<meta name="robots" content="noindex">' in answer.content.decode()


def test_the_receipt_says_nothing_about_the_person(open_poll: Poll, ada, client: Client) -> None:
    make.cast(open_poll, ada, "o1", bid=BID, at=timezone.now())
    text = html(client)
    assert ada.display_name not in text
    assert ada.email not in text
    assert ada.uid not in text


def test_no_log_of_the_server_remembers_which_receipt_was_asked_for(
    open_poll: Poll, ada, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    make.cast(open_poll, ada, "o1", bid=BID)
    client.get(reverse("voting:receipt-proof", args=[BID]))
    client.get(reverse("voting:receipt", args=["ab" * 16]))
    page(client, "ab" * 16)
    assert caplog.text == ""


def test_the_proof_is_a_file_that_names_the_entry(poll: Poll, people: list[Any], client: Client) -> None:
    make.cast(poll, people[0], "o1", bid=BID)
    sequencer.run_once()
    answer = client.post(reverse("voting:receipt-proof-posted"), {"bid": BID})
    assert answer.status_code == 200
    assert answer.content.startswith(b"c2sp.org/tlog-proof@v1\n")
    assert "attachment" in answer["Content-Disposition"]
