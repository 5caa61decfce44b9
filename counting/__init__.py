"""Counting rules and ballot-file formats: pure functions, standard library only.

A count takes a *profile* (how many ballots of each kind: no voters, no order, no clock, no chance, no
floats), the projects, and a `tie_order` drawn in public, and returns an *outcome*: winners, every round, and
for every option why it won or lost. Whoever has the canonical ballot file can repeat it and must get the same
bytes.

    profile.py     the ballots, grouped
    lots.py        lots-v1: the public order that settles every tie
    ballotfile.py  the canonical ballot file and its SHA-256
    rules.py       the registry: `rules.count("pb-mes-v1", …)`, options and their defaults
    pb_greedy.py   pb-greedy-v1
    pb_mes.py      pb-mes-v1, the Method of Equal Shares
    outcome.py     what a count returns; the result record and its canonical bytes
    pabulib.py     Pabulib .pb files, read strictly and written

The exact rules are in docs/reference/vote-log.md; `verifier/` is a second implementation written from that
page alone.
"""
