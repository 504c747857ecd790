"""Where everything is installed, a test that is skipped for want of a package fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).with_name("conftest.py")
TESTS = """
import pytest
@pytest.mark.skipif(True, reason="ray is not installed")
def test_marked(): ...
def test_inside(): pytest.importorskip("no_such_package")
@pytest.mark.skipif(True, reason="no webcam here")
def test_other(): ...
"""
OF_MEDIAPIPE = """
import pytest
@pytest.mark.skipif(True, reason="mediapipe is an extra")
def test_parity(): ...
"""


def run(folder: Path, tests: str, **variables: str) -> tuple[int, str]:
    """pytest's exit code and output."""
    (folder / "conftest.py").write_text(CONFTEST.read_text())
    (folder / "test_some.py").write_text(tests)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)],
        env=os.environ | variables, cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("required", "code", "counts"), [("", 0, "3 skipped"), ("1", 1, "1 failed, 1 skipped, 1 error")]
)
def test_want_of_a_package_is_a_failure_where_asked_for(
    tmp_path: Path, required: str, code: int, counts: str
) -> None:
    status, printed = run(tmp_path, TESTS, MER_REQUIRE_PACKAGES=required)
    assert status == code, printed
    assert counts in printed


@pytest.mark.parametrize(
    ("required", "code", "counts"), [("", 0, "1 skipped"), ("1", 1, "1 error")]
)
def test_mediapipe_may_be_missing_but_in_its_own_environment(
    tmp_path: Path, required: str, code: int, counts: str
) -> None:
    status, printed = run(
        tmp_path, OF_MEDIAPIPE, MER_REQUIRE_PACKAGES="1", MER_REQUIRE_MEDIAPIPE=required
    )
    assert status == code, printed
    assert counts in printed
