"""End to end: of a URL with secrets in it, nothing but host and port is shown or left anywhere."""

from __future__ import annotations

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import streamer.run.in_turn
from streamer import stream
from streamer.cli.stream import main
from streamer.core.errors import MerError
from streamer.core.urls import display_name
from streamer.outputs.events import read_events
from streamer.run.config import StreamConfig
from streamer.sources import SourceConfig
from tests.streamer.outputs.fakes import REGIONS, FakePipeline
from tests.streamer.sources import make

ROOT = Path(__file__).parents[3]
MARK = "Zq7Xk9"
QUICK = ("--set", "source.read_timeout_s=2", "--set", "source.reconnect_attempts=0")
# {h}: host and port, {s}: the secret.
URLS = (
    "rtsp://ann:{s}@{h}/live", "rtsp://{s}@{h}/live", "rtsp://:{s}@{h}/live", "RTSP://ann:{s}@{h}/",
    "rtsp://ann:a@{s}@{h}/live", "rtsp://ann:{s}/x@{h}/live", "rtsp://ann:{s}#x@{h}/live",
    "rtsp://ann:{s}?x@{h}/live", "rtsp://ann: {s} y@{h}/live", "rtsp://ann:{s}%40@{h}/live",
    "http://{h}/{s}/live.ts", "http://{h}/live.ts?token={s}", "http://{h}/live.ts?{s}=1",
    "http://{h}/live.ts#{s}", "http://{h}/live.ts?a=1;b={s} y", "http://{h}/x?u=http://b:{s}@c/",
    "http://ann%3A{s}%40{h}/", "http://ann:{s}\x1b[31m@{h}/", "http://ann:{s}\n@{h}/",
    "http://ann:{s}\udce9@{h}/", "http://ann:{s}\"'@{h}/", "http:\\\\ann:{s}@{h}\\live",
    "http://[::1]:9/{s}", "http://{h}:{s}/x", "http:///{s}", " http://ann:{s}@{h}/",
    "concat:http://ann:{s}@{h}/x", "ftp://ann:{s}@{h}/x.mp4", "x://{s}@{h}", "rtsp:/ann:{s}@{h}/x",
    "http://{h}/x[{s}]*.mp4",
)  # fmt: skip


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers what the path asks for: a status, a page, a recording."""

    def do_GET(self) -> None:
        kind = self.path.split("?")[0].strip("/").split("/")[0]
        if kind.isdigit():
            self.send_error(int(kind))
            return
        body = self.server.files.get(kind, b"<html>no video</html>")  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    clip = make.write_video(tmp_path_factory.mktemp("clip") / "clip.mkv", make.noisy(40))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.files = {"clip": Path(clip).read_bytes()}  # type: ignore[attr-defined]
        running.daemon_threads = True
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield f"127.0.0.1:{running.server_address[1]}"
        running.shutdown()


@pytest.fixture(scope="module")
def closed() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs mer-stream with every output there is; returns the exit code and all it has shown."""

    def build(config: object) -> FakePipeline:
        return FakePipeline()

    monkeypatch.setattr(streamer.run.in_turn, "build_pipeline", build)
    monkeypatch.setattr(streamer.run.in_turn, "warm_up", lambda pipeline: None)
    monkeypatch.setattr(streamer.run.in_turn, "REGION_NAMES", REGIONS)

    def run(*words: str) -> tuple[int, str]:
        monkeypatch.chdir(tmp_path)
        for name in ("signals", "videos"):
            Path(name).mkdir(exist_ok=True)
        outputs = (
            "-o", "e.jsonl", "--summary", "s.json", "--log-file", "run.log", "--verbose",
            "--signals", "signals", "--save-video", "videos", "--progress", "--overwrite",
        )  # fmt: skip
        monkeypatch.setattr(sys, "argv", ["mer-stream", *words, *outputs, *QUICK])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        return int(ended.value.code or 0), out + err

    return run


def places_of(secret: str, folder: Path, shown: str = "") -> list[str]:
    """Where a secret is, in whatever case: in what was shown, in names and contents of files."""
    low = secret.lower()
    found = ["shown"] if low in shown.lower() else []
    for path in folder.rglob("*"):
        found += [f"name {path}"] if low in str(path.relative_to(folder)).lower() else []
        if path.is_file() and low.encode() in path.read_bytes().lower():
            found.append(f"in {path}")
    return found


@pytest.mark.parametrize("url", URLS)
def test_a_source_that_cannot_be_opened(
    url: str, closed: str, run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    code, shown = run(url.format(h=closed, s=f"S{MARK}"))
    assert code in (3, 4, 5, 6), shown
    assert places_of(MARK, tmp_path, shown + caplog.text) == []
    assert "Traceback" not in shown and "\x1b[31m" not in shown
    summary = json.loads((tmp_path / "s.json").read_text())["sources"][0]
    assert summary["source"] == display_name(url.format(h=closed, s=f"S{MARK}"))
    assert summary["source"] in summary["error"]


@pytest.mark.parametrize("path", ["404/{s}", "403?token={s}", "page/x.mp4?k={s}", "500#{s}"])
def test_a_server_that_has_no_video(path: str, server: str, run: Run, tmp_path: Path) -> None:
    code, shown = run(f"http://ann:{MARK}@{server}/" + path.format(s=MARK))
    assert code in (3, 4, 6)
    assert f"http://{server}/~" in shown
    assert places_of(MARK, tmp_path, shown) == []


def test_a_recording_that_is_read_over_http(server: str, run: Run, tmp_path: Path) -> None:
    url = f"http://ann:{MARK}@{server}/clip/{MARK}?token={MARK}#{MARK}"
    for more in ((), (f"http://{server}/clip?token={MARK}2",)):  # one source, and two
        code, shown = run(url, *more)
        assert code == 0, shown
        assert places_of(MARK, tmp_path, shown) == []
    name = display_name(url)
    events = list(read_events(tmp_path / "e.jsonl"))
    assert {event.source for event in events} == {name, display_name(more[0])}
    stem = name.split("//")[1].replace(":", "-").replace("/~", "-")
    for folder, suffix in (("signals", ".csv"), ("videos", ".mp4")):
        assert (tmp_path / folder / f"{stem}{suffix}").stat().st_size > 0


@pytest.mark.parametrize("form", ["csv", "srt", "vtt", "eaf", "boris", "parquet"])
def test_every_format(form: str, server: str, run: Run, tmp_path: Path) -> None:
    url = f"http://{server}/clip/{MARK}?token={MARK}"
    suffix = {"boris": "xlsx"}.get(form, form)
    code, shown = run(url, "--output", f"e.{suffix}", "--format", form)
    assert code == 0, shown
    assert places_of(MARK, tmp_path, shown) == []


@pytest.mark.parametrize(
    "words",
    [
        ("--fps", f"rtsp://a:{MARK}@h/"),
        (f"--sauce=rtsp://a:{MARK}@h/",),
        ("--set", f"model=https://a:{MARK} b@h/m.onnx"),
        ("--set", f"spotter.sensitivity=https://a:{MARK}@h/"),
        ("--set", f"https://a:{MARK}@h/=1"),
        ("--set", f"https://a:{MARK}@h/"),
        ("--config", f"https://a:{MARK}@h/x.yaml"),
        ("--model", f"https://h/m.onnx?token={MARK}"),
        ("--config", "odd.yaml", "--print-config"),
        ("--config", "key.yaml"),
    ],
)  # fmt: skip
def test_options_and_settings(words: tuple[str, ...], run: Run, tmp_path: Path) -> None:
    for name, text in (("odd", "model"), ("key", "'https://a:b@h/?{s}'")):
        line = f"{text}: 'https://a:{MARK} b@h/m.onnx'\n".replace("{s}", MARK)
        (tmp_path / f"{name}.yaml").write_text(line)
    code, shown = run("sample", *words)
    assert code == 2, shown
    assert MARK.lower() not in shown.lower()


@pytest.mark.parametrize("url", URLS)
def test_the_python_interface(url: str, closed: str) -> None:
    config = StreamConfig(SourceConfig(read_timeout_s=2.0, reconnect_attempts=0), recognise=False)
    with pytest.raises(MerError) as caught:
        next(stream(url.format(h=closed, s=f"S{MARK}"), config))
    error: BaseException | None = caught.value
    while error is not None:
        assert MARK not in str(error) + repr(error) + repr(error.args) + repr(vars(error))
        error = error.__cause__ or error.__context__
    text = "".join(traceback.format_exception(caught.value))
    assert MARK not in text.replace(f'MARK = "{MARK}"', "")


@pytest.mark.parametrize("where", ["{s}/a.mp4", "a.mp4?{s}", "{s}/", "*{s}*.mp4", "in/a-{s}.mp4"])
def test_a_batch_from_a_store(where: str, tmp_path: Path) -> None:
    """In a process of its own: the memory of a store is that of a process."""
    code = (
        "import sys, fsspec\n"
        "from streamer.cli.batch import main\n"
        "sys.argv = ['mer-batch', sys.argv[1], '-o', 'out', '--log-file', 'run.log', '--workers',\n"
        "            '1', '--no-recognition', '--verbose', '--formats', 'jsonl,csv,eaf,html']\n"
        "main()\n"
    )
    (tmp_path / "store").mkdir()
    url = "file://" + str(tmp_path / "store") + "/" + where.format(s=MARK)
    folder = tmp_path / "run"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code, url],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 3, done.stderr
    assert places_of(MARK, folder, done.stdout + done.stderr) == []


def test_an_error_that_nobody_expected_is_printed_without_secrets(tmp_path: Path) -> None:
    code = (
        "import sys, logging\n"
        "from streamer.core.process.console import guard_output, set_up_logging\n"
        "guard_output()\n"
        "from pathlib import Path\n"
        "set_up_logging(quiet=False, verbose=True, log_file=Path('run.log'))\n"
        "try:\n"
        "    raise ValueError(sys.argv[1])\n"
        "except ValueError:\n"
        "    logging.getLogger('other').exception('at %s\\x1b[2J\\nforged', sys.argv[1])\n"
        "import threading\n"
        "def fail(): raise KeyError(sys.argv[1])\n"
        "thread = threading.Thread(target=fail); thread.start(); thread.join()\n"
        "raise ValueError('cannot read ' + sys.argv[1])\n"
    )
    url = f"rtsp://ann:a {MARK}#@cam/x"
    done = subprocess.run(
        [sys.executable, "-c", code, url],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and done.stderr.count("Traceback") == 3
    assert places_of(MARK, tmp_path, done.stderr) == []
    assert "\x1b" not in done.stderr and "\nforged" not in done.stderr
