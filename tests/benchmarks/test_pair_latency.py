"""Time and memory of one pair: both engines, memory of the process that was asked."""

import numpy as np

from benchmarks import pair_latency as pair_latency_module
from benchmarks.pair_latency import PairTiming, in_process, pair_latency, peak_mb


def test_the_small_model_in_both_engines(monkeypatch):
    monkeypatch.setattr(pair_latency_module, "THREADS", (1,))
    found = pair_latency(PairTiming(rounds=2, sizes=("small",)))
    assert found["small"]["face_px"] == 128
    for engine in ("onnx", "torch"):
        row = found["small"][engine]["1 threads"]
        assert 0.0 < row["median_ms"] < 60_000 and 50 < row["peak_mb"] < 20_000


def test_memory_is_the_childs_own():
    held = np.ones(25_000_000)  # 200 MB that the child does not have
    assert peak_mb() > 200 and held[-1] == 1.0
    assert in_process(peak_mb) < peak_mb() - 100
