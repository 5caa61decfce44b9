"""Cast vote records, NIST SP 1500-103 (CVR CDF 1.0) as JSON: the part that ranked contests use, read strictly and written.

Of every CVR the current snapshot counts (the one with adjudications, if there were any). A mark is a SelectionPosition with
`HasIndication` `yes` and a `Rank`; several at one rank are an over-vote. `IsAllocable` is not looked at: it is a verdict of the
counting of somebody else. CVRs without the contest are other people's ballots. Ids are those of the ContestSelections.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from counting.formats.election import CannotWrite, Election, FormatError, decoded
from counting.profile import OptionId, RankedBallot, RankedProfile
from counting.reading import UNKNOWN_OVERVOTE

REPORT = "CVR.CastVoteRecordReport"
_MAX_RANK = 1_000
_MAX_BALLOTS = 1_000_000
"""Most that `write` writes: one record each, about a kilobyte."""
JSONObject = dict[str, Any]


class _Bad(ValueError):
    """Something in one CVR, or in the head of the file, is not as it should be."""


def read(data: bytes, *, contest: str | None = None) -> Election:
    """One contest of a CVR file; `contest`: its `@id`, needed where the file has several. Raises FormatError."""
    text = decoded(data)
    try:
        report = json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        raise FormatError(error.lineno, f"not JSON: {error.msg}") from None
    except ValueError as error:
        raise FormatError(1, f"not JSON that means one thing: {error}") from None
    except RecursionError:
        raise FormatError(1, "not JSON that anyone could mean: nested too deeply") from None
    if not isinstance(report, dict) or report.get("@type") != REPORT:
        raise FormatError(1, f"not a {REPORT}")
    try:
        chosen, candidates = _contest(report, contest)
        names = _names(chosen, candidates)
        title = _text(chosen, "Name") if chosen.get("Name") else ""
        records = _list(report, "CVR")
    except _Bad as error:
        raise FormatError(1, str(error)) from None
    groups: Counter[RankedBallot] = Counter()
    for place, record in enumerate(records):
        try:
            ballot = _ballot(record, chosen["@id"], names)
        except _Bad as error:
            raise FormatError(_line(text, place), f"CVR {place + 1}: {error}") from None
        if ballot is not None:
            groups[ballot] += 1
    return Election("cvr", names, RankedProfile(groups), contest=chosen["@id"], title=title)


def _object(pairs: list[tuple[str, Any]]) -> JSONObject:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"an object says something twice, of {', '.join(sorted(found))[:200]}")
    return found


def _line(text: str, place: int) -> int:
    """The line on which the record after `place` others begins to tell its snapshots: near enough to find it."""
    at = -1
    for _ in range(place + 1):
        at = text.find('"CVRSnapshot"', at + 1)
        if at < 0:
            return 1
    return text.count("\n", 0, at) + 1


def _list(value: object, key: str) -> list[JSONObject]:
    found = value.get(key, []) if isinstance(value, dict) else None
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise _Bad(f"{key} must be a list of objects")
    return found


def _text(value: JSONObject, key: str) -> str:
    found = value.get(key)
    if not isinstance(found, str) or not found:
        raise _Bad(f"{key} is missing")
    if re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", found):
        raise _Bad(f"{key} holds control characters: {found!r}")
    return found


def _contest(report: JSONObject, wanted: str | None) -> tuple[JSONObject, dict[str, str]]:
    """The contest, and the names of the candidates of its election by `@id`."""
    found = [(election, contest) for election in _list(report, "Election") for contest in _list(election, "Contest")]
    ids = [_text(contest, "@id") for _, contest in found]
    if wanted is None and len(found) != 1:
        raise _Bad(f"the file has {len(found)} contests ({', '.join(ids[:20])}): name one of them")
    if wanted is not None and ids.count(wanted) != 1:
        raise _Bad(f"the file has no contest {wanted!r}, or several; it has {', '.join(ids[:20])}")
    election, contest = found[ids.index(wanted) if wanted is not None else 0]
    names = {_text(candidate, "@id"): _text(candidate, "Name") for candidate in _list(election, "Candidate")}
    return contest, names


def _names(contest: JSONObject, candidates: Mapping[str, str]) -> dict[OptionId, str]:
    names: dict[OptionId, str] = {}
    for selection in _list(contest, "ContestSelection"):
        option, ids = _text(selection, "@id"), selection.get("CandidateIds", [])
        if option in names:
            raise _Bad(f"the selection {option!r} stands twice")
        if not isinstance(ids, list) or not all(isinstance(one, str) and one in candidates for one in ids):
            raise _Bad(f"the selection {option!r} names a candidate who is not in the file")
        names[option] = " / ".join(candidates[one] for one in ids) or option
    if not names:
        raise _Bad("the contest has no selections")
    return names


def _ballot(record: JSONObject, contest: str, names: Mapping[OptionId, str]) -> RankedBallot | None:
    snapshots = _list(record, "CVRSnapshot")
    current = [snapshot for snapshot in snapshots if snapshot.get("@id") == _text(record, "CurrentSnapshotId")]
    if len(current) != 1:
        raise _Bad("CurrentSnapshotId does not name one of its snapshots")
    contests = [one for one in _list(current[0], "CVRContest") if one.get("ContestId") == contest]
    if not contests:
        return None
    if len(contests) > 1:
        raise _Bad("the contest stands twice on one ballot")
    ranks: defaultdict[int, set[OptionId]] = defaultdict(set)
    for option, rank in _marks(contests[0], names):
        if option in ranks[rank]:
            raise _Bad(f"{option!r} stands twice at rank {rank}")
        ranks[rank].add(option)
    return tuple(tuple(sorted(ranks.get(rank, ()))) for rank in range(1, max(ranks, default=0) + 1))


def _marks(contest: JSONObject, names: Mapping[OptionId, str]) -> Iterator[tuple[OptionId, int]]:
    for selection in _list(contest, "CVRContestSelection"):
        option = _text(selection, "ContestSelectionId")
        if option not in names:
            raise _Bad(f"{option!r} is no selection of the contest")
        for position in _list(selection, "SelectionPosition"):
            indicated, rank = position.get("HasIndication"), position.get("Rank")
            if indicated == "no":
                continue
            if indicated != "yes":
                raise _Bad(f"HasIndication must be yes or no, not {indicated!r}")
            if position.get("NumberVotes", 1) != 1:
                raise _Bad("a mark must be one vote (NumberVotes 1)")
            if type(rank) is not int or not 1 <= rank <= _MAX_RANK:
                raise _Bad(f"a mark needs a Rank from 1 to {_MAX_RANK}, not {rank!r}: only ranked contests are read")
            yield option, rank


def write(election: Election) -> bytes:
    """One CVR a ballot, equal ballots together. Raises CannotWrite for what ranked CVRs cannot hold."""
    profile = election.profile
    if not isinstance(profile, RankedProfile):
        raise CannotWrite(f"ranked CVRs hold rankings, and these are {election.kind} ballots")
    if any(UNKNOWN_OVERVOTE in ballot for ballot in profile.groups):
        raise CannotWrite("CVRs say whose marks stand at a rank; this file has over-votes that do not")
    if election.withdrawn:
        raise CannotWrite("CVRs cannot say who is withdrawn")
    if profile.total > _MAX_BALLOTS:
        raise CannotWrite(f"CVRs hold one record a ballot, and these are more than {_MAX_BALLOTS:,}")
    contest = election.contest or "contest-1"
    numbers = {option: f"candidate-{number}" for number, option in enumerate(election.names, 1)}
    ballots = (ballot for ballot, count in sorted(profile.groups.items()) for _ in range(count))
    report = {
        "@type": REPORT,
        "Version": "1.0.0",
        "GeneratedDate": "1970-01-01T00:00:00Z",  # the same election is always the same bytes
        "ReportGeneratingDeviceIds": ["device-1"],
        "ReportingDevice": [{"@id": "device-1", "@type": "CVR.ReportingDevice", "Application": "counting"}],
        "GpUnit": [{"@id": "unit-1", "@type": "CVR.GpUnit", "Type": "other"}],
        "Election": [{
            "@id": "election-1", "@type": "CVR.Election", "ElectionScopeId": "unit-1",
            "Candidate": [
                {"@id": numbers[option], "@type": "CVR.Candidate", "Name": name} for option, name in election.names.items()
            ],
            "Contest": [{
                "@id": contest, "@type": "CVR.CandidateContest", "Name": election.title or contest,
                "ContestSelection": [
                    {"@id": option, "@type": "CVR.CandidateSelection", "CandidateIds": [number]}
                    for option, number in numbers.items()
                ],
            }],
        }],
        "CVR": [_record(ballot, f"ballot-{number}", contest) for number, ballot in enumerate(ballots, 1)],
    }  # fmt: skip
    return (json.dumps(report, ensure_ascii=False, indent=1) + "\n").encode()


def _record(ballot: RankedBallot, name: str, contest: str) -> JSONObject:
    ranks: defaultdict[OptionId, list[int]] = defaultdict(list)
    for rank, options in enumerate(ballot, 1):
        for option in options:
            ranks[option].append(rank)
    selections = [
        {
            "@type": "CVR.CVRContestSelection", "ContestSelectionId": option,
            "SelectionPosition": [
                {"@type": "CVR.SelectionPosition", "HasIndication": "yes", "IsAllocable": "unknown", "NumberVotes": 1, "Rank": n}
                for n in places
            ],
        }
        for option, places in ranks.items()
    ]  # fmt: skip
    snapshot = {
        "@id": name, "@type": "CVR.CVRSnapshot", "Type": "original",
        "CVRContest": [{"@type": "CVR.CVRContest", "ContestId": contest, "CVRContestSelection": selections}],
    }  # fmt: skip
    return {"@type": "CVR.CVR", "CurrentSnapshotId": name, "ElectionId": "election-1", "CVRSnapshot": [snapshot]}
