"""What stops a witness before it starts. The message is one sentence for whoever runs it."""


class CannotStart(Exception):
    """A key, a state file or a setting is not as it has to be."""
