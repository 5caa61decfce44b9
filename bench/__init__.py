"""How fast the count is: `make bench` (QUICK=1: smaller). Never imported by the product, and free to import the oracles.

    ballots.py   the polls that are counted: generated, always the same
    tasks.py     what is measured, each in a process of its own
    oracles.py   the same counts by other libraries
    __main__.py  the table
"""
