"""The public vote log: what is recorded, the sequencer that puts it in order, and where it is served.

No table here has a foreign key to a person, so that erasure and append-only do not fight.
"""
