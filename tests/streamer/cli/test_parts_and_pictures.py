"""Parts, pictures and cameras as people have them, through the whole command line."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import av
import cv2
import pytest

from streamer import read_events
from streamer.cli.batch import app as batch
from streamer.cli.stream import app

CASES = Path(__file__).parents[2] / "cases"
SAMPLE = Path(str(resources.files("streamer") / "assets" / "sample.mp4"))


def run(*args: object) -> int:
    code = app([str(arg) for arg in (*args, "--no-progress")], standalone_mode=False)
    return code if isinstance(code, int) else 0


def test_an_animated_webp(tmp_path: Path) -> None:
    assert run(CASES / "anim.webp", "-o", tmp_path / "e.jsonl") == 0
    (event,) = read_events(tmp_path / "e.jsonl")
    assert event.recognition is not None and event.recognition.emotion == "surprise"
    assert event.spot.apex_s == pytest.approx(1.7, abs=1 / 30)


def test_ten_bits_in_sixteen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three pictures: too little for an event, which is told; the face is found in each."""
    folder = CASES / "tiff_10bit_in_16"
    for source in (folder, folder / "*.tif", folder / "cam_%05d.tif"):
        assert run(source, "--fps", 30, "-o", tmp_path / "e.jsonl", "--overwrite") == 0
        told = capsys.readouterr().err
        assert "3 frames, 0.1 s" in told and "1 face in 100% of the frames" in told
        assert "use the levels 0 to 1023" in told and "judged in 0% of the time" in told
    assert run(*sorted(folder.iterdir()), "--fps", 30) == 0  # as a shell hands them over
    assert "3 frames, 0.1 s" in capsys.readouterr().err


def test_a_part_keeps_the_times_of_the_whole(tmp_path: Path) -> None:
    log, signals = tmp_path / "e.jsonl", tmp_path / "s.csv"
    part = ("--start", "0:06.5", "--end", "8s", "--roi", "0.1,0,0.8,1")
    assert run("sample", *part, "-o", log, "--signals", signals) == 0
    (event,) = read_events(log)
    assert event.spot.apex_s == pytest.approx(7.133, abs=1 / 30)
    rows = signals.read_text().splitlines()
    assert rows[1].startswith("195,6.500000,") and rows[-1].startswith("239,7.966667,")
    assert len(rows) == 1 + 45


def test_a_part_of_each_recording_of_a_batch(tmp_path: Path) -> None:
    out = tmp_path / "out"
    args = ("sample", CASES / "tiff_10bit_in_16" / "*.tif", "-o", out, "--fps", 30, "--end", 2.5)
    plain = [str(arg) for arg in (*args, "--formats", "jsonl", "--workers", 1, "--quiet")]
    batch(plain, standalone_mode=False)
    records = [json.loads(path.read_text()) for path in sorted(out.glob("*/run.json"))]
    assert sorted(record["counts"]["frames"] for record in records) == [3, 75]
    (events,) = (e for e in map(list, map(read_events, out.glob("*/events.jsonl"))) if e)
    assert [event.spot.apex_s for event in events] == pytest.approx([1.7], abs=1 / 30)


@pytest.fixture
def camera() -> Iterator[str]:
    """An IP webcam that shows the sample, every second frame, at 15 a second."""
    with av.open(str(SAMPLE)) as container:
        frames = [f for n, f in enumerate(container.decode(video=0)) if n % 2 == 0 and n < 150]
    images = [frame.to_ndarray(format="bgr24") for frame in frames]
    pictures = [cv2.imencode(".jpg", image)[1].tobytes() for image in images]

    class Camera(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=cam")
            self.end_headers()
            start_s = time.monotonic()
            for number, picture in enumerate(pictures):
                time.sleep(max(0.0, start_s + number / 15 - time.monotonic()))
                head = b"--cam\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"
                try:
                    self.wfile.write(head % len(picture) + picture + b"\r\n")
                except OSError:
                    return

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Camera) as running:
        running.daemon_threads, running.block_on_close = True, False
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}/video"
        running.shutdown()


@pytest.mark.slow
def test_an_ip_webcam_for_some_seconds(
    camera: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(camera, "--max-seconds", 3.5, "-o", tmp_path / "e.jsonl") == 0
    told = capsys.readouterr().err
    assert "frames, 3." in told and "1 event" in told
    (event,) = read_events(tmp_path / "e.jsonl")
    assert event.recognition is not None and event.recognition.emotion == "surprise"
    assert event.spot.apex_s == pytest.approx(1.7, abs=0.05 + 1 / 15)
