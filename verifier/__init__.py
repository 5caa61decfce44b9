"""Recheck and recount a published poll: everything is in `__main__.py`, which also runs alone."""
