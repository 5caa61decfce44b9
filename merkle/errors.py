"""What this package raises about data that came from elsewhere. Misuse by the caller is a plain ValueError."""


class ProofError(Exception):
    """The data does not prove what it claims, or is not even well formed."""


class NotCanonical(ProofError, ValueError):
    """Not canonical JSON, or a value that canonical JSON cannot hold."""
