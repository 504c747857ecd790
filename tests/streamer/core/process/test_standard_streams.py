"""All four commands with standard streams that are closed, full or gone, and without a home."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from streamer.core.errors import UsageError
from streamer.core.files.paths import expand_home

ROOT = Path(__file__).parents[4]
COMMANDS = ("streamer", "streamer.cli.batch", "training.cli", "demo")
needs_shell = pytest.mark.skipif(os.name != "posix", reason="pipes and devices of POSIX")


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line; `$PY` is this Python."""
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"],
        cwd=ROOT,
        env=os.environ | {"PY": sys.executable, "COLUMNS": "100"} | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


@needs_shell
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_closed_and_full_streams(command: str, unbuffered: str) -> None:
    """One process after the other: what each of them means is in the comments."""

    def run(rest: str) -> subprocess.CompletedProcess[str]:
        return shell(f"$PY -m {command} {rest}", PYTHONUNBUFFERED=unbuffered)

    nothing = run("--version >&- 2>&- <&-")  # as under a service manager or pythonw
    assert (nothing.returncode, nothing.stdout, nothing.stderr) == (0, "", "")
    silent = run("--version 2>&-")
    assert silent.returncode == 0 and silent.stdout.startswith("mer-stream")
    full = run("--help > /dev/full")
    assert full.returncode == 8
    assert full.stderr.count("\n") == 1
    assert "error: standard output cannot be written: the disk is full." in full.stderr
    assert run("--no-such-option 2> /dev/full").returncode == 2
    assert run("--no-such-option 2>&-").returncode == 2
    gone = run("--help | true")
    assert gone.returncode in (0, 141) and gone.stderr == ""  # 0 where it all fitted the pipe


@needs_shell
@pytest.mark.parametrize(
    ("rest", "code"),
    [
        ("sample --max-seconds 2 --progress -v <&- >&- 2>&-", 0),
        ("sample --max-seconds 2 --progress --output {out} >&- 2>/dev/full", 0),
        ("--print-config > /dev/full", 8),
        ("sample --max-seconds 3 --output - > /dev/full", 8),
        ("- <&-", 2),
    ],
)
def test_a_run_with_closed_streams(rest: str, code: int, tmp_path: Path) -> None:
    done = shell(f"$PY -m streamer {rest.format(out=tmp_path / 'events.jsonl')}")
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    if "{out}" in rest:
        assert (tmp_path / "events.jsonl").read_text().count("\n") >= 0


@needs_shell
def test_what_a_library_prints_does_not_land_in_an_output(tmp_path: Path) -> None:
    """With standard output closed the next file would get its number."""
    code = (
        "from streamer.core.process.standard_streams import secure_standard_streams\n"
        "secure_standard_streams()\n"
        "import os\n"
        f"file = open({str(tmp_path / 'events')!r}, 'w')\n"
        "os.write(1, b'chatter'); os.write(2, b'chatter'); print('more')\n"
        "file.write('mine'); file.close()\n"
    )
    (tmp_path / "code.py").write_text(code)
    done = shell(f"$PY {tmp_path / 'code.py'} <&- >&- 2>&-", PYTHONPATH=str(ROOT))
    assert done.returncode == 0
    assert (tmp_path / "events").read_text() == "mine"


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for a user without an account, in a container of any user id."""

    def unknown(_: int) -> None:
        raise KeyError("uid not found")

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)


@needs_shell
def test_a_home_that_is_not_there_is_one_sentence(homeless: None, tmp_path: Path) -> None:
    for name in ("~", "~/clip.mp4", Path("~/results")):
        with pytest.raises(UsageError, match="none is known here"):
            expand_home(name)
    assert expand_home("~$draft.mp4") == Path("~$draft.mp4")  # a name like any other
    assert expand_home("a/~/b") == Path("a/~/b")
    from streamer.batch.inputs import find_inputs
    from streamer.batch.output import FolderOutput
    from streamer.cli.notice import show_notice_once
    from streamer.sources import open_source

    for use in (
        lambda: open_source("~/clip.mp4"),
        lambda: find_inputs(["~/clips"]),
        lambda: find_inputs(["@~/list.txt"]),
        lambda: FolderOutput(Path("~/out")),
    ):
        with pytest.raises(UsageError, match="full path"):
            use()
    show_notice_once()


HOMELESS = """
import os, pwd, sys
def unknown(number): raise KeyError(number)
pwd.getpwuid = unknown
os.environ.pop("HOME", None)
sys.argv = ["mer-stream", *sys.argv[1:]]
from streamer.cli.stream import main
main()
"""


@needs_shell
@pytest.mark.parametrize(
    ("rest", "code"),
    [("sample --max-seconds 2", 0), ("'~/clip.mp4'", 2), ("sample --set 'model=~/m.onnx'", 7)],
)
def test_a_command_without_a_home(rest: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text(HOMELESS)
    done = shell(f"$PY {tmp_path / 'run.py'} {rest}", PYTHONPATH=str(ROOT))
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr and "internal error" not in done.stderr
