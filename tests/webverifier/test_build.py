"""The committed page is what its sources make, and the site serves it under a policy of its own."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest
from django.test import Client

from webverifier import build

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_committed_page_is_what_the_sources_make() -> None:
    assert build.TARGET.read_bytes() == build.build(), "run: python webverifier/build.py"


def test_the_documentation_names_the_fingerprint_of_the_committed_page() -> None:
    text = (ROOT / "docs" / "how-to" / "verify-in-a-browser.md").read_text(encoding="utf-8")
    assert hashlib.sha256(build.TARGET.read_bytes()).hexdigest() in text


def test_the_page_allows_no_script_and_no_style_but_its_own() -> None:
    page = build.TARGET.read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    for name in ("script", "style"):
        bodies = re.findall(rf"<{name}[^>]*>(.*?)</{name}>", page, re.DOTALL)
        assert len(bodies) == 1
        digest = base64.b64encode(hashlib.sha256(bodies[0].encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy[1]
    assert policy[1].startswith("default-src 'none';")
    assert not re.search(r"""(?:src|href)=["'](?!data:)""", page.partition("<script")[0])


@pytest.mark.parametrize(
    "line",
    [
        'import value from "./other.js";',
        'export * from "./other.js";',
        "export default 1;",
        "export let changing = 1;",
        'import { a } from "elsewhere";',
        'import "./other.js";',
    ],
)
def test_the_bundler_refuses_what_it_does_not_know(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "HERE", tmp_path)
    (tmp_path / "other.js").write_text("export const a = 1;\n")
    (tmp_path / "main.js").write_text(f"{line}\n")
    with pytest.raises(ValueError, match="not known"):
        build.Bundle().add(tmp_path / "main.js")


def test_the_bundler_refuses_modules_that_import_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "HERE", tmp_path)
    (tmp_path / "one.js").write_text('import { b } from "./two.js";\nexport const a = 1;\n')
    (tmp_path / "two.js").write_text('import { a } from "./one.js";\nexport const b = 1;\n')
    with pytest.raises(ValueError, match="circle"):
        build.Bundle().add(tmp_path / "one.js")


@pytest.mark.django_db
def test_the_site_serves_it_to_anybody_without_a_cookie() -> None:
    answer = Client().get("/verifier/?poll=p1")
    assert answer.content == build.TARGET.read_bytes()
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert policy.endswith("; frame-ancestors 'none'")
    assert "unsafe" not in policy
    assert not answer.cookies
    assert "Cookie" not in answer.get("Vary", "")
    assert answer["Cache-Control"].startswith("public")
    assert "Content-Disposition" not in answer


@pytest.mark.django_db
def test_the_same_bytes_can_be_kept() -> None:
    answer = Client().get("/verifier/verifier.html?download")
    assert answer.content == build.TARGET.read_bytes()
    assert answer["Content-Disposition"] == 'attachment; filename="verifier.html"'
