"""A witness of transparency logs, to be run by others than those who run the log: C2SP tlog-witness.

Of the project it uses `merkle` only; besides, the standard library and `cryptography`. It knows nothing of votes: it sees
sizes and hashes, and signs that a log it knows has only grown.
"""
