"""The way back from voting to whoever brought something to a vote."""

from django.dispatch import Signal

result_published = Signal()
"""Sent inside the publishing transaction with `poll` and `result`. Receivers call an action of their own app."""
