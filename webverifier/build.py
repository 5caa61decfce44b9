"""Bundle webverifier/src into one HTML file that needs nothing else: static/verifier/verifier.html.

    python webverifier/build.py            write it, and its SHA-256 into docs/how-to/verify-in-a-browser.md
    python webverifier/build.py --check    say whether the committed file is the one these sources make

Standard library only. Modules are joined in the order of their imports, each in a function of its own. Only plain `import {…}`,
`import * as`, `export` before a declaration and `export {…}` are known; anything else is refused.
"""

from __future__ import annotations

import base64
import hashlib
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "static" / "verifier" / "verifier.html"
ENTRY = HERE / "src" / "main.js"
GUIDE = HERE.parent / "docs" / "how-to" / "verify-in-a-browser.md"

IMPORT = re.compile(r'^import\s+(?:\{([^}]*)\}|\*\s+as\s+(\w+))\s+from\s+"(\.[^"]+)";?[ \t]*$', re.MULTILINE)
REEXPORT = re.compile(r'^export\s+\{([^}]*)\}\s+from\s+"(\.[^"]+)";?[ \t]*$', re.MULTILINE)
EXPORT_LIST = re.compile(r"^export\s+\{([^}]*)\};?[ \t]*$", re.MULTILINE)
EXPORT = re.compile(r"^export\s+(?=(?:async\s+)?(?:function\*?|class|const)\s+(\w+))", re.MULTILINE)
COMMENT = re.compile(r"^[ \t]*/\*(?!!)(?:(?!\*/).)*\*/[ \t]*\n", re.MULTILINE | re.DOTALL)
LINE_COMMENT = re.compile(r"^[ \t]*//.*\n", re.MULTILINE)


def names(inside: str) -> list[tuple[str, str]]:
    """`a, b as c` as [("a", "a"), ("b", "c")]."""
    pairs = [part.split(" as ") for part in inside.replace("\n", " ").split(",") if part.strip()]
    return [(pair[0].strip(), pair[-1].strip()) for pair in pairs]


class Bundle:
    """Modules in the order in which they have to stand."""

    def __init__(self) -> None:
        self.ids: dict[Path, str] = {}
        self.parts: list[str] = []

    def add(self, path: Path) -> str:
        """The name under which the module's exports are known. ValueError for a cycle or a form that is not known."""
        if path in self.ids:
            if not self.ids[path]:
                raise ValueError(f"{path} imports itself in a circle")
            return self.ids[path]
        self.ids[path] = ""
        source = LINE_COMMENT.sub("", COMMENT.sub("", path.read_text(encoding="utf-8")))
        exported: list[tuple[str, str]] = []  # what it is called inside, and outside

        def bring(match: re.Match[str]) -> str:
            module = self.add((path.parent / match[3]).resolve())
            if match[2]:
                return f"const {match[2]} = {module};"
            return "const {" + ", ".join(a if a == b else f"{a}: {b}" for a, b in names(match[1])) + f"}} = {module};"

        def pass_on(match: re.Match[str]) -> str:
            module = self.add((path.parent / match[2]).resolve())
            exported.extend((f"{module}.{a}", b) for a, b in names(match[1]))
            return ""

        def note(match: re.Match[str]) -> str:
            exported.append((match[1], match[1]))
            return ""

        def note_list(match: re.Match[str]) -> str:
            exported.extend(names(match[1]))
            return ""

        body = EXPORT.sub(note, EXPORT_LIST.sub(note_list, REEXPORT.sub(pass_on, IMPORT.sub(bring, source))))
        if found := re.search(r"^\s*(?:import|export)\b.*$", body, re.MULTILINE):
            raise ValueError(f"{path}: this form is not known to the bundler: {found[0].strip()}")
        given = ", ".join(outside if inside == outside else f"{outside}: {inside}" for inside, outside in exported)
        self.ids[path] = "$" + re.sub(r"\W", "_", path.relative_to(HERE).with_suffix("").as_posix())
        self.parts.append(f"const {self.ids[path]} = (() => {{\n{body.strip()}\nreturn {{ {given} }};\n}})();\n")
        return self.ids[path]


def digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def build() -> bytes:
    """The whole page."""
    bundle = Bundle()
    bundle.add(ENTRY)
    script = '"use strict";\n' + "".join(bundle.parts)
    if re.search(r"</?script|<!--", script, re.IGNORECASE):
        raise ValueError("the script holds what would end it within HTML")
    style = (HERE / "src" / "style.css").read_text(encoding="utf-8").strip() + "\n"
    page = (HERE / "src" / "page.html").read_text(encoding="utf-8")
    values = {"script": script, "style": style, "script_hash": digest(script), "style_hash": digest(style)}
    return re.sub(r"\{\{ (\w+) \}\}", lambda match: values[match[1]], page).encode()


def main(arguments: list[str]) -> int:
    page = build()
    if arguments == ["--check"]:
        same = TARGET.exists() and TARGET.read_bytes() == page
        print("up to date" if same else "static/verifier/verifier.html is not what the sources make: run webverifier/build.py")
        return 0 if same else 1
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_bytes(page)
    fingerprint = hashlib.sha256(page).hexdigest()
    GUIDE.write_text(re.sub(r"\b[0-9a-f]{64}\b", fingerprint, GUIDE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"{fingerprint}  {TARGET.name}  ({len(page):,} bytes)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
