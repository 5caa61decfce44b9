"""Copy pinned front-end assets from npm packages into `static/`, with a manifest of their hashes.

    python tools/vendor.py            fetch every pin again (needs Node's `npm`, and the network)
    python tools/vendor.py --check    compare the committed files with the manifest (needs neither)

Running the platform needs neither: the copies are committed. To move a pin, edit PACKAGES, run, look at the diff.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "static"
MANIFEST = STATIC / "vendor" / "manifest.json"
SPRITE = "icons/sprite.svg"
LUCIDE = "lucide-static"


@dataclass(frozen=True)
class Package:
    """One npm package: where its files go (path in the package -> path from static/) and on which terms."""

    name: str
    version: str
    licence: str
    files: dict[str, str] = field(default_factory=dict)


PACKAGES = (
    Package("htmx.org", "2.0.11", "0BSD", {"dist/htmx.min.js": "vendor/htmx.min.js"}),
    Package(
        "vazirmatn",
        "33.0.3",
        "OFL-1.1",
        {"misc/Non-Latin/fonts/webfonts/Vazirmatn-NL[wght].woff2": "fonts/vazirmatn-nonlatin-wght.woff2"},
    ),
    Package(
        "@fontsource-variable/inter",
        "5.3.0",
        "OFL-1.1",
        {
            "files/inter-latin-wght-normal.woff2": "fonts/inter-latin-wght.woff2",
            "files/inter-latin-ext-wght-normal.woff2": "fonts/inter-latin-ext-wght.woff2",
        },
    ),
    Package(
        "@fontsource/source-serif-4",
        "5.3.1",
        "OFL-1.1",
        {
            "files/source-serif-4-latin-600-normal.woff2": "fonts/source-serif-4-latin-600.woff2",
            "files/source-serif-4-latin-ext-600-normal.woff2": "fonts/source-serif-4-latin-ext-600.woff2",
        },
    ),
    Package(LUCIDE, "1.62.0", "ISC"),
    Package("@noble/ed25519", "3.2.0", "MIT", {"index.js": "../webverifier/vendor/ed25519.js"}),
    Package(
        "@noble/hashes",
        "2.4.0",
        "MIT",
        {name: f"../webverifier/vendor/{name}" for name in ("sha2.js", "_md.js", "_u64.js", "utils.js")},
    ),
)

# No thumbs: the gesture is an insult to many Persian speakers. Stances use circle-plus, -minus and -equal.
ICONS = """
accessibility arrow-down arrow-left arrow-right arrow-up award bell bike book-open building-2 bus calendar
chart-no-axes-column check chevron-down chevron-left chevron-right circle-alert circle-check circle-dot circle-equal
circle-help circle-minus circle-plus circle-x clock coins copy download droplets ellipsis external-link eye eye-off file-pen-line
file-text fingerprint flag footprints gavel git-compare hammer hand-heart hash history hourglass house info key-round landmark
languages layout-grid leaf library lightbulb link list lock lock-open log-in log-out mail map map-pin menu message-circle
message-square minus moon paperclip pause pencil play plus printer qr-code radio receipt recycle refresh-cw reply scale
school search settings shield-check sliders-horizontal sun tag trash-2 trees triangle-alert user user-plus users vote
wifi-off x
"""


def fetch(package: Package, into: Path) -> tarfile.TarFile:
    """Download the exact version with `npm pack` and open the archive."""
    packed = subprocess.run(
        ["npm", "pack", "--silent", f"{package.name}@{package.version}"],
        cwd=into,
        check=True,
        capture_output=True,
        text=True,
    )
    return tarfile.open(into / packed.stdout.split()[-1])


def read(archive: tarfile.TarFile, path: str) -> bytes:
    member = archive.extractfile(f"package/{path}")
    if member is None:
        raise FileNotFoundError(path)
    return member.read()


def symbol(name: str, svg: str) -> str:
    """One icon file as a <symbol>, drawn with a 1.75 stroke in the text's colour."""
    inner = re.search(r"<svg[^>]*>(.*)</svg>", svg, re.DOTALL)
    if inner is None:
        raise ValueError(f"{name} is not an SVG file")
    shapes = re.sub(r"\s*\n\s*", "", inner[1]).replace(" />", "/>")
    return (
        f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" '
        f'stroke-linecap="round" stroke-linejoin="round">{shapes}</symbol>'
    )


def brand_symbol() -> str:
    """Our own mark joins the sprite, its dot taking the accent of the page."""
    svg = (STATIC / "img" / "mark.svg").read_text()
    inner = re.search(r"<svg[^>]*>(.*)</svg>", svg, re.DOTALL)
    if inner is None:
        raise ValueError("static/img/mark.svg is not an SVG file")
    shapes = re.sub(r"\s*\n\s*", "", inner[1]).replace('fill="#d88a00"', 'fill="var(--mark-dot, #d88a00)"')
    return f'<symbol id="mark" viewBox="0 0 32 32" fill="none">{shapes}</symbol>'


def sprite(archive: tarfile.TarFile) -> bytes:
    symbols = [
        brand_symbol(),
        *(symbol(name, read(archive, f"icons/{name}.svg").decode()) for name in ICONS.split()),
    ]
    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg">',
        "<!-- Icons: Lucide, ISC licence. Mark: ours. -->",
        *symbols,
    ]
    return "\n".join([*lines, "</svg>", ""]).encode()


def vendor() -> None:
    """Fetch every package, write its files and the manifest."""
    manifest = []
    with tempfile.TemporaryDirectory() as temporary:
        for package in PACKAGES:
            with fetch(package, Path(temporary)) as archive:
                contents = {target: read(archive, source) for source, target in package.files.items()}
                if package.name == LUCIDE:
                    contents[SPRITE] = sprite(archive)
            for target, content in contents.items():
                (STATIC / target).parent.mkdir(parents=True, exist_ok=True)
                (STATIC / target).write_bytes(content)
            manifest.append(
                {
                    "package": package.name,
                    "version": package.version,
                    "licence": package.licence,
                    "files": {t: hashlib.sha256(c).hexdigest() for t, c in sorted(contents.items())},
                }
            )
            print(f"{package.name} {package.version}: {', '.join(contents)}")
    MANIFEST.write_text(json.dumps(manifest, indent=2) + "\n")


def check() -> list[str]:
    """What differs from the manifest, one sentence each; an empty list when nothing does."""
    wrong = []
    listed = set()
    for package in json.loads(MANIFEST.read_text()):
        for target, expected in package["files"].items():
            listed.add(target)
            path = STATIC / target
            if not path.exists():
                wrong.append(f"static/{target} is missing.")
            elif hashlib.sha256(path.read_bytes()).hexdigest() != expected:
                wrong.append(f"static/{target} is not the file that was vendored from {package['package']}.")
    for folder, ours in (("vendor", {"manifest.json", "LICENSES.md"}), ("fonts", set()), ("../webverifier/vendor", set())):
        for path in (STATIC / folder).iterdir():
            if path.name not in ours and f"{folder}/{path.name}" not in listed:
                wrong.append(f"static/{folder}/{path.name} is not in the manifest.")
    return wrong


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        problems = check()
        sys.exit("\n".join(problems) or 0)
    vendor()
