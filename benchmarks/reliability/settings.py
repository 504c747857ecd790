"""Odd configurations and `--set` values: exit 2 with one sentence, or 0; never a traceback."""

from __future__ import annotations

import os
import random
import string
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from benchmarks.reliability.forks import ForkPool, Request, fork_pool
from benchmarks.reliability.outcome import Outcome, PartResult, count_by
from benchmarks.reliability.promises import Ended, broken_promises, raw_on_terminal

MEMORY_MB = 600.0
LONGEST_COMPLAINT = 2000  # characters; a sentence must not repeat a whole file
REFUSED, ANY = frozenset({2}), frozenset({0, 2})

_BIG = "9" * 5000
# Texts of a configuration file: name, content, whether it may be accepted.
_FILES: tuple[tuple[str, bytes, frozenset[int]], ...] = (
    ("empty", b"", ANY),
    ("only a comment", b"# nothing\n", ANY),
    ("list at the top", b"- 1\n- 2\n", REFUSED),
    ("number at the top", b"42\n", REFUSED),
    ("list as key", b"? [a, b]\n: 1\n", REFUSED),
    ("mapping as key", b"? {a: 1}\n: 1\n", REFUSED),
    ("nested list as key", b"source:\n  ? [[1]]\n  : 1\n", REFUSED),
    ("null as key", b"? ~\n: 1\n", REFUSED),
    ("number as key", b"7: 1\n", REFUSED),
    ("date as key", b"2020-01-01: 1\n", REFUSED),
    ("5,000 digits", f"source: {{queue_frames: {_BIG}}}\n".encode(), REFUSED),
    ("5,000 digits as a float", f"source: {{read_timeout_s: {_BIG}.0}}\n".encode(), REFUSED),
    ("5,000 hexadecimal digits", b"source: {queue_frames: 0x" + b"f" * 5000 + b"}\n", REFUSED),
    ("5,000 sexagesimal parts", b"source: {queue_frames: 1" + b":59" * 1000 + b"}\n", REFUSED),
    ("deep lists", b"[" * 5000 + b"]" * 5000, REFUSED),
    ("deep mappings", b"{a: " * 3000 + b"1" + b"}" * 3000, REFUSED),
    ("deep blocks", b"\n".join(b" " * i + b"a:" for i in range(1500)) + b"\n", REFUSED),
    ("anchors that grow", b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
        b"%c: &%c [%s]\n" % (98 + i, 98 + i, b",".join([b"*%c" % (97 + i)] * 9)) for i in range(8)
    ), REFUSED),
    ("an anchor within itself", b"source: &a {fps: *a}\n", REFUSED),
    ("a list within itself", b"kinds: &a [*a]\n", REFUSED),
    ("merge of itself", b"a: &a\n  <<: *a\n", REFUSED),
    ("merge of a number", b"source: {<<: 3}\n", REFUSED),
    ("Python object", b"source: !!python/object/apply:os.system ['true']\n", REFUSED),
    ("unknown tag", b"source: !thing {fps: 3}\n", REFUSED),
    ("binary tag", b"model: !!binary aGVsbG8=\n", REFUSED),
    ("broken binary tag", b"model: !!binary '='\n", REFUSED),
    ("set tag", b"kinds: !!set {micro}\n", REFUSED),
    ("odd date", b"model: 2020-13-45\n", ANY),
    ("date", b"model: 2020-01-02\n", ANY),
    ("odd time", b"model: 2001-12-14t21:59:43.10-99:99\n", ANY),
    ("two documents", b"model: a\n---\nmodel: b\n", REFUSED),
    ("doubled key", b"model: a\nmodel: b\n", REFUSED),
    ("tab for indent", b"source:\n\tfps: 3\n", REFUSED),
    ("unfinished text", b'model: "abc\n', REFUSED),
    ("unfinished list", b"kinds: [micro, \n", REFUSED),
    ("control characters", b"model: \x1b[31m\x07\n", REFUSED),
    ("escape in a text", b'model: "\\e[31m\\a"\n', ANY),
    ("escape in a key", b'"\\e[31m": 1\n', REFUSED),
    ("newline in a key", b'"a\\nb": 1\n', REFUSED),
    ("NUL in a text", b'model: "a\\0b"\n', ANY),
    ("lone surrogate", b'model: "\\ud800"\n', ANY),
    ("not UTF-8", b"model: \xff\xfe\xfa\n", REFUSED),
    ("UTF-16", "model: a\n".encode("utf-16"), ANY),
    ("UTF-8 with a mark", b"\xef\xbb\xbfrecognise: false\n", ANY),
    ("Windows line ends", b"recognise: false\r\n", ANY),
    ("infinity", b"source: {read_timeout_s: .inf}\n", REFUSED),
    ("not a number", b"source: {read_timeout_s: .nan}\n", REFUSED),
    ("below zero", b"source: {queue_frames: -1}\n", REFUSED),
    ("truth for a number", b"source: {queue_frames: true}\n", REFUSED),
    ("a million frames", b"source: {queue_frames: 1000000000}\n", REFUSED),
    ("100,000 threads", b"source: {decode_threads: 100000}\n", REFUSED),
    ("1e400", b"source: {read_timeout_s: 1e400}\n", REFUSED),
    ("section is a list", b"source: [1, 2]\n", REFUSED),
    ("section is null", b"source:\n", ANY),
    ("unknown key", b"sources: {}\n", REFUSED),
    ("a megabyte of text", b"model: " + b"x" * 1_000_000 + b"\n", ANY),
    ("100,000 keys", b"".join(b"k%d: 1\n" % i for i in range(100_000)), REFUSED),
)  # fmt: skip
_VALUES = (
    "source.decode_threads=100000", "source.queue_frames=1000000000", "source.queue_frames=0",
    "source.reconnect_attempts=99999999999", "source.reconnect_backoff_s=1e300",
    "source.read_timeout_s=1e308", "source.read_timeout_s=-0.0", "source.fps=1e-320",
    f"source.queue_frames={_BIG}", "source.queue_frames=1e400", "source={fps: [}", "source=[]",
    "source.fps.x=1", ".=1", "..=1", "=1", "source.=1", ".source=1", "source..fps=1", "a b=1",
    "faces.max_faces=100000", "faces.aligned_size_px=1000000", "faces.aligned_size_px=-128",
    "faces.restart_s=20", "faces.mesh_interval_s=.nan", "faces.min_detection=2", "faces=null",
    "spotter.sensitivity=0", "spotter.sensitivity=1e-300", "spotter.sensitivity=.inf",
    "spotter.baseline_s=1e300", "spotter={? [a] : 1}", "spotter.sensitivity=[1]",
    "recognizer.motion=none", "recognizer.threads=100000", "recognizer={}", "recognise=maybe",
    "recognise=1", "kinds=[]", "kinds=micro", "kinds=[micro, micro]", "kinds=[macro, 3]",
    "kinds={a: 1}", "model=[a]", "model=", "model=null", "model=2020-13-45",
    "spotter_model=" + "x" * 5000, "model=" + "[" * 3000, "model=!!python/name:os.system ''",
    "model=&a [*a]", "model=\x1b[2J", "x=\u202egnp", "model=\udcff",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SettingsCase:
    """One call; codes: the exit codes that are right."""

    name: str
    arguments: tuple[str, ...]
    codes: frozenset[int]


def check_settings(count: int, seed: int, folder: Path, processes: int = 2) -> PartResult:
    """The fixed cases, then seeded ones up to `count`."""
    cases = list(islice(chain(fixed_cases(folder), seeded_cases(seed, folder)), count))
    with fork_pool(processes) as pool, ThreadPoolExecutor(processes) as threads:
        outcomes = tuple(threads.map(lambda case: _check(pool, case, folder), cases))
    return PartResult("yaml", outcomes, {"exit_codes": count_by(outcomes, "code")})


def fixed_cases(folder: Path) -> Iterator[SettingsCase]:
    """The listed files and values, and things that are no files of text."""
    for number, (name, content, codes) in enumerate(_FILES):
        path = folder / f"odd-{number}.yaml"
        path.write_bytes(content)
        yield SettingsCase(name, ("--config", str(path)), codes)
    for pair in _VALUES:
        yield SettingsCase(f"--set {pair[:60]!r}", ("--set", pair), ANY)
    (folder / "fifo.yaml").unlink(missing_ok=True)
    os.mkfifo(folder / "fifo.yaml")
    loop = folder / "loop.yaml"
    loop.unlink(missing_ok=True)
    loop.symlink_to(loop)
    for path in (folder / "fifo.yaml", loop, folder, folder / "none.yaml"):
        yield SettingsCase(f"--config {path.name}", ("--config", str(path)), REFUSED)
    yield SettingsCase("--config /dev/null", ("--config", "/dev/null"), ANY)
    for name in ("/dev/zero", "/proc/self/mem", "/proc/kmsg", "~nobody-here/x.yaml"):
        yield SettingsCase(f"--config {name}", ("--config", name), REFUSED)


def seeded_cases(seed: int, folder: Path) -> Iterator[SettingsCase]:
    """Random text in the alphabet of YAML, as values and as files; without an end."""
    chance = random.Random(seed)
    keys = ("source.fps", "faces", "spotter.sensitivity", "recognizer.map", "model", "kinds", "")
    alphabet = "[]{}:,-?&*!|>'\"%@`#~ \n\t\\0159.eEx<=" + string.ascii_letters[:6] + "\u2028é"
    number = 0
    while True:
        text = "".join(chance.choice(alphabet) for _ in range(chance.randint(1, 40)))
        if number % 2:
            path = folder / f"random-{number}.yaml"
            path.write_text(text, encoding="utf-8")
            yield SettingsCase(f"random file {text!r}", ("--config", str(path)), ANY)
        else:
            pair = f"{chance.choice(keys)}={text}"
            yield SettingsCase(f"--set {pair!r}", ("--set", pair), ANY)
        number += 1


def judge_settings(ended: Ended, case: SettingsCase) -> Outcome:
    """One sentence at most, nothing raw in it, and the right exit code."""
    broken = list(broken_promises(ended, case.codes, MEMORY_MB))
    lines = ended.stderr.decode("utf-8", "replace").rstrip("\n").split("\n")
    if not broken and ended.code == 2 and len(lines) != 1:
        broken.append(f"{len(lines)} lines in place of one sentence: {lines[:3]}")
    if len(ended.stderr) > LONGEST_COMPLAINT and not broken:
        broken.append(f"a complaint of {len(ended.stderr)} characters")
    broken += raw_on_terminal(ended.stderr)
    words = " ".join(ascii(argument)[:120] for argument in case.arguments)
    return Outcome(
        case.name, tuple(broken), f"mer-stream --print-config {words}", {"code": ended.code}
    )


def _check(pool: ForkPool, case: SettingsCase, folder: Path) -> Outcome:
    arguments = ("--print-config", *case.arguments)
    ended = pool.run(Request(arguments, str(folder), timeout_s=20.0, memory_mb=MEMORY_MB))
    return judge_settings(ended, case)
