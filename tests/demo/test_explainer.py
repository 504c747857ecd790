"""The process that explains: its answers, its errors, its end."""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

import demo.explainer
from demo.explainer import Explainer, explain_strip
from demo.pictures import data_url
from recognition.explain import WITH_SC, WITHOUT_SC
from streamer.core.errors import InstallError, MerError, SourceNotFoundError
from streamer.core.records import EMOTIONS
from tests.demo.conftest import Analysed
from tests.demo.pages import decoded

NEEDS = pytest.mark.skipif(
    not (WITH_SC.is_file() and WITHOUT_SC.is_file() and importlib.util.find_spec("torch")),
    reason=f"needs torch and the bundled weights {WITHOUT_SC.name}",
)


def pid_of_the_process(path: Path) -> int:
    return os.getpid()


def no_torch(path: Path) -> None:
    raise InstallError("explanations need torch")


def die(path: Path) -> None:
    os._exit(11)


def sleep(path: Path) -> None:
    time.sleep(600.0)


@pytest.fixture
def explainer() -> Iterator[Explainer]:
    made = Explainer()
    yield made
    made.close()


def ends(pid: int, within_s: float = 60.0) -> bool:
    until_s = time.monotonic() + within_s
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > until_s:
            return False
        time.sleep(0.05)
    return True


Patch = Callable[[Callable[[Path], object]], None]


@pytest.fixture
def doing(monkeypatch: pytest.MonkeyPatch) -> Patch:
    """Let the process do something else."""
    return lambda task: monkeypatch.setattr(demo.explainer, "explain_strip", task)


@NEEDS
@pytest.mark.slow
def test_a_real_event_is_explained(explainer: Explainer, analysed: Analysed) -> None:
    result = analysed.result
    found = explainer.explain(result.strip(result.events[0]))
    for attention in (found.with_sc, found.without_sc):
        assert attention.emotion in EMOTIONS and 1 / 3 <= attention.probability <= 1.0
        assert decoded(data_url(attention.picture)).ndim == 3
    assert found.keypoints is not None and found.with_sc.picture != found.without_sc.picture


def test_a_strip_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFoundError, match="faces of this event were not kept") as missing:
        explain_strip(tmp_path / "none.npz")
    assert str(tmp_path) not in str(missing.value)


def test_one_process_that_ends_when_nobody_asks(
    explainer: Explainer, doing: Patch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    doing(pid_of_the_process)
    pid = explainer.explain(tmp_path)
    assert isinstance(pid, int) and pid != os.getpid() and explainer.explain(tmp_path) == pid
    assert psutil.pid_exists(pid)
    monkeypatch.setattr(demo.explainer, "_IDLE_S", 0.2)
    assert explainer.explain(tmp_path) == pid
    assert ends(pid)
    again = explainer.explain(tmp_path)  # and another one begins
    assert again != pid
    explainer.close()
    assert isinstance(again, int) and ends(again)
    explainer.close()


def test_without_torch_it_says_what_to_install(
    explainer: Explainer, doing: Patch, tmp_path: Path
) -> None:
    doing(no_torch)
    with pytest.raises(InstallError, match="need torch"):
        explainer.explain(tmp_path)
    doing(pid_of_the_process)
    assert explainer.explain(tmp_path)


def test_a_process_that_dies_is_a_sentence_and_is_replaced(
    explainer: Explainer, doing: Patch, tmp_path: Path
) -> None:
    doing(die)
    with pytest.raises(MerError, match="Try again"):
        explainer.explain(tmp_path)
    doing(pid_of_the_process)
    assert explainer.explain(tmp_path)


def test_a_process_that_hangs_is_ended(
    explainer: Explainer, doing: Patch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    doing(pid_of_the_process)
    pid = explainer.explain(tmp_path)  # it has started
    assert isinstance(pid, int)
    doing(sleep)
    monkeypatch.setattr(demo.explainer, "_TIMEOUT_S", 0.5)
    with pytest.raises(MerError, match="Try again"):
        explainer.explain(tmp_path)
    ended = ends(pid)
    if not ended:
        psutil.Process(pid).kill()
    assert ended
