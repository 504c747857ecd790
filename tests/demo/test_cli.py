"""`mer-demo`: help, refusals in one sentence, and a whole start and end in a process."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from demo.cli import _listen, _written, app
from streamer.core.errors import UsageError

HEAVY = ("gradio", "uvicorn", "cv2", "torch", "mediapipe", "numpy", "pandas", "av")


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program has."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_help_says_what_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    told = CliRunner().invoke(app, ["--help"])
    assert told.exit_code == 0
    for said in ("--host", "--port", "--open", "--max-minutes", "--max-megabytes", "--workers",
                 "--live", "127.0.0.1", "no password", "lie detector"):  # fmt: skip
        assert said in " ".join(told.output.replace("│", " ").split()), said


def test_help_and_version_load_nothing_heavy() -> None:
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom demo.cli import app\n"
        "told = CliRunner().invoke(app, ['--version'])\n"
        "assert told.exit_code == 0 and told.stdout.startswith('mer-stream '), told\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert told.stdout.strip() == "[]", told.stderr


def test_a_port_that_is_taken(taken: int) -> None:
    told = CliRunner().invoke(app, ["--port", str(taken)])
    assert told.exit_code == 2
    assert told.stderr.startswith(f"mer-demo: error: 127.0.0.1:{taken} cannot be used")
    assert told.stderr.count("\n") == 1 and f"--port {taken + 1}" in told.stderr


@pytest.mark.parametrize("host", ["203.0.113.7", "no such host.invalid"])
def test_an_address_of_another_machine(host: str) -> None:
    with pytest.raises(UsageError, match="cannot be used"):
        _listen(host, 0)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "65536"], ["--port", "-1"], ["--max-minutes", "0"], ["--max-megabytes", "0"],
        ["--workers", "0"], ["--live", "0"], ["--nonsense"], ["clip.mp4"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_options_are_refused(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2


@pytest.mark.parametrize("missing", ["uvicorn", "demo.server"])
def test_without_gradio_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    told = CliRunner().invoke(app, ["--port", "0"])
    assert told.exit_code == 9
    assert told.stderr.startswith("mer-demo: error: the page needs Gradio")
    assert 'pip install "mer-stream[demo]"' in told.stderr and told.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("host", "written"),
    [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]"), ("[::1]", "[::1]"), ("a.b", "a.b")],
)
def test_how_an_address_is_written(host: str, written: str) -> None:
    assert _written(host) == written


def test_only_this_machine_unless_told_otherwise() -> None:
    with _listen("127.0.0.1", 0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"


@pytest.mark.parametrize(
    "end",
    [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)],
    ids=lambda s: s.name,
)
def test_it_starts_answers_and_leaves_nothing_behind(tmp_path: Path, end: signal.Signals) -> None:
    command = [sys.executable, "-m", "demo", "--port", "0"]
    environment = {"TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as running:
        assert running.stdout is not None and running.stderr is not None
        line = running.stdout.readline()
        try:
            assert line.startswith("mer-demo: open http://127.0.0.1:"), running.stderr.read()
            address = line.split()[2]
            with urllib.request.urlopen(address, timeout=60) as page:
                assert page.status == 200 and b"micro-expression" in page.read()
                assert "server" not in {name.lower() for name in page.headers}
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"{address}/gradio_api/file=/etc/passwd", timeout=60)
            refused.value.close()
            assert refused.value.code == 404
            assert len(list(tmp_path.glob("mer-demo-*"))) == 1
        finally:
            running.send_signal(end)
            _, said = running.communicate(timeout=60)
    assert "Traceback" not in said
    assert running.returncode in (0, 130, -end)
    assert list(tmp_path.glob("mer-demo-*")) == []
