"""How fast the count and the log are: `make bench` (QUICK=1: smaller). Never imported by the product;
free to import the oracles and the helpers of the tests.

    ballots.py   the polls that are counted: generated, always the same
    tasks.py     what is measured, each in a process of its own
    oracles.py   the same counts by other libraries
    vote_log.py  checking a large log, casting ballots
    log_table.py the lines about the vote log
    __main__.py  the table
"""
