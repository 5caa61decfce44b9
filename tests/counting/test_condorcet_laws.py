"""What must hold for Schulze and ranked pairs, whatever the ballots."""

import random
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from counting.outcome import canonical_bytes, result
from tests.counting.test_condorcet import PAIRS, SCHULZE, Ballot, count, told


@st.composite
def polls(draw: st.DrawFn) -> tuple[list[Ballot], str, list[str]]:
    """Ballots as marked: gaps, equal ranks, options marked twice; options; lots."""
    names = "abcde"[: draw(st.integers(1, 5))]
    rank = st.lists(st.sampled_from(names), max_size=2, unique=True)
    cast = draw(st.lists(st.lists(rank, max_size=7), max_size=9))
    return cast, names, draw(st.permutations(list(names)))


Poll = tuple[list[Ballot], str, list[str]]
either = st.sampled_from([SCHULZE, PAIRS])


def naive_matrix(cast: list[Ballot], names: str) -> list[list[int]]:
    """Every ballot for itself, every pair for itself."""
    first = [{o: min((k for k, rank in enumerate(ballot) if o in rank), default=99) for o in names} for ballot in cast]
    return [[sum(places[i] < places[j] for places in first) for j in names] for i in names]


def naive_paths(matrix: list[list[int]]) -> list[list[int]]:
    """The strongest of all paths without repetition, one by one."""
    everyone = range(len(matrix))

    def strength(i: int, j: int) -> int:
        found = [0]
        between = [k for k in everyone if k not in (i, j)]
        for length in range(len(between) + 1):
            for middle in permutations(between, length):
                links = list(zip([i, *middle], [*middle, j], strict=True))
                if all(matrix[x][y] > matrix[y][x] for x, y in links):
                    found.append(min(matrix[x][y] for x, y in links))
        return max(found)

    return [[strength(i, j) if i != j else 0 for j in everyone] for i in everyone]


@settings(deadline=None)
@given(polls())
def test_matrix_paths_and_order_are_those_of_the_definition(poll: Poll) -> None:
    cast, names, lots = poll
    outcome = count(SCHULZE, cast, names, lots)
    matrix, paths = outcome.extra["matrix"], outcome.extra["paths"]
    assert matrix == naive_matrix(cast, names)
    assert paths == naive_paths(matrix)
    left = set(range(len(names)))
    for equals in outcome.extra["ranking"]:
        unbeaten = {i for i in left if not any(paths[j][i] > paths[i][j] for j in left)}
        assert equals == sorted((names[i] for i in unbeaten), key=lots.index)
        left -= unbeaten
    assert not left


@settings(deadline=None)
@given(polls())
def test_locked_pairs_are_those_of_the_definition(poll: Poll) -> None:
    cast, names, lots = poll
    outcome = count(PAIRS, cast, names, lots)
    matrix, place = naive_matrix(cast, names), {option: lots.index(option) for option in names}
    arrows = []
    for i, over in enumerate(names):
        for j, under in enumerate(names):
            if matrix[i][j] > matrix[j][i] or (matrix[i][j] == matrix[j][i] and place[over] < place[under]):
                arrows.append((matrix[j][i] - matrix[i][j], -matrix[i][j], place[over], place[under], over, under))
    locked: set[tuple[str, str]] = set()

    def reaches(start: str, goal: str) -> bool:
        return start == goal or any(reaches(under, goal) for over, under in locked if over == start)

    shown = []
    for negative, votes, _, _, over, under in sorted(arrows):
        free = not reaches(under, over)
        if free:
            locked.add((over, under))
        tied = negative == 0 or sum((other[0], other[1]) == (negative, votes) for other in arrows) > 1
        shown.append(
            {"over": over, "under": under, "votes": -votes, "margin": -negative, "locked": free, "tied": tied}
        )  # fmt: skip
    assert outcome.extra["pairs"] == shown
    ranking = outcome.extra["ranking"]
    assert sorted(ranking) == list(names)
    assert all(ranking.index(over) < ranking.index(under) for over, under in locked)


@settings(deadline=None)
@given(polls(), either, st.integers(1, 6))
def test_exactly_as_many_win_as_there_are_seats_and_everybody_is_told_why(poll: Poll, rule: str, seats: int) -> None:
    cast, names, lots = poll
    outcome = count(rule, cast, names, lots, seats=seats)
    assert len(set(outcome.winners)) == len(outcome.winners) == (min(seats, len(names)) if outcome.valid else 0)
    assert outcome.ballots == len(cast) == outcome.blank + outcome.valid + sum(outcome.rejected.values())
    assert list(outcome.why) == list(names)
    assert {option for option, why in outcome.why.items() if why.won} == set(outcome.winners)
    assert canonical_bytes(result(outcome, poll="p1", ballots_sha256="0" * 64, seed="1" * 64))


@settings(deadline=None)
@given(polls(), either)
def test_a_condorcet_winner_wins_and_no_lot_was_needed(poll: Poll, rule: str) -> None:
    cast, names, lots = poll
    outcome = count(rule, cast, names, lots)
    best = outcome.extra["condorcet_winner"]
    matrix = outcome.extra["matrix"]
    beats_all = [o for i, o in enumerate(names) if all(matrix[i][j] > matrix[j][i] for j in range(len(names)) if i != j)]
    assert best == (beats_all[0] if beats_all else None)
    if best is not None and outcome.valid:
        assert outcome.winners == (best,)
        if len(names) > 1:
            assert {told(outcome, best)["code"]} == {"condorcet_winner"}
        assert not any(why.numbers.get("lot") for why in outcome.why.values())


@settings(deadline=None)
@given(polls())
def test_reversing_all_ballots_turns_the_matrix_round(poll: Poll) -> None:
    cast, names, _ = poll
    forth = []
    for ballot in cast:
        read = [[o for o in rank if all(o not in earlier for earlier in ballot[:k])] for k, rank in enumerate(ballot)]
        unmarked = [o for o in names if all(o not in rank for rank in ballot)]
        forth.append([rank for rank in [*read, unmarked] if rank])
    matrix = count(SCHULZE, forth, names).extra["matrix"]
    assert matrix == count(SCHULZE, cast, names).extra["matrix"]
    back = count(SCHULZE, [ballot[::-1] for ballot in forth], names).extra["matrix"]
    assert back == [list(column) for column in zip(*matrix, strict=True)]


@settings(deadline=None)
@given(polls(), either)
def test_names_and_the_ballot_order_do_not_matter(poll: Poll, rule: str) -> None:
    cast, names, lots = poll
    new = dict(zip(names, "zyxwv", strict=False))
    renamed = [[[new[option] for option in rank] for rank in ballot] for ballot in cast]
    one = count(rule, cast, names, lots, seats=2)
    other = count(rule, renamed[::-1], [new[o] for o in names][::-1], [new[o] for o in lots], seats=2)
    assert tuple(new[option] for option in one.winners) == other.winners
    assert one.lots_used == other.lots_used
    turned = [row[::-1] for row in other.extra["matrix"][::-1]]
    assert one.extra["matrix"] == turned


@settings(deadline=None)
@given(polls(), either, st.integers(2, 5))
def test_ten_times_the_ballots_give_the_same_order(poll: Poll, rule: str, times: int) -> None:
    cast, names, lots = poll
    once, often = count(rule, cast, names, lots), count(rule, cast * times, names, lots)
    assert (once.extra["ranking"], once.winners) == (often.extra["ranking"], often.winners)
    assert [[times * votes for votes in row] for row in once.extra["matrix"]] == often.extra["matrix"]


@settings(deadline=None)
@given(polls(), either, st.integers(1, 3))
def test_whoever_is_told_of_no_lot_fares_alike_under_every_lots(poll: Poll, rule: str, seats: int) -> None:
    cast, names, _ = poll
    names = names[:4]
    cast = [[[o for o in rank if o in names] for rank in ballot] for ballot in cast]
    outcomes = [count(rule, cast, names, order, seats=seats) for order in permutations(names)]
    if not outcomes[0].valid:
        return
    for option in names:
        fates = {outcome.why[option].won for outcome in outcomes}
        for outcome in outcomes:
            if not outcome.why[option].numbers.get("lot"):
                assert len(fates) == 1
            elif rule == SCHULZE or not any(pair["tied"] and pair["margin"] for pair in outcome.extra["pairs"]):
                assert len(fates) == 2  # with equal margins the lots had a part, but need not have changed it for everybody


def test_many_options_and_long_ballots_are_read_to_the_end() -> None:
    names = [f"o{number:02}" for number in range(40)]
    chance = random.Random(5)
    cast = [[[o] for o in chance.sample(names, chance.randint(1, 40))] for _ in range(60)]
    first = [{o: place for place, (o,) in enumerate(ballot)} for ballot in cast]
    expected = [[sum(at.get(i, 99) < at.get(j, 99) for at in first) for j in names] for i in names]
    assert count(PAIRS, cast, names).extra["matrix"] == expected
