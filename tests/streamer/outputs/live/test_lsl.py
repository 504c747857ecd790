"""Lab Streaming Layer with a real inlet, and stream time on its clock."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from streamer.core.errors import InstallError
from streamer.core.records import SourceInfo
from streamer.outputs.live.lsl import LslOutlets, StreamClock, import_pylsl
from streamer.outputs.signals import TEXT_COLUMNS, measured_columns
from tests.streamer.outputs.fakes import REGIONS, make_event, make_result

CLIENT = Path(__file__).parents[4] / "docs" / "clients" / "lsl_client.py"


@pytest.fixture
def pylsl(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """With streams that are seen on this machine only."""
    config = tmp_path / "lsl_api.cfg"
    config.write_text("[multicast]\nResolveScope = machine\n")
    monkeypatch.setenv("LSLAPICFG", str(config))
    return pytest.importorskip("pylsl", exc_type=(ImportError, RuntimeError, OSError))


def info(live: bool) -> SourceInfo:
    return SourceInfo("x", "camera" if live else "file", live, 64, 48, 30.0, None, None)


class TestClock:
    def test_a_recording_counts_from_its_first_frame(self) -> None:
        clock = StreamClock()
        clock.begin(live=False)
        clock.see(0.0, 100.0)
        clock.see(2.0, 100.1)  # read faster than it was taken
        assert clock.stamp(2.0) == 102.0

    def test_a_live_source_by_its_quickest_frame(self) -> None:
        clock = StreamClock()
        clock.begin(live=True)
        clock.see(0.0, 100.30)  # the first ones are late: networks warm up
        clock.see(0.1, 100.15)
        clock.see(0.2, 100.26)
        assert clock.stamp(0.2) == pytest.approx(100.25, abs=1e-4)

    def test_clocks_that_drift_apart_are_followed(self) -> None:
        clock = StreamClock()
        clock.begin(live=True)
        for second in range(600):  # the camera's clock is slow by 100 in a million
            clock.see(float(second), 100.0 + second * 1.0001)
        assert clock.stamp(599.0) == pytest.approx(100.0 + 599 * 1.0001, abs=1e-3)

    def test_another_source_has_another_time(self) -> None:
        clock = StreamClock()
        clock.begin(live=False)
        clock.see(0.0, 100.0)
        clock.begin(live=False)
        clock.see(0.0, 200.0)
        assert clock.stamp(1.0) == 201.0


def test_an_inlet_gets_motion_and_events_with_their_stamps(pylsl: Any) -> None:
    outlets = LslOutlets("mer-test-a", REGIONS)
    found = {}
    for name in ("mer-test-a", "mer-test-a-motion"):
        (stream,) = pylsl.resolve_byprop("name", name, timeout=20.0)
        found[name] = pylsl.StreamInlet(stream)
        found[name].open_stream(timeout=20.0)
    events, motion = found.values()
    channel = motion.info().desc().child("channels").first_child()
    labels = []
    while not channel.empty():
        labels.append((channel.child_value("label"), channel.child_value("unit")))
        channel = channel.next_sibling()
    wanted = [name for name in measured_columns(REGIONS) if name not in TEXT_COLUMNS]
    assert [label for label, _ in labels] == wanted
    assert dict(labels)["yaw_deg"] == "degrees" and dict(labels)["time_s"] == "seconds"

    before = pylsl.local_clock()
    outlets.begin(info(live=False))
    for index in range(50):
        marked = (make_event(),) if index == 45 else ()
        outlets.write(make_result(index, index / 30, (0,), marked))
    rows = [motion.pull_sample(timeout=20.0) for _ in range(50)]
    (text,), stamp = events.pull_sample(timeout=20.0)
    first = rows[0][1]
    assert before <= first <= pylsl.local_clock()
    # Frame n is n / 30 s after the first; the event's onset is at 1 s.
    for index, (values, at) in enumerate(rows):
        assert at - first == pytest.approx(index / 30, abs=1e-4)
        assert values[wanted.index("frame")] == index
    assert rows[5][0][wanted.index("motion_mouth")] == pytest.approx(0.1)
    assert stamp - first == pytest.approx(1.0, abs=1e-4)
    assert '"emotion": "surprise"' in text and '"apex_lsl_s": ' in text
    outlets.close()


def test_the_example_client(pylsl: Any) -> None:
    outlets = LslOutlets("mer-test-b", REGIONS)
    client = subprocess.Popen(
        [sys.executable, str(CLIENT), "mer-test-b"], stdout=subprocess.PIPE, text=True
    )
    assert client.stdout is not None
    assert client.stdout.readline() == "connected\n"
    outlets.begin(info(live=False))
    for index in range(50):
        outlets.write(make_result(index, index / 30, (0,), (make_event(),) if index == 45 else ()))
    outlets.close()
    said = client.stdout.read()
    assert client.wait(60.0) == 0
    assert said.startswith("micro surprise: onset 1.000 s of the stream, ")
    assert said.endswith("samples of motion; the run has ended\n")


@pytest.mark.parametrize("failure", [ImportError("no module"), RuntimeError("no liblsl\nat all")])
def test_a_missing_library_is_told(failure: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> None:
        raise failure

    monkeypatch.setattr("importlib.import_module", fail)
    with pytest.raises(InstallError, match=r"LSL.*mer-stream\[lsl\]"):
        import_pylsl()
