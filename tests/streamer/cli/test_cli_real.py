"""The whole way with the real rooms: a short recording of a still face that smiles a little."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import resources
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from streamer import build_pipeline, load_config, read_events, stream
from streamer.core.records import Frame
from streamer.outputs.record import event_to_record

ROOT = Path(__file__).parents[3]
FRAMES = 75
HEAVY = ("torch", "scipy", "sklearn", "timm", "pandas")


def raise_brows(image: np.ndarray, amount_px: float) -> np.ndarray:
    """Move a soft band at the height of the brows up by `amount_px`."""
    height, width = image.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    weight = np.exp(-(((y - 0.34 * height) / (0.06 * height)) ** 2))
    return cv2.remap(image, x, y + amount_px * weight, cv2.INTER_LINEAR)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two and a half seconds at 30 fps; a movement from 1.2 to 1.6 s."""
    path = tmp_path_factory.mktemp("clip") / "face.mp4"
    face = resources.files("streamer") / "assets" / "known_face.jpg"
    bgr = cv2.imdecode(np.frombuffer(face.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    image = cv2.cvtColor(cv2.resize(bgr, (320, 320)), cv2.COLOR_BGR2RGB)
    noise = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=30)
        video.width = video.height = 320
        video.pix_fmt = "yuv420p"
        for index in range(FRAMES):
            amount = 4.0 * max(0.0, 1.0 - abs(index / 30 - 1.4) / 0.2)
            moved = raise_brows(image, amount).astype(np.int16)
            moved += noise.integers(-2, 3, moved.shape, dtype=np.int16)
            picture = np.clip(moved, 0, 255).astype(np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode(None))
    return path


def run(*args: object, code: str = "") -> subprocess.CompletedProcess[str]:
    program = (
        "import sys\nfrom streamer.cli.stream import main\n"
        f"sys.argv = ['mer-stream', *{[str(a) for a in args]!r}]\n"
        f"try:\n    main()\nfinally:\n    {code or 'pass'}\n"
    )
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )


def test_a_run_writes_all_outputs_and_imports_nothing_heavy(clip: Path, tmp_path: Path) -> None:
    done = run(
        *(clip, "-o", tmp_path / "e.jsonl", "--signals", tmp_path / "s.csv"),
        *("--save-video", tmp_path / "v.mp4", "--summary", tmp_path / "sum.json"),
        code=f"print([n for n in {HEAVY!r} if n in sys.modules])",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
    # And nothing of what the libraries like to log.
    counts, units, judged = done.stderr.splitlines()
    assert units.startswith("  action units: ")
    assert judged.startswith("  upper face judged in ")
    assert f"face.mp4: {FRAMES} frames, 2.5 s" in counts
    assert len((tmp_path / "s.csv").read_text().splitlines()) == FRAMES + 1
    summary = json.loads((tmp_path / "sum.json").read_text())["sources"][0]
    assert (summary["frames_with_face"], summary["faces"]) == (FRAMES, 1)
    with av.open(str(tmp_path / "v.mp4")) as video:
        assert sum(1 for _ in video.decode(video=0)) == FRAMES
    events = list(read_events(tmp_path / "e.jsonl"))
    assert any(1.1 < event.spot.apex_s < 1.7 for event in events)
    for event in events:
        assert event.recognition is not None
        assert sum(event.recognition.probabilities.values()) == pytest.approx(1.0, abs=1e-5)


def test_command_line_stream_and_push_say_the_same(clip: Path, tmp_path: Path) -> None:
    done = run(clip, clip, "-o", tmp_path / "e.jsonl", "-q")  # named twice, read once
    assert done.returncode == 0, done.stderr
    written = [event_to_record(event) for event in read_events(tmp_path / "e.jsonl")]
    streamed = [event_to_record(event) for event in stream(clip)]
    assert streamed and written == streamed
    pipeline = build_pipeline(load_config(), source_name=str(clip))
    pushed = []
    with av.open(str(clip)) as container:
        for index, decoded in enumerate(container.decode(video=0)):
            image = decoded.to_ndarray(format="rgb24")
            pushed += pipeline.push(Frame(index, float(decoded.time), image)).events
    pushed += pipeline.flush().events
    pipeline.close()
    assert [event_to_record(event) for event in pushed] == streamed


def test_stream_may_be_left_early_and_takes_settings(clip: Path) -> None:
    events = stream(clip, spotter={"sensitivity": 2.0}, recognise=False)
    first = next(events)
    assert first.recognition is None
    events.close()  # type: ignore[attr-defined]
    assert list(stream(clip, max_seconds=0.2)) == []


def test_the_same_file_twice_gives_the_same_events(clip: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(clip.read_bytes())
    done = run(clip, copy, "--output", "-", "-q")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    for record in records:
        del record["id"]
    first = [r for r in records if r.pop("source") == str(clip)]
    second = [r for r in records if r not in first]
    assert first and not second and len(records) == 2 * len(first)
