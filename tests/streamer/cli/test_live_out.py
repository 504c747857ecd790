"""`--serve-events` and `--lsl` of a real run, whose input waits until a client is there."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest

from streamer.batch.inputs import sample_path
from streamer.cli.stream import app
from streamer.outputs.plan import OutputOptions

connect = pytest.importorskip("websockets.sync.client").connect
# Of the bundled recording; Matroska counts in milliseconds.
APEXES_S = pytest.approx([1.7, 7.133, 10.733], abs=0.001)


def matroska() -> bytes:
    """The bundled recording in a container that can be piped."""
    written = io.BytesIO()
    with av.open(str(sample_path())) as read, av.open(written, "w", format="matroska") as out:
        stream = out.add_stream_from_template(read.streams.video[0])
        for packet in read.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    return written.getvalue()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Any]:
    """A run that has read a share of its input; called with options."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(*options: str, share: float = 0.5) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "streamer", "-", "-o", str(tmp_path / "e.jsonl"), *options]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        started.append(process)
        assert process.stdin is not None
        process.stdin.write(data[: int(share * len(data))])
        process.stdin.flush()
        process.share = share  # type: ignore[attr-defined]
        return process

    data = matroska()
    yield begin
    for process in started:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stderr):
            if stream is not None:
                stream.close()


def finish(process: subprocess.Popen[bytes]) -> None:
    data = matroska()
    assert process.stdin is not None
    process.stdin.write(data[int(process.share * len(data)) :])  # type: ignore[attr-defined]
    process.stdin.close()


def test_a_client_gets_the_events_of_the_file_and_the_end_of_the_run(
    run: Any, tmp_path: Path
) -> None:
    process = run("--serve-events", "0", "--signals", str(tmp_path / "s.csv"))
    for line in process.stderr:
        if found := re.search(rb"port (\d+): /events", line):
            break
    with connect(f"ws://127.0.0.1:{found[1].decode()}/ws") as client:
        finish(process)
        texts = list(client)
    assert process.wait(60.0) == 0
    messages = [json.loads(text) for text in texts]
    events = [one for one in messages if one["schema"] == "mer-stream/event/2"]
    assert [one["apex_s"] for one in events] == APEXES_S
    assert events == [json.loads(line) for line in (tmp_path / "e.jsonl").read_text().splitlines()]
    signals = [one for one in messages if one["schema"] == "mer-stream/signals/1"]
    assert signals and all(-90 < one["yaw_deg"] < 90 for one in signals if one["success"])
    assert messages[-1]["schema"] == "mer-stream/end/1"


@pytest.mark.slow
def test_lsl_of_a_real_run(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pylsl = pytest.importorskip("pylsl", exc_type=(ImportError, RuntimeError, OSError))
    (tmp_path / "lsl.cfg").write_text("[multicast]\nResolveScope = machine\n")
    monkeypatch.setenv("LSLAPICFG", str(tmp_path / "lsl.cfg"))
    # LSL keeps nothing for recorders that come later: the first event is not in the first tenth.
    process = run("--lsl", "mer-test-run", "--quiet", share=0.1)
    (stream,) = pylsl.resolve_byprop("name", "mer-test-run", timeout=60.0)
    inlet = pylsl.StreamInlet(stream)
    inlet.open_stream(timeout=20.0)
    finish(process)
    samples = [inlet.pull_sample(timeout=60.0) for _ in range(3)]
    assert [json.loads(text)["apex_s"] for (text,), _ in samples] == APEXES_S
    stamps = [stamp for _, stamp in samples]
    onsets = [json.loads(text)["onset_s"] for (text,), _ in samples]
    # One clock: stamps are as far apart as the onsets.
    assert stamps[2] - stamps[0] == pytest.approx(onsets[2] - onsets[0], abs=1e-3)
    process.stdin.close()
    assert process.wait(60.0) == 0
    assert process.stderr.read() == b""  # liblsl has its own log, which nobody asked for


@pytest.mark.parametrize(
    ("arguments", "port", "sources"),
    [
        (["--serve-events", "sample"], 8765, ["sample"]),
        (["sample", "--serve-events"], 8765, ["sample"]),
        (["--serve-events", "9000", "sample"], 9000, ["sample"]),
        (["--serve-events=9000", "sample"], 9000, ["sample"]),
        (["sample"], None, ["sample"]),
    ],
)
def test_the_port_may_be_left_out(
    arguments: list[str], port: int | None, sources: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[OutputOptions, list[str]]] = []

    def keep(settings: object, outputs: OutputOptions, names: list[str], *_: object) -> int:
        seen.append((outputs, names))
        return 0

    monkeypatch.setattr("streamer.cli.stream._run", keep)
    app(arguments, standalone_mode=False)
    ((outputs, names),) = seen
    assert (outputs.serve_events, names) == (port, sources)
