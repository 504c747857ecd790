"""The Ray engine on a local cluster of two nodes, one of which is lost on the way."""

from __future__ import annotations

import importlib.util
import json
import sys
import threading
import time
from pathlib import Path

import pytest

from streamer.core.errors import InstallError
from training.loso.config import LosoConfig
from training.loso.run import run_loso


def test_without_ray_it_says_what_to_install(
    flow_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InstallError, match=r'pip install "mer-stream\[ray\]"'):
        run_loso(_config(flow_root, tmp_path, engine="ray"))


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed")
def test_a_lost_node_costs_no_fold(flow_root: Path, tmp_path: Path) -> None:
    import ray
    from ray.cluster_utils import Cluster

    local = run_loso(_config(flow_root, tmp_path / "local"))
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    second = cluster.add_node(num_cpus=1)
    ray.init(address=cluster.address, log_to_driver=False)
    folder = tmp_path / "ray"

    def lose_a_node() -> None:
        while not list(folder.glob("folds/*.json")):
            time.sleep(0.05)
        cluster.remove_node(second, allow_graceful=False)

    loser = threading.Thread(target=lose_a_node)
    loser.start()
    try:
        spread = run_loso(_config(flow_root, folder, engine="ray", address=cluster.address))
    finally:
        loser.join()
        ray.shutdown()
        cluster.shutdown()
    assert len(list(folder.glob("folds/*.json"))) == 6
    assert (spread["uf1"], spread["uar"]) == (local["uf1"], local["uar"])
    for path in folder.glob("folds/*.json"):
        other = json.loads((tmp_path / "local" / "folds" / path.name).read_text())
        assert json.loads(path.read_text())["clips"].keys() == other["clips"].keys()


def _config(root: Path, output: Path, **changes: object) -> LosoConfig:
    return LosoConfig(
        dataset="megc2019-flow",
        root=root,
        model="svm",
        output=output,
        **changes,  # type: ignore[arg-type]
    )
