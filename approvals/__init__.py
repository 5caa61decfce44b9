"""What takes two people: one member of staff asks, another one approves within a day, and only then it happens.

An app that has something of this sort registers it at start as a `Kind` (`approvals.kinds`); pages, mail and rules are here.
"""
