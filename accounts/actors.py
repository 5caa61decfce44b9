"""How the public log names what a member of staff acted on, and by whom: never by a text or a person's name."""

from hashlib import sha256


def object_sha256(kind: str, id: object) -> str:
    """Hex SHA-256 of the UTF-8 text `<kind>:<public id>`, as `comment:71` (docs/reference/vote-log.md, moderation.action)."""
    return sha256(f"{kind}:{id}".encode()).hexdigest()
