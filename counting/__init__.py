"""Counting rules and ballot-file formats: pure functions, standard library only.

A count takes a *profile* (how many ballots of each kind: no voters, no order, no clock, no chance, no floats), the options
(with their costs where there is a budget), and a `tie_order` drawn in public, and returns an *outcome*: winners, every round,
and for every option why it won or lost. Whoever has the canonical ballot file can repeat it and must get the same bytes.

What every count starts and ends with

    profile.py        the ballots, grouped: approvals, points, rankings
    rules.py          the registry: `rules.count("irv-v1", …)`; options, their defaults and checks
    options.py        what the checks of options share
    lots.py           lots-v1: the public order that settles every tie, and where its number may come from
    outcome.py        what a count returns; the result record and its canonical bytes
    ballotfile.py     the canonical ballot file and its SHA-256

Ranked ballots

    reading.py        over-votes, gaps, duplicates: what counts of a ballot as marked (IRV, STV)
    irv.py            irv-v1
    stv.py            what the two rules of STV share
    stv_scottish.py   stv-scottish-v1
    stv_meek.py       stv-meek-prf-v1
    preferences.py    ballots by who stands above whom (Schulze, ranked pairs, Borda)
    schulze.py        schulze-wv-v1
    ranked_pairs.py   ranked-pairs-v1
    borda.py          borda-v1

Approvals and points

    election.py       what all rules without a budget share: settling ties, seats by score
    by_score.py       add up, and the reasons (Borda, approval, score, cumulative)
    approval.py       approval-v1
    score.py          score-v1
    cumulative.py     cumulative-v1
    committee.py      what the three committee rules share
    seqpav.py         seqpav-v1
    seqphragmen.py    seqphragmen-v1
    equal_shares.py   equal-shares-v1

Budgets

    pb_greedy.py      pb-greedy-v1
    pb_mes.py         pb-mes-v1, the Method of Equal Shares with its completions
    pb_mes_run.py     one run of it
    pb_mes_trial.py   the runs of `add1` that are not kept
    pb_mes_layout.py  how a run sees the ballots
    pb_maxutil.py     pb-maxutil-v1, by command only

Files, and the command

    formats/          ballot files of the world, read and written
    pabulib.py        Pabulib .pb files
    pabulib_cells.py  their cells
    compare.py        several rules side by side
    command.py        `python -m counting`
    __main__.py       starts it
    report.py         the text and the JSON that it prints
    sentences.py      why, in English

The exact rules are in docs/reference/results.md, and in plain words in docs/reference/counting-rules.md; `verifier/` is a second
implementation written from the first of these pages alone.
"""
