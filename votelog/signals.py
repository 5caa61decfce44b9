"""What the log tells other apps. Receivers call an action of their own app."""

from django.dispatch import Signal

entries_published = Signal()
"""A checkpoint was published. Sent with `polls` (dict of poll id to the range of its new n), `shard`, `size` and `root` (bytes).

Sent in the server's own process where that is the sequencer too, else in the worker's (`votelog.news`): at least once for entries
that a crash had kept from being published. A crash between publishing and sending loses it, so a receiver that must not miss
anything also looks for itself now and then.
"""
