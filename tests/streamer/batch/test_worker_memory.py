"""The memory limit of a worker, through the command line and a real recording."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from streamer.batch.inputs import sample_path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="other systems bound it less exactly"),
]


def write_huge(path: Path) -> None:
    """Pictures of 61 million pixels, 182 MB each in RGB: over 800 MB while they are decoded."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 8000, 7600, "yuv420p"
        for shade in range(12):
            image = np.full((7600, 8000, 3), 20 * shade, np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


def test_a_recording_over_the_limit_is_a_sentence_and_the_rest_goes_on(tmp_path: Path) -> None:
    write_huge(tmp_path / "a-huge.mp4")
    (tmp_path / "b-usual.mp4").write_bytes(sample_path().read_bytes())
    output = tmp_path / "out"
    command = [
        *(sys.executable, "-m", "streamer.cli.batch", str(tmp_path), "-o", str(output)),
        *("--worker-memory", "600", "--workers", "1", "--no-recognition", "--formats", "jsonl"),
    ]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 11, ended.stderr
    assert "Traceback" not in ended.stderr
    rows = json.loads((output / "manifest.json").read_text())["recordings"]
    errors = {row["folder"]: row["error"] for row in rows}
    assert "needs more memory than the limit of 600 MB a worker" in errors["a-huge"]
    assert "Give a higher --worker-memory" in errors["a-huge"]
    assert [row["status"] for row in rows] == ["failed", "done"]
    assert rows[1]["micro"] == 3
