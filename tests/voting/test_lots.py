"""Where the lots of a poll come from: each source from opening to a published result, and every draw that is refused."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from common.refusal import NotPermitted, Refusal
from counting.lots import lots_order, lots_seed
from tests import make
from tests.voting.test_publish_result import export, verify
from votelog import log, sequencer
from voting import actions, draws, errors
from voting.models import Draw, Poll

# drand's chains quicknet and default, as its public API serves them.
CHAIN: dict[str, Any] = {
    "public_key": "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c9"
    "21cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
    "period": 3,
    "genesis_time": 1692803367,
    "hash": "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971",
    "groupHash": "f477d5c89f21a17c863a7f937c6a6d15859414d2be09cd448d4279af331c5d3e",
    "schemeID": "bls-unchained-g1-rfc9380",
    "metadata": {"beaconID": "quicknet"},
}
FIRST_CHAIN: dict[str, Any] = {
    "public_key": "868f005eb8e6e4ca0a47c8a77ceaa5309a47978a7c71bc5cce96366b5d7a569937c529eeda66c7293784a9402801af31",
    "period": 30,
    "genesis_time": 1595431050,
    "hash": "8990e7a9aaed2ffed73dbd7092123d6f289930540d7651336225dc172e51b2ce",
    "groupHash": "176f93498eac9ca337150b46d21dd58673ea4e3581185f869672e59fa4cb390a",
}
DICE = "Dice before three witnesses,\nat the town hall:\n4 1 6 <b>6</b> 2\n"
SOURCES: dict[str, dict[str, Any]] = {
    "commit-reveal": {"seed_source": "commit-reveal"},
    "public-draw": {"seed_source": "public-draw"},
    "drand": {"seed_source": "drand", "draw_plan": CHAIN},
}
pytestmark = pytest.mark.django_db
LATER = timedelta(hours=1)


def tied(source: str, ends: timedelta = timedelta()) -> Poll:
    """Open, with four options that are equal in everything: a ballot for each."""
    people = make.users(4)
    over = timezone.now() + ends
    poll = make.election(
        roll=make.roll(*people),
        method="approval-v1",
        ballot={"approve": {}},
        rule={"seats": 2},
        closes_at=over,
        **SOURCES[source],
    )
    poll = actions.open_poll(poll=poll, by=None)
    for person, key in zip(people, ("o1", "o2", "o3", "o4"), strict=True):
        make.cast(poll, person, key, at=timezone.now() - timedelta(minutes=1))
    return poll


def closed(source: str) -> Poll:
    """The same, closed, and the closing stands in the log."""
    poll = actions.close_poll(poll=(opened := tied(source)), by=None, at=opened.closes_at)
    sequencer.run_once()
    return poll


def served(poll: Poll, **changed: Any) -> dict[str, Any]:
    """What drand would serve for the round that is due, chain and round in one object."""
    entry = draws.closing(poll)
    assert entry is not None
    signature = "8d" * 48
    randomness = sha256(bytes.fromhex(signature)).hexdigest()
    due = draws.due_round(poll, closed_at=entry["t"])[0]
    return CHAIN | {"round": due, "signature": signature, "randomness": randomness} | changed


def draw(poll: Poll, **given: Any) -> Draw:
    return actions.record_draw(poll=poll, by=None, at=timezone.now() + LATER, **given)


def drawn(poll: Poll) -> dict[str, Any]:
    """What belongs to the source of a closed poll."""
    if poll.seed_source == Poll.SeedSource.DRAND:
        return {"drand": served(poll)}
    return {"text": DICE} if poll.seed_source == Poll.SeedSource.PUBLIC_DRAW else {}


def published(source: str) -> Poll:
    poll = closed(source)
    if given := drawn(poll):
        draw(poll, **given)
    actions.tick(at=timezone.now())
    sequencer.run_once()
    poll.refresh_from_db()
    assert poll.status == Poll.Status.PUBLISHED
    return poll


def entry(poll: Poll, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(log.entries(poll.public_id, kind=kind))["d"]
    return found


def page(name: str, poll: Poll) -> str:
    return Client().get(reverse(f"voting:{name}", args=[poll.public_id])).content.decode()


def refused(poll: Poll, refusal: type[Refusal], **given: Any) -> str:
    """The sentence. Nothing was recorded."""
    with pytest.raises(refusal) as said:
        actions.record_draw(**{"poll": poll, "by": None, "at": timezone.now() + LATER} | given)
    assert not Draw.objects.exists()
    return str(said.value)


# From opening to result.


@pytest.mark.parametrize(
    ("source", "promised", "shown"),
    [
        ("commit-reveal", {"commit"}, "nonce"),
        ("public-draw", set(), "draw_sha256"),
        ("drand", {"chain"}, "drand"),
    ],
)
def test_the_verifier_draws_the_same_lots_from_what_the_log_shows(source: str, promised: set[str], shown: str, settings) -> None:
    poll = published(source)
    tie, tally = entry(poll, "poll.created")["tie"], entry(poll, "tally.published")
    assert (tie["rule"], tie["seed_source"]) == ("lots-v1", source)
    assert set(tie) == {"rule", "seed_source"} | promised
    assert {"nonce", "draw_sha256", "drand"} & set(tally) == {shown}
    beacon = {
        "commit-reveal": lambda: tally["nonce"],
        "public-draw": lambda: sha256(DICE.encode()).hexdigest(),
        "drand": lambda: served(poll)["randomness"],
    }[source]()
    seed = lots_seed(contest=poll.public_id, ballots_sha256=tally["ballots_sha256"], beacon=beacon)
    outcome = poll.results.get().outcome
    assert outcome["lots_used"]
    assert outcome["winners"] == list(lots_order(("o1", "o2", "o3", "o4"), seed=seed)[:2])
    verdict = verify(export(settings.LOG_DIR), poll)
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
    assert "PASS C16" in verdict.stdout


def test_the_log_names_the_round_and_its_signature() -> None:
    poll = published("drand")
    assert entry(poll, "poll.created")["tie"]["chain"] == CHAIN["hash"]
    given = served(poll)
    assert entry(poll, "tally.published")["drand"] == {
        "chain": CHAIN["hash"], "round": given["round"], "signature": given["signature"],
    }  # fmt: skip


def test_the_log_serves_the_text_of_a_draw_with_lines_ended_by_line_feed() -> None:
    poll = closed("public-draw")
    draw(poll, text=DICE.replace("\n", "\r\n"))
    actions.tick(at=timezone.now())
    sequencer.run_once()
    name = entry(poll, "tally.published")["draw_sha256"]
    assert name == sha256(DICE.encode()).hexdigest()
    answer = Client().get(f"/log/{log.current_shard()}/blob/{name}")
    assert (answer.getvalue() if answer.streaming else answer.content) == DICE.encode()


@pytest.mark.parametrize("source", SOURCES)
def test_only_a_poll_that_needs_one_has_a_secret_of_the_server(source: str) -> None:
    poll = tied(source)
    polls = Path(settings.KEYS_DIR) / "polls"
    assert (polls / f"{poll.public_id}.key").exists()
    assert (polls / f"{poll.public_id}.nonce").exists() is (source == "commit-reveal")


def test_a_secret_that_is_not_the_promised_one_decides_nothing() -> None:
    poll = closed("commit-reveal")
    file = Path(settings.KEYS_DIR) / "polls" / f"{poll.public_id}.nonce"
    file.write_bytes(b"\x01" * 32)
    actions.tick(at=timezone.now())
    poll.refresh_from_db()
    assert poll.status == Poll.Status.CLOSED


@pytest.mark.parametrize("source", ["public-draw", "drand"])
def test_a_poll_waits_quietly_for_its_draw(source: str, caplog: pytest.LogCaptureFixture) -> None:
    poll = closed(source)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            actions.tick(at=timezone.now() + LATER)
    assert caplog.records == []
    with pytest.raises(errors.DrawAwaited):
        actions.publish_result(poll=poll, by=None, at=timezone.now())
    poll.refresh_from_db()
    assert poll.status == Poll.Status.CLOSED
    assert not poll.results.exists()


# Which round of drand.


@pytest.mark.parametrize(
    ("closed_at", "number"),
    [(CHAIN["genesis_time"] - 10_000, 1), (CHAIN["genesis_time"] - 600, 1), (CHAIN["genesis_time"] - 599, 2),
     (CHAIN["genesis_time"] - 597, 2), (CHAIN["genesis_time"] - 596, 3), (CHAIN["genesis_time"] + 3_000_000, 1_000_201)],
)  # fmt: skip
def test_the_first_round_ten_minutes_after_the_close_decides(closed_at: int, number: int) -> None:
    poll = Poll(seed_source="drand", draw_plan=CHAIN)
    due, time = draws.due_round(poll, closed_at=closed_at)
    assert (due, time) == (number, CHAIN["genesis_time"] + 3 * (number - 1))


def test_the_close_that_the_log_tells_counts_and_not_the_planned_one(staff) -> None:
    two = ("a" * 32, "b" * 32)
    poll = actions.close_poll(poll=tied("drand", timedelta(days=2)), by=two, at=timezone.now(), reason={"en": "A storm."})
    sequencer.run_once()
    entry = draws.closing(poll)
    assert entry is not None
    assert entry["t"] < poll.closes_at.timestamp() - 86_400
    time = draws.due_round(poll, closed_at=entry["t"])[1]
    assert entry["t"] + 600 <= time < entry["t"] + 603


@pytest.mark.parametrize("off", [-1, 1, 1000])
def test_no_other_round_is_taken(off: int) -> None:
    poll = closed("drand")
    due = served(poll)["round"]
    said = refused(poll, errors.DrawRoundNotDue, drand=served(poll, round=due + off))
    assert f"this is round {due + off}." in said
    assert f"come from round {due}," in said


def test_a_round_that_has_not_come_is_not_taken() -> None:
    poll = closed("drand")
    refused(poll, errors.DrawRoundNotYet, drand=served(poll), at=timezone.now() + timedelta(minutes=9))


# Refusals.


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"hash": "0" * 64}, "Chain: it is not what was named"),
        ({"hash": None}, "Chain: it is not what was named"),
        ({"genesis_time": CHAIN["genesis_time"] + 3}, "First round of the chain: it is not what was named"),
        ({"period": 30}, "Seconds between two rounds: it is not what was named"),
        ({"period": 3.0}, "Seconds between two rounds: it is not what was named"),
        ({"round": "7"}, "Round: it must be a whole number"),
        ({"round": None}, "Round: it must be a whole number"),
        ({"signature": "8D" * 48}, "Signature: it must be 96 or 192 hex digits"),
        ({"signature": "8d" * 47}, "Signature: it must be 96 or 192 hex digits"),
        ({"signature": "9d" * 48}, "Randomness: it must be the SHA-256 of the signature"),
        ({"randomness": None}, "Randomness: it must be the SHA-256 of the signature"),
    ],
)
def test_it_refuses_a_round_and_says_which_part_is_wrong(changed: dict[str, Any], said: str) -> None:
    poll = closed("drand")
    assert said in refused(poll, errors.DrawRefused, drand=served(poll, **changed))


@pytest.mark.parametrize("text", ["", " \n\t\r\n", "\ud800", "4 1\x00 6", "4\x1b[31m", "\x85 4", "4" * 65_537, "ب" * 32_769])
def test_it_refuses_a_text_that_nobody_could_publish(text: str) -> None:
    assert "Text of the draw: it must say" in refused(closed("public-draw"), errors.DrawRefused, text=text)


def test_the_longest_text_can_be_verified(settings) -> None:
    poll = closed("public-draw")
    draw(poll, text="ب" * 32_768)
    actions.tick(at=timezone.now())
    sequencer.run_once()
    assert verify(export(settings.LOG_DIR), poll).returncode == 0


def test_a_draw_is_recorded_once_and_stays() -> None:
    poll = closed("public-draw")
    draw(poll, text=DICE)
    with pytest.raises(errors.DrawRecordedAlready):
        draw(poll, text="6 6 6")
    actions.tick(at=timezone.now())
    with pytest.raises(errors.DrawRecordedAlready):
        draw(poll, text="6 6 6")
    assert Draw.objects.get().evidence == {"text": DICE}
    with pytest.raises(IntegrityError), transaction.atomic():
        Draw.objects.create(poll=poll, evidence={"text": "6 6 6"}, recorded_at=timezone.now())


def test_no_draw_is_taken_before_the_close_or_before_the_closing_is_public() -> None:
    poll = tied("public-draw")
    sequencer.run_once()
    refused(poll, errors.DrawNotAwaited, text=DICE)
    actions.close_poll(poll=poll, by=None, at=poll.closes_at)
    refused(poll, errors.ClosingNotInLog, text=DICE)
    sequencer.append(log.current_shard(), [poll.public_id])  # it has its place, and no checkpoint covers it
    refused(poll, errors.ClosingNotInLog, text=DICE)
    sequencer.run_once()
    draw(poll, text=DICE)


@pytest.mark.parametrize("source", ["public-draw", "drand"])
def test_it_takes_only_what_was_announced(source: str) -> None:
    poll = closed(source)
    both = {"text": DICE, "drand": {"round": 1}}
    right = "text" if source == "public-draw" else "drand"
    for given in ({part: what for part, what in both.items() if part != right}, both, {}):
        refused(poll, errors.DrawFromElsewhere, **given)


def test_a_poll_with_a_secret_of_its_own_takes_no_draw() -> None:
    poll = closed("commit-reveal")
    refused(poll, errors.DrawNotAwaited, text=DICE)


def test_only_staff_record_a_draw(bo, staff) -> None:
    poll = closed("public-draw")
    refused(poll, NotPermitted, text=DICE, by=bo)
    assert actions.record_draw(poll=poll, by=staff, text=DICE, at=timezone.now()).evidence == {"text": DICE}


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"seed_source": "dice"}, "seed_source must be one of commit-reveal"),
        ({"seed_source": "drand"}, "genesis_time must be a whole number from 0"),
        ({"seed_source": "drand", "draw_plan": [1]}, "genesis_time must be a whole number from 0"),
        ({"seed_source": "public-draw", "draw_plan": CHAIN}, "draw_plan belongs to drand only"),
        ({"draw_plan": CHAIN}, "draw_plan belongs to drand only"),
        ({"seed_source": "drand", "draw_plan": CHAIN | {"hash": "quicknet"}}, "hash must be lower-case hex"),
        ({"seed_source": "drand", "draw_plan": CHAIN | {"groupHash": None}}, "groupHash must be lower-case hex"),
        ({"seed_source": "drand", "draw_plan": CHAIN | {"period": 0}}, "period must be a whole number from 1"),
        ({"seed_source": "drand", "draw_plan": CHAIN | {"genesis_time": True}}, "genesis_time must be a whole number from 0"),
        ({"seed_source": "drand", "draw_plan": CHAIN | {"genesis_time": 1692803366}}, "hash is not the hash of this chain"),
        ({"seed_source": "drand", "draw_plan": CHAIN | {"period": 30}}, "hash is not the hash of this chain"),
        ({"seed_source": "drand", "draw_plan": CHAIN | {"metadata": {}}}, "hash is not the hash of this chain"),
    ],
)
def test_a_poll_whose_lots_could_not_be_drawn_is_not_set_up(fields: dict[str, Any], part: str) -> None:
    with pytest.raises(errors.DrawPlanRefused, match=part):
        make.election(roll=make.roll(empty=1), method="approval-v1", ballot={"approve": {}}, **fields)
    assert not Poll.objects.exists()


def test_both_chains_of_drand_can_be_named() -> None:
    for slug, chain in (("one", CHAIN), ("two", FIRST_CHAIN)):
        poll = make.election(
            roll=make.roll(empty=1), process=make.process(slug), method="approval-v1", ballot={"approve": {}},
            seed_source="drand", draw_plan=chain,
        )  # fmt: skip
        assert actions.open_poll(poll=poll, by=None).is_open


def test_the_database_holds_no_drand_without_a_chain(roll) -> None:
    for broken in ({"seed_source": "drand"}, {"draw_plan": CHAIN}):
        with pytest.raises(IntegrityError), transaction.atomic():
            make.poll(roll=roll, process=make.process(f"p{len(broken)}{'draw_plan' in broken}"), **broken)


# The command.


def test_the_command_records_a_text_and_the_worker_then_publishes(tmp_path: Path, capsys) -> None:
    poll = closed("public-draw")
    file = tmp_path / "draw.txt"
    file.write_bytes(DICE.replace("\n", "\r\n").encode())
    call_command("record_draw", poll.public_id, text=file)
    assert "is recorded" in capsys.readouterr().out
    actions.tick(at=timezone.now())
    poll.refresh_from_db()
    assert poll.status == Poll.Status.PUBLISHED


def test_the_command_reads_drand_as_it_is_served_in_one_file_or_two(tmp_path: Path) -> None:
    poll = closed("drand")
    whole = served(poll)
    info = {part: whole[part] for part in ("public_key", "period", "genesis_time", "hash")}
    files = [tmp_path / "info.json", tmp_path / "round.json", tmp_path / "both.json"]
    for file, content in zip(files, (info, {p: v for p, v in whole.items() if p not in info}, whole), strict=True):
        file.write_text(json.dumps(content))
    for given in (files[:2], files[2:]):
        with pytest.raises(CommandError, match="has not come yet"):  # in ten minutes; the action itself is tried above
            call_command("record_draw", poll.public_id, "--drand", *map(str, given))
    with pytest.raises(CommandError, match="Chain: it is not what was named"):
        call_command("record_draw", poll.public_id, "--drand", str(files[1]))


def test_the_command_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    poll = closed("public-draw")
    bad = tmp_path / "bad"
    bad.write_bytes(b"\xff{")
    text = tmp_path / "text"
    text.write_text("[1]")
    for given, said in [
        ({"text": bad}, "is not UTF-8 text"),
        ({"text": tmp_path / "none"}, "cannot be read"),
        ({"drand": [bad]}, "is not UTF-8 text"),
        ({"drand": [text]}, "does not hold an answer of drand"),
    ]:
        with pytest.raises(CommandError, match=said):
            call_command("record_draw", poll.public_id, **given)
    text.write_text("{")
    with pytest.raises(CommandError, match="is not JSON"):
        call_command("record_draw", poll.public_id, drand=[text])
    with pytest.raises(CommandError, match="There is no poll nosuch"):
        call_command("record_draw", "nosuch", text=text)
    assert not Draw.objects.exists()


# Pages.


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("commit-reveal", "from a secret of this server, which was sealed before voting began"),
        ("public-draw", "from a draw before witnesses, made after the poll has closed"),
        ("drand", "from the first round of the public randomness service drand"),
    ],
)
def test_the_page_of_a_poll_says_where_lots_come_from(source: str, said: str) -> None:
    assert said in page("poll-detail", tied(source))


def test_the_waiting_page_shows_the_fingerprint_and_what_is_awaited() -> None:
    poll = actions.close_poll(poll=(opened := tied("public-draw")), by=None, at=opened.closes_at)
    assert "the lots are still to be drawn" not in page("result", poll)
    sequencer.run_once()
    waiting = page("result", poll)
    assert "the lots are still to be drawn" in waiting
    assert "What is awaited is the draw before witnesses." in waiting
    assert entry(poll, "poll.closed")["ballots_sha256"] in waiting
    assert "the result follows when the lots are drawn" in page("poll-detail", poll)
    draw(poll, text=DICE)
    assert "the result is on its way" in page("result", poll)


def test_the_waiting_page_names_the_round_of_drand_and_when_it_comes() -> None:
    poll = closed("drand")
    closing = draws.closing(poll)
    assert closing is not None
    due, time = draws.due_round(poll, closed_at=closing["t"])
    waiting = page("result", poll)
    assert f"What is awaited is round {due} of the public randomness service drand" in waiting
    assert f'datetime="{datetime.fromtimestamp(time, UTC).isoformat()}' in waiting
    assert CHAIN["hash"] in waiting


def test_the_result_shows_the_text_of_the_draw_as_text() -> None:
    result = page("result", published("public-draw"))
    assert '<blockquote dir="auto"><p>Dice before three witnesses,<br>at the town hall:<br>4 1 6 &lt;b&gt;6&lt;/b&gt; 2' in result
    assert "stood in the public log; nobody could know it before" in result


def test_the_result_names_the_round_of_drand() -> None:
    poll = published("drand")
    result = page("result", poll)
    assert f'<code class="ltr">{served(poll)["round"]}</code>' in result
    assert CHAIN["hash"] in result
    assert served(poll)["signature"] in result
    assert "at least ten minutes after the poll had closed; nobody could know it before" in " ".join(result.split())


def test_the_result_says_what_a_sealed_secret_proves_and_no_more() -> None:
    result = page("result", published("commit-reveal"))
    assert "from a secret of this server, which was sealed before voting began" in result
    assert "Outside this server nobody could know them before." in result
    assert "<blockquote" not in result
