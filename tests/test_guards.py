"""Promises about the sources themselves, and about every address at once."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests import make

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
CSS = sorted((ROOT / "static" / "css").glob("*.css"))


def test_templates_have_no_inline_code_style_or_foreign_asset() -> None:
    forbidden = re.compile(
        r"""<script(?![^>]*\bsrc=)(?![^>]*type="application/json")|\sstyle=|\shx-on|\son[a-z]+=["']|(?:src|href)=["']https?://(?!www\.gnu\.org)|<c-""",
        re.IGNORECASE,
    )
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in TEMPLATES
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if forbidden.search(line) and "https://" not in re.sub(r'<a [^>]*href="https://[^"]*"[^>]*>', "", line)
    ]
    found = [line for line in found if not re.search(r'<a [^>]*href="https://', line)]
    assert found == []


def test_scripts_carry_the_nonce() -> None:
    missing = [
        f"{path.name}: {tag}"
        for path in TEMPLATES
        for tag in re.findall(r"<script\b[^>]*>", path.read_text())
        if "nonce=" not in tag and "application/json" not in tag
    ]
    assert missing == []


def test_styles_use_logical_properties_only() -> None:
    physical = re.compile(
        r"(?<![-\w])(?:margin|padding|border|inset)?-?(?:left|right)\s*:|text-align\s*:\s*(?:left|right)|float\s*:"
    )
    found = [
        f"{path.name}:{number}: {line.strip()}"
        for path in CSS
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if physical.search(line)
    ]
    assert found == []


def test_what_is_vendored_is_what_the_manifest_says() -> None:
    manifest = json.loads((ROOT / "static" / "vendor" / "manifest.json").read_text())
    files = {name: digest for package in manifest for name, digest in package["files"].items()}
    assert "vendor/htmx.min.js" in files
    for name, digest in files.items():
        assert hashlib.sha256((ROOT / "static" / name).read_bytes()).hexdigest() == digest, name


def patterns(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry, prefix + str(entry.pattern))
        else:
            yield prefix + str(entry.pattern), entry


@pytest.fixture
def a_city(ada, open_poll):
    """One of everything, so that addresses lead somewhere."""
    from django.utils import timezone

    from objections import actions as objection_actions
    from processes.models import Phase
    from proposals import actions as proposal_actions

    process = make.process("debate", phase=Phase.Type.PROPOSE)
    proposal = proposal_actions.create_proposal(
        process=process, author=ada, title="Trees", body="More trees.", language="en", scope=None, topic=None, at=timezone.now()
    )
    proposal_actions.add_comment(proposal=proposal, author=ada, body="Yes.", stance="for", language="en", at=timezone.now())
    waiting = objection_actions.file_objection(
        poll=open_poll, name="", email="o@press.example", language="en", text="x" * 60, at=timezone.now(), base_url="/"
    )
    receipt = make.cast(open_poll, ada, "o1")
    return {
        "poll_id": open_poll.public_id,
        "key": "o1",
        "kind": "csv",
        "bid": receipt.bid,
        "pk": proposal.pk,
        "slug": process.slug,
        "uid": ada.uid,
        "handle": waiting.handle,
        "public_id": waiting.public_id,
    }


def addresses(values: dict[str, object]) -> Iterator[str]:
    from django.urls import NoReverseMatch, reverse

    for _route, pattern in patterns(get_resolver()):
        name = pattern.name
        if not name:
            continue
        wanted = {key: values[key] for key in pattern.pattern.converters if key in values}
        named = re.findall(r"\(\?P<(\w+)>", str(pattern.pattern))
        wanted |= {key: values[key] for key in named if key in values}
        for namespace in (
            "",
            "voting:",
            "proposals:",
            "processes:",
            "eligibility:",
            "accounts:",
            "votelog:",
            "objections:",
            "moderation:",
            "incidents:",
        ):
            try:
                yield reverse(namespace + name, kwargs=wanted)
            except NoReverseMatch:
                continue


def everything_stored() -> str:
    """A fingerprint of every row, apart from sessions and rate limits."""
    from django.apps import apps
    from django.core import serializers

    rows = []
    for model in apps.get_models():
        if model._meta.label in {"sessions.Session", "voting.Ballot", "votelog.Event", "votelog.Checkpoint"}:
            rows.append(f"{model._meta.label} {model._default_manager.count()}")
        elif model._meta.label != "contenttypes.ContentType":
            text = serializers.serialize("json", model._default_manager.order_by("pk"))
            rows.append(re.sub(r'"last_login": "[^"]*"', "", text))
    return "\n".join(rows)


def test_no_address_changes_anything_when_it_is_only_looked_at(ada, a_city) -> None:
    client = Client()
    client.force_login(ada)
    before = everything_stored()
    visited, failed = 0, []
    for address in sorted(set(addresses(a_city))):
        response = client.get(address)
        if response.status_code >= 500:
            failed.append((address, response.status_code))
        if "logout" not in address and not response.wsgi_request.user.is_authenticated:
            failed.append((address, "signed out"))
        visited += 1
    assert failed == []
    assert visited > 40
    assert everything_stored() == before


def test_no_form_is_accepted_from_another_site(ada, a_city) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    accepted = []
    for address in sorted(set(addresses(a_city))):
        status = client.post(address, {"choice": "o1"}, headers={"origin": "https://evil.example"}).status_code
        if status not in (403, 404, 405):
            accepted.append((address, status))
    assert accepted == []


def test_every_page_has_the_strict_policy(client, db) -> None:
    policy = client.get("/en/")["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "'nonce-" in policy


def test_counting_tree_and_verifier_import_nothing_but_the_standard_library() -> None:
    code = "import counting.rules, counting.pabulib, merkle.tree, merkle.proof, merkle.tiles, verifier.__main__"
    subprocess.run(["python3", "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}"], check=True, cwd=ROOT)


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({}, "SECRET_KEY is missing"),
        ({"SECRET_KEY": "x" * 60}, "HOSTS is missing"),
        ({"SECRET_KEY": "x" * 60, "HOSTS": "*"}, "HOSTS is missing"),
        ({"SECRET_KEY": "x" * 60, "HOSTS": "vote.example.org"}, "SMTP_HOST is missing"),
        ({"DEMO": "1", "SECRET_KEY": "x" * 60}, "DEMO=1 signs anyone in"),
        ({"DEMO": "1", "HOSTS": "vote.example.org"}, "DEMO=1 signs anyone in"),
        ({"DEMO": "1", "DATABASE_URL": "postgres://db/x"}, "DEMO=1 signs anyone in"),
        ({"DEMO": "1", "DEBUG": "1"}, "exclude each other"),
    ],
)
def test_it_refuses_to_start_unsafely_with_one_clear_sentence(environment: dict[str, str], sentence: str, tmp_path: Path) -> None:
    import sys

    run = subprocess.run(
        [sys.executable, "-c", "import deliberate.settings"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "DATA_DIR": str(tmp_path), **environment},
        capture_output=True,
        text=True,
    )
    assert run.returncode != 0
    assert sentence in run.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("lock", "extras"),
    [("base", []), ("production", ["production"]), ("dev", ["production", "dev"]), ("oracles", ["production", "dev", "oracles"])],
)
def test_the_locks_hold_what_the_project_asks_for_with_hashes(lock: str, extras: list[str]) -> None:
    import tomllib

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]
    text = (ROOT / "requirements" / f"{lock}.txt").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert all("--hash=sha256:" in line for line in lines)
    pinned: dict[str, list[str]] = {}
    for line in lines:
        name, version = re.match(r"([\w.-]+)==(\S+)", line).groups()  # type: ignore[union-attr]
        pinned.setdefault(canonicalize_name(name), []).append(version)
    missing = [
        line
        for line in wanted
        if not any(Requirement(line).specifier.contains(v) for v in pinned.get(canonicalize_name(Requirement(line).name), []))
    ]
    assert missing == []


def test_faults_in_forms_are_told_in_the_language_of_the_page() -> None:
    """The browser's own bubbles speak the browser's language: forms are sent, and the answer says what is wrong."""
    speaking = [
        f"{path.name}: {form[:80]}"
        for path in TEMPLATES
        for form in re.findall(r'<form class="form\b[^>]*>', path.read_text())
        if "post" in form and "novalidate" not in form
    ]
    assert speaking == []
