"""What the browser tests share: a real server, a headless Chromium, clips, a fake camera."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import psutil
import pytest

from streamer.batch.inputs import sample_path

ROOT = Path(__file__).parents[2]
REQUIRED = os.environ.get("MER_REQUIRE_BROWSER") == "1"
WAIT_MS = 180_000  # a page of a busy machine
_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@dataclass(frozen=True)
class Server:
    """A running `mer-demo`."""

    address: str
    process: subprocess.Popen[str]
    scratch: Path  # its temporary folder

    @property
    def visitors(self) -> list[Path]:
        """Folders of visitors."""
        return sorted(self.scratch.glob("mer-demo-*/visitor-*"))

    @property
    def left_over(self) -> list[Path]:
        """Files that lie in the temporary folders."""
        return [path for path in self.scratch.rglob("*") if path.is_file()]

    @property
    def memory_mb(self) -> float:
        """Resident memory of the server and its processes."""
        own = psutil.Process(self.process.pid)
        total = 0
        for one in [own, *own.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                total += one.memory_info().rss
        return total / 2**20

    @property
    def workers(self) -> list[psutil.Process]:
        """Its processes that analyse, watch a camera or explain."""
        found = []
        for one in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if "spawn_main" in " ".join(one.cmdline()):
                    found.append(one)
        return found


@contextlib.contextmanager
def serving(scratch: Path, *options: str) -> Iterator[Server]:
    """`mer-demo` on a free port, its temporary files in `scratch`."""
    environment = os.environ | {"TMPDIR": str(scratch)}
    process = subprocess.Popen(
        [sys.executable, "-m", "demo", "--port", "0", *options],
        cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found is not None, f"the server said: {line!r}"
        yield Server(found[0], process, scratch)
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(15)
        process.kill()
        process.wait()


@contextlib.contextmanager
def browsing(*flags: str) -> Iterator[Any]:
    """A headless Chromium; skipped with a reason where there is none."""
    program = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if program is None:
        missing("no Chromium here: apt-get install chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("no Playwright here: pip install playwright")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=[*_FLAGS, *flags], headless=True
        )
        yield browser
        browser.close()


def missing(reason: str) -> None:
    """Skip, or fail where everything has to be there."""
    if REQUIRED:
        pytest.fail(reason)
    pytest.skip(reason)


def begin(browser: Any, server: Server, clip: Path) -> Any:
    """A new visitor's page, with the analysis of an uploaded clip begun."""
    page = browser.new_context().new_page()
    page.goto(server.address)
    send(page, clip)
    return page


def send(page: Any, clip: Path) -> None:
    """Upload a clip and begin its analysis."""
    page.locator("input[type=file]").first.set_input_files(clip)
    page.get_by_text("is here. Press").wait_for(timeout=WAIT_MS)
    page.get_by_role("button", name="Find micro-expressions").click()


def wait_until(true: Callable[[], Any], seconds: float, what: str) -> None:
    """Poll; fails with `what` when the time is over."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, what
        time.sleep(0.1)


def sample_frames() -> list[np.ndarray]:
    """The bundled sample, BGR."""
    with av.open(str(sample_path())) as container:
        return [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]


def write_clip(path: Path, frames: Sequence[np.ndarray], fps: int = 30) -> Path:
    """H.264 that keeps small motion."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=fps)
        stream.options = {"crf": "14", "preset": "veryfast", "tune": "grain"}
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, fps)
        for number, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_camera(path: Path, frames: Sequence[np.ndarray]) -> Path:
    """MJPEG, as Chromium's fake camera reads it; it is played over and over at 30 a second."""
    with path.open("wb") as file:
        for picture in frames:
            file.write(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes())
    return path


def command_line(clip: Path, *options: str) -> str:
    """The events of `mer-stream` on a clip, run beside it under its bare name."""
    done = subprocess.run(
        [sys.executable, "-m", "streamer", clip.name, "--output", "-", "--quiet", *options],
        cwd=clip.parent,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
