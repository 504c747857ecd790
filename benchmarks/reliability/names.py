"""Hostile file names through both command lines, with all formats, on a real terminal.

What is written has to be well-formed and inside the folder that was named, and nothing of a name
may act on the terminal.
"""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import shutil
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openpyxl
import pyarrow.parquet as parquet

from benchmarks.reliability.film import write_clip
from benchmarks.reliability.forks import ForkPool, Request, fork_pool
from benchmarks.reliability.outcome import Outcome, PartResult, count_by
from benchmarks.reliability.process import MER_BATCH, run_process
from benchmarks.reliability.promises import Ended, broken_promises, raw_on_terminal

FORMATS = ("jsonl", "csv", "srt", "vtt", "eaf", "boris.xlsx", "tsv", "parquet")
BATCH_FORMATS = "jsonl,csv,srt,vtt,eaf,boris,parquet,html"
_TERMINAL = b"\x1b[A"  # the progress bars of tqdm move up a line
_SPREADSHEET = ("=", "+", "-", "@", "\t", "\r")
_FRAMES = 96  # until the first event of the sample is known

NAMES: tuple[bytes, ...] = (
    b"\x1b[2J\x1b]0;owned\x07.mp4", b"bell\x07.mp4", b"line\nbreak.mp4", b"back\rover.mp4",
    b"tab\there.mp4", b"\x7f\x08\x08del.mp4", "\x9b31mC1.mp4".encode(), b"-rf.mp4",
    b"--output=evil.mp4", b"=cmd|' C calc'!A0.mp4", b"+1+1.mp4", b"@SUM(A1).mp4",
    b'=HYPERLINK("x").mp4', b"\xff\xfe\x80raw.mp4", b"caf\xe9.mp4", b"..mp4", b"...mp4",
    b"..%2f..%2fup.mp4", b"..\\..\\up.mp4", "\u202egpm.exe.mp4".encode(),
    "\u2066iso\u2069late.mp4".encode(), "\U0001f600\U0001f468\u200d\U0001f469.mp4".encode(),
    b"CON.mp4", b"nul.tar.mp4", b"aux.mp4", b"COM1.mp4", b"dot. .mp4", b"space .mp4", b" .mp4",
    b"'quote\".mp4", b"$(reboot).mp4", b"`id`.mp4", b"a;b&c|d.mp4",
    b"<img src=x onerror=alert(1)>.mp4",
    b"]]>&amp;<x.mp4", b"*?[a].mp4", b"%s%n%x.mp4", b"{0.__class__}.mp4", b"a" * 251 + b".mp4",
    "é".encode() * 125 + b".mp4", "e\u0301.mp4".encode(), "\u00e9.mp4".encode(),
    "\u2028sep\u2029.mp4".encode(), "\ufeffmark.mp4".encode(), b"NUL.mp4",
    b"webcam:0", b"sample", b"#comment.mp4", b"~root.mp4", b"--> 00:00.mp4", b"<!--x.mp4",
)  # fmt: skip


def check_names(count: int, seed: int, folder: Path, processes: int = 2) -> PartResult:
    """`count` names through mer-stream, all of them together through mer-batch.

    The names are a fixed list; a seed only chooses the format that each is tried with first.
    """
    clip = write_clip(folder / "clip.mp4", _FRAMES)
    names = NAMES[:count]
    with fork_pool(processes) as pool, ThreadPoolExecutor(processes) as threads:
        jobs = [(number, name, seed) for number, name in enumerate(names)]
        found = list(threads.map(lambda job: _check_stream(pool, clip, folder, *job), jobs))
    found.append(_check_batch(names, clip, folder))
    return PartResult("names", tuple(found), {"exit_codes": count_by(found, "code")})


def _check_stream(
    pool: ForkPool, clip: Path, folder: Path, number: int, name: bytes, seed: int
) -> Outcome:
    """One name, one of the formats, with signals, a summary and a log besides."""
    room = folder / f"name-{number}"
    (room / "out").mkdir(parents=True)
    (room / "in").mkdir()
    shutil.copyfile(clip, os.fsencode(room / "in") + b"/" + name)
    source = "in/" + os.fsdecode(name)
    kind = FORMATS[(number + seed) % len(FORMATS)]
    arguments = (
        source, "-o", f"out/e.{kind}", "--signals", "out", "--summary", "out/s.json",
        "--log-file", "out/run.log", "--verbose", "--no-recognition",
    )  # fmt: skip
    ended = pool.run(Request(arguments, str(room), timeout_s=30.0))
    broken = [*broken_promises(ended, {0}), *raw_on_terminal(ended.stderr)]
    broken += [*_strays(room, {"in", "out"}), *malformed(room / "out")]
    again = f"mer-stream {source!a} -o e.{kind} --signals . --summary s.json --verbose"
    shutil.rmtree(os.fsencode(room))
    return Outcome(ascii(name), tuple(broken), again, {"code": ended.code})


def _check_batch(names: tuple[bytes, ...], clip: Path, folder: Path) -> Outcome:
    """All names in one batch; standard error is a terminal."""
    room = folder / "batch"
    (room / "in").mkdir(parents=True)
    for name in names:
        target = os.fsencode(room / "in") + b"/" + name
        if name.endswith(b".mp4"):
            shutil.copyfile(clip, target)
    command = (*MER_BATCH, "in", "-o", "out", "--formats", BATCH_FORMATS, "--signals", "parquet")
    ended = run_on_terminal((*command, "--workers", "2", "--no-recognition"), room, 240.0)
    shown = raw_on_terminal(ended.stderr, _TERMINAL)
    broken = [*broken_promises(ended, {0}), *shown, *_strays(room, {"in", "out"})]
    broken += malformed(room / "out")
    done = len(list((room / "out").glob("*/run.json"))) if (room / "out").is_dir() else 0
    # Hidden files of a folder are left out on purpose.
    expected = sum(name.endswith(b".mp4") and not name.startswith(b".") for name in names)
    if done != expected:
        broken.append(f"{done} of {expected} recordings have results")
    again = f"mer-batch in -o out --formats {BATCH_FORMATS} --signals parquet (all names in `in`)"
    shutil.rmtree(os.fsencode(room))
    return Outcome("mer-batch, all names", tuple(broken), again, {"code": ended.code})


def run_on_terminal(command: tuple[str, ...], cwd: Path, timeout_s: float) -> Ended:
    """Run with a pseudo-terminal as standard error; what it was given stands in `stderr`."""
    master, slave = pty.openpty()
    with ThreadPoolExecutor(1) as threads:
        shown = threads.submit(_read_all, master)
        ended = run_process(command, timeout_s=timeout_s, cwd=cwd, stderr=slave)
        os.close(slave)
        text = shown.result()
    os.close(master)
    return Ended(ended.code, ended.stdout, text, ended.wall_s, ended.peak_mb, ended.timed_out)


def _read_all(master: int) -> bytes:
    chunks = []
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:  # the other side is closed
            return b"".join(chunks)
        chunks.append(chunk)


def _strays(room: Path, expected: set[str]) -> Iterator[str]:
    """What was made outside of the folders that were named."""
    for path in room.iterdir():
        if path.name not in expected:
            yield f"{path.name!a} lies outside of the output folder"
    for path in (room / "out").rglob("*") if (room / "out").is_dir() else ():
        if path.is_symlink():
            yield f"{path.name!a} is a link"


def malformed(folder: Path) -> Iterator[str]:
    """Files below `folder` that their own format's reader refuses, and cells that are formulas."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            try:
                yield from _read(path)
            except Exception as error:  # noqa: BLE001  whatever a reader raises is the finding
                yield f"{path.suffix} is malformed: {type(error).__name__}: {str(error)[:120]}"


def _read(path: Path) -> Iterator[str]:
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        parquet.read_table(path)
        return
    if suffix == ".xlsx":
        yield from _cells(_workbook(path), path)
        return
    text = path.read_bytes().decode("utf-8")
    if suffix == ".log":
        yield from (f"log: {fault}" for fault in raw_on_terminal(text.encode()))
    elif suffix == ".jsonl":
        for line in filter(None, text.split("\n")):
            json.loads(line)
    elif suffix == ".json":
        json.loads(text)
    elif suffix == ".eaf":
        ElementTree.fromstring(text)
    elif suffix in (".csv", ".tsv"):
        rows = list(
            csv.reader(io.StringIO(text, newline=""), delimiter="\t" if suffix == ".tsv" else ",")
        )
        yield from _cells(rows, path)
        if len({len(row) for row in rows if row}) > 1:
            yield f"{path.suffix}: rows of different length"
    elif suffix == ".vtt" and not text.startswith("WEBVTT"):
        yield ".vtt without its first line"
    elif suffix == ".html" and "<img src=x" in text:
        yield ".html holds a file name as markup"


def _workbook(path: Path) -> list[list[str]]:
    sheets = openpyxl.load_workbook(path).worksheets
    return [["" if v is None else str(v) for v in row] for s in sheets for row in s.values]


def _cells(rows: list[list[str]], path: Path) -> Iterator[str]:
    for row in rows:
        for cell in row:
            if cell.startswith(_SPREADSHEET) and not _is_number(cell):
                yield f"{path.suffix}: a cell begins as a formula: {ascii(cell)[:60]}"
                return


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
