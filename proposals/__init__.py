"""DELIBERATION: proposals, versions, endorsements, comments."""
