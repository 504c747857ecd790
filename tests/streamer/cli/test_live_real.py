"""A live source through the real pipeline: what was open when it was lost is there, recognised."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import cv2

from streamer.sources import open_source

ROOT = Path(__file__).parents[3]
FPS = 30  # such a stream is timed by its arrival
FRAMES = 57  # of the sample: its first movement has its apex at frame 51 and its end at 57


class Camera(http.server.BaseHTTPRequestHandler):
    """Sends the first pictures of the sample at their rate, and closes."""

    def do_GET(self):
        self.wfile.write(
            b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=frame\r\n\r\n"
        )
        began_s = time.monotonic()
        for number, data in enumerate(self.server.pictures):
            time.sleep(max(0.0, began_s + number / FPS - time.monotonic()))
            self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\n")
            self.wfile.write(b"Content-Length: %d\r\n\r\n%b\r\n" % (len(data), data))

    def log_message(self, *arguments):
        pass


def test_a_movement_that_is_open_at_the_loss_is_recognised_and_marked(tmp_path):
    with open_source("sample") as source:
        images = [frame.image for _, frame in zip(range(FRAMES), source, strict=False)]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Camera) as server:
        server.daemon_threads = True
        quality = [cv2.IMWRITE_JPEG_QUALITY, 95]
        server.pictures = [
            cv2.imencode(".jpg", image[:, :, ::-1], quality)[1].tobytes() for image in images
        ]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        run = subprocess.run(
            f"{sys.executable} -m streamer http://127.0.0.1:{server.server_address[1]}/live "
            "-o e.jsonl --summary s.json --set source.reconnect_attempts=0".split(),
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=120,
        )
        server.shutdown()
    assert run.returncode == 6, run.stderr
    (event,) = [json.loads(line) for line in (tmp_path / "e.jsonl").read_text().splitlines()]
    assert event["cut"] is True and event["kind"] == "micro" and event["emotion"] is not None
    (summary,) = json.loads((tmp_path / "s.json").read_text())["sources"]
    assert (summary["frames"], summary["dropped"]) == (FRAMES, 0)  # none while models were loaded
