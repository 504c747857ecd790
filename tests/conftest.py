"""For all tests: where everything is installed, nothing may be skipped for want of a package."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from streamer.core import url_text

# The networks of the tests are tiny: threads that wait for each other would cost several times what
# they save. Set before anything imports torch or numpy; processes that tests start inherit it.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

# CI sets it: then "skipped: ray is not installed" is a failure, not a dot nobody looks at.
_REQUIRED = bool(os.environ.get("MER_REQUIRE_PACKAGES"))
_WANT = re.compile(
    r"could not import|not installed|No module named|needs torch|comes with|is an extra", re.I
)
# MediaPipe needs numpy 1, the newest of everything else numpy 2: what needs it is skipped beside
# the rest, and must run in CI's second environment, which sets the variable (.ci/run).
_ELSEWHERE = None if os.environ.get("MER_REQUIRE_MEDIAPIPE") else re.compile("mediapipe", re.I)


def _refuse_skip(report: Any) -> None:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if _ELSEWHERE and _ELSEWHERE.search(reason):
        return
    if _REQUIRED and report.skipped and _WANT.search(reason):
        report.outcome = "failed"
        report.longrepr = f"skipped though every package must be there here: {reason}"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    outcome: Any = yield
    _refuse_skip(outcome.get_result())


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    outcome: Any = yield
    _refuse_skip(outcome.get_result())


@pytest.fixture(autouse=True)
def _no_urls_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process remembers the URLs it was given, to keep them out of its messages."""
    monkeypatch.setattr(url_text, "_KNOWN", url_text._Known())


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    """A command's end leaves signals ignored; here the process goes on."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
