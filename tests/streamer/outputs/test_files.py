"""Output files are checked before work starts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from streamer.core.errors import OutputError, UsageError
from streamer.core.files.writing import open_output, writing
from streamer.outputs.files import check_outputs


def test_new_files_in_new_folders_are_fine_and_nothing_is_made_yet(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "e.jsonl"
    check_outputs({"--output": path})
    assert not path.parent.exists()
    open_output(path).close()
    assert path.exists()


def test_existing_file_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    path.write_text("precious")
    with pytest.raises(OutputError, match=r"e\.jsonl exists already; add --overwrite"):
        check_outputs({"--output": path})
    with pytest.raises(OutputError, match="exists already"):
        open_output(path)
    check_outputs({"--output": path}, overwrite=True)
    assert path.read_text() == "precious"


def test_two_options_for_one_file(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    outputs = {"--output": tmp_path / "a.csv", "--signals": tmp_path / "d" / ".." / "a.csv"}
    with pytest.raises(UsageError, match="--output and --signals name the same file"):
        check_outputs(outputs)


def test_the_source_is_never_an_output(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"video")
    link = tmp_path / "link.mp4"
    link.symlink_to(clip)
    with pytest.raises(UsageError, match="--save-video names the source itself"):
        check_outputs({"--save-video": link}, [str(clip)], overwrite=True)


def test_folder_and_file_as_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is a folder"):
        check_outputs({"--output": tmp_path})
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(OutputError, match="is a file, not a folder"):
        check_outputs({"--output": file / "e.jsonl"})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_no_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="no permission"):
            check_outputs({"--output": tmp_path / "e.jsonl"})
    finally:
        tmp_path.chmod(0o700)


def test_devices_need_no_overwrite() -> None:
    check_outputs({"--output": Path("/dev/null"), "--signals": Path("/dev/null")})


@pytest.mark.parametrize(
    ("error", "part"),
    [
        (OSError(28, "No space left on device"), "the disk is full"),
        (PermissionError(13, "Permission denied"), "permission denied"),
        (OSError(5, "Input/output error"), "Input/output error"),
    ],
)
def test_write_errors_become_sentences(error: OSError, part: str) -> None:
    with pytest.raises(OutputError) as caught, writing("x.csv"):
        raise error
    assert part in str(caught.value) and "x.csv" in str(caught.value)


def test_a_closed_pipe_stays_what_it_is() -> None:
    with pytest.raises(BrokenPipeError), writing("x"):
        raise BrokenPipeError
