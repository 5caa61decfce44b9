"""Each named attack fails at the check that should see it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.verifier.attacks import ATTACKS, Attack
from tests.verifier.test_poll import METHODS, failed, verify
from tests.verifier.writelog import finished


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("name", "check", "apply"), ATTACKS, ids=[name for name, _, _ in ATTACKS])
def test_a_named_attack_fails_at_its_check(
    name: str, check: str, apply: Attack, method: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = finished(method)
    scene.chain()
    apply(scene)
    code, report = verify(scene.seal().write(tmp_path), capsys)
    assert code == 1
    assert report["verdict"] == "fail"
    assert check in failed(report), report["checks"]
