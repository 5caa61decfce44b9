"""Which software runs, as the log says it: its release, and a hash over everything it serves to browsers."""

import hashlib
from pathlib import Path
from typing import Any

from django.conf import settings

from merkle import canonical
from votelog.entries import NO_LEAF, read
from votelog.models import Event

_MANIFEST = "staticfiles.json"


def release() -> dict[str, str]:
    """Name, version and commit."""
    return {"name": "deliberate", "version": settings.SOFTWARE_VERSION, "commit": settings.SOFTWARE_COMMIT}


def changes(shard: str) -> list[dict[str, Any]]:
    """The `d` of each config.changed that this log lacks to know the software that runs here. The log must be open."""
    known = _known(shard)
    now = {"release": _sha256(canonical.dumps(release()))}
    manifest = Path(settings.STATIC_ROOT) / _MANIFEST
    if manifest.exists():
        now["assets"] = _sha256(manifest.read_bytes())
    return [
        {"scope": "software", "key": key, "old_sha256": known.get(key, NO_LEAF), "new_sha256": new, "actors": []}
        | ({"public_value": canonical.dumps(release()).decode()} if key == "release" else {})
        for key, new in now.items()
        if known.get(key) != new
    ]


def _known(shard: str) -> dict[str, str]:
    opening = read(Event.objects.get(shard=shard, idx=0).body)["d"]["software"]
    known = {"release": _sha256(canonical.dumps(opening))}
    for event in Event.objects.filter(shard=shard, poll="", kind="config.changed").order_by("n"):
        d = read(event.body)["d"]
        if d["scope"] == "software":
            known[d["key"]] = d["new_sha256"]
    return known


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
