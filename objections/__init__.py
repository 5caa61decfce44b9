"""OBJECTIONS: what observers object to in a poll, and what they are answered."""
