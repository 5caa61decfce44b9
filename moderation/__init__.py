"""Hiding and restoring what people wrote, for a rule of the house, in public."""
