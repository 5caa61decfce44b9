"""The files that a published result can be taken away as."""

from __future__ import annotations

import csv
import io
import json
from hashlib import sha256

import pytest
from django.test import Client
from django.urls import reverse

from counting import rules as counting_rules
from counting.pabulib import read_pabulib
from tests import make
from voting import actions
from voting.models import Poll

BALLOTS = [["o1", "o3"], ["o1", "o3"], ["o1", "o2"], ["o3"], ["o2"], []]


@pytest.fixture
def poll(db: None) -> Poll:
    people = make.users(len(BALLOTS))
    draft = make.poll(roll=make.roll(*people), mix_k=1)
    draft.options.filter(key="o2").update(title={"en": "=HYPERLINK(1)", "fa": "@طرح"}, external_id="-7")
    poll = actions.open_poll(poll=draft, by=None)
    for person, choice in zip(people, BALLOTS, strict=True):
        make.cast(poll, person, *choice)
    return make.published(poll)


def download(client: Client, poll: Poll, kind: str) -> bytes:
    answer = client.get(reverse("voting:result-download", args=[poll.public_id, kind]))
    assert answer.status_code == 200
    assert f"result-{poll.public_id}-1.{kind}" in answer["Content-Disposition"]
    return answer.content


def test_json_is_the_act_byte_for_byte(poll: Poll, client: Client) -> None:
    body = download(client, poll, "json")
    act = poll.results.get()
    assert sha256(body).hexdigest() == act.sha256
    assert json.loads(body)["winners"] == ["o1", "o3"]


def test_csv_has_every_option_with_votes_and_reason(poll: Poll, client: Client) -> None:
    rows = list(csv.DictReader(io.StringIO(download(client, poll, "csv").decode("utf-8-sig"))))
    assert [(r["option"], r["cost"], r["votes"], r["won"], r["order"], r["reason"]) for r in rows] == [
        ("o1", "40", "3", "1", "1", "funded"),
        ("o2", "30", "2", "0", "", "unaffordable"),
        ("o3", "50", "3", "1", "2", "funded"),
        ("o4", "20", "0", "0", "", "unaffordable"),
    ]


def test_csv_of_a_round_in_another_language_has_its_titles(client: Client, roll) -> None:
    draft = make.poll(roll=roll)
    draft.options.filter(key="o1").update(title={"pl": "Ławka"})
    poll = make.published(actions.open_poll(poll=draft, by=None))
    rows = list(csv.DictReader(io.StringIO(download(client, poll, "csv").decode("utf-8-sig"))))
    assert (rows[0]["title_en"], rows[0]["title_fa"]) == ("Ławka", "")


def test_csv_cells_cannot_become_formulas(poll: Poll, client: Client) -> None:
    rows = list(csv.DictReader(io.StringIO(download(client, poll, "csv").decode("utf-8-sig"))))
    assert rows[1]["title_en"] == "'=HYPERLINK(1)"
    assert rows[1]["title_fa"] == "'@طرح"
    assert rows[1]["external_id"] == "'-7"


def test_pb_can_be_read_again_and_counts_to_the_same_winners(poll: Poll, client: Client) -> None:
    file = read_pabulib(download(client, poll, "pb"))
    ids = {option.external_id or option.key: option.key for option in poll.options.all()}
    outcome = counting_rules.count(
        poll.method, file.profile(), file.costs, budget=file.budget, tie_order=list(file.costs), options=poll.rule
    )
    assert {ids[key] for key in outcome.winners} == {"o1", "o3"} == {ids[key] for key in file.selected or ()}
    assert len(file.votes) == len(BALLOTS)


def test_pb_does_not_tell_in_which_order_ballots_were_cast(poll: Poll, client: Client) -> None:
    votes = [vote.choices for vote in read_pabulib(download(client, poll, "pb")).votes]
    keys = [tuple("o2" if choice == "-7" else choice for choice in vote) for vote in votes]
    assert keys == sorted(keys)


def test_there_is_nothing_to_download_before_the_result(open_poll: Poll, client: Client) -> None:
    for kind in ("csv", "json", "pb"):
        assert client.get(reverse("voting:result-download", args=[open_poll.public_id, kind])).status_code == 404
