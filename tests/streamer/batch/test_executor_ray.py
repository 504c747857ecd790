"""The Ray engine on a local cluster of two nodes, one of which is lost on the way."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
import threading
import time
from pathlib import Path

import pytest

from streamer.batch.executor import run_tasks
from streamer.batch.inputs import sample_path
from streamer.batch.run import BatchOptions, run_jobs
from streamer.batch.settings import BatchSettings
from streamer.batch.tasks import Execution
from streamer.core.errors import InstallError
from streamer.run.config import load_config
from tests.streamer.batch.fake_workers import make_work


def test_without_ray_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InstallError, match=r'pip install "mer-stream\[ray\]"'):
        next(run_tasks([], make_work, Execution("ray")))


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed")
def test_a_lost_node_costs_no_recording_and_doubles_none(tmp_path: Path) -> None:
    import ray
    from ray.cluster_utils import Cluster

    inputs = tmp_path / "inputs"
    inputs.mkdir()
    for number in range(6):
        (inputs / f"clip{number}.mp4").write_bytes(sample_path().read_bytes() + bytes([number]))
    (inputs / "empty.mp4").write_bytes(b"")
    settings = BatchSettings(load_config(), ("jsonl", "html"))
    here = tmp_path / "local"
    assert run_jobs(settings, BatchOptions(str(here), quiet=True), [str(inputs)]) == 4
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    second = cluster.add_node(num_cpus=1)
    there = tmp_path / "spread"
    lost: list[int] = []

    def lose_a_node() -> None:
        until_s = time.monotonic() + 60
        while not list(there.glob("*/run.json")) and time.monotonic() < until_s:
            time.sleep(0.05)
        cluster.remove_node(second, allow_graceful=False)
        lost.append(len(list(there.glob("*/run.json"))))

    loser = threading.Thread(target=lose_a_node)
    loser.start()
    options = BatchOptions(
        str(there), engine="ray", address=cluster.address, scratch=str(tmp_path / "s"), quiet=True
    )
    try:
        assert run_jobs(settings, options, [str(inputs)]) == 4
    finally:
        loser.join()
        ray.shutdown()
        cluster.shutdown()
    assert lost[0] < 7  # it was lost in the middle
    assert len(list(there.glob("*/events.jsonl"))) == 6
    assert (there / "manifest.json").read_bytes() == (here / "manifest.json").read_bytes()
    for log in sorted(here.glob("*/events.jsonl")):
        assert log.read_bytes() == (there / log.parent.name / "events.jsonl").read_bytes()
    table = json.loads((there / "manifest.json").read_text())
    assert table["counts"] == {"done": 6, "failed": 1}
    shutil.rmtree(tmp_path / "s", ignore_errors=True)
