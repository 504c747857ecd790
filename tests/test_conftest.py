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


@pytest.mark.parametrize(("required", "code"), [("", 0), ("1", 1)])
def test_want_of_a_package_is_a_failure_where_asked_for(
    tmp_path: Path, required: str, code: int
) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST.read_text())
    (tmp_path / "test_some.py").write_text(TESTS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        env=os.environ | {"MER_REQUIRE_PACKAGES": required},
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == code, done.stdout
    if required:
        assert "1 failed, 1 skipped, 1 error" in done.stdout
    else:
        assert "3 skipped" in done.stdout
