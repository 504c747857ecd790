"""Small recordings in every accepted container, damage done to them by a seed, and a judgement.

A mutant may end with a documented error, or come out whole, or come out shorter with
`report.truncated` set. Anything else is a finding: frames missing without a word, or an exception
that is not a `MerError`.

    python -m benchmarks.mutants [--count 3000] [--seed 0] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import numpy as np

from streamer.core.errors import MerError
from streamer.sources import SourceConfig, open_source

FRAMES = 20
RATE = 25
SIZE = (64, 48)  # width, height
# suffix -> encoder, pixel format, name of the container where the suffix does not say it
CODECS: dict[str, tuple[str, str, str | None]] = {
    "mp4": ("libx264", "yuv420p", None),
    "mov": ("mpeg4", "yuv420p", None),
    "3gp": ("mpeg4", "yuv420p", None),
    "mkv": ("libx264", "yuv420p", None),
    "webm": ("libvpx", "yuv420p", None),
    "avi": ("mpeg4", "yuv420p", None),
    "wmv": ("wmv2", "yuv420p", "asf"),
    "flv": ("flv", "yuv420p", None),
    "ts": ("libx264", "yuv420p", None),
    "mpg": ("mpeg2video", "yuv420p", None),
    "ogv": ("libvpx", "yuv420p", "ogg"),
    "gif": ("gif", "bgr8", None),
    "y4m": ("rawvideo", "yuv420p", "yuv4mpegpipe"),
    "mxf": ("mpeg2video", "yuv420p", None),
    "nut": ("ffv1", "yuv420p", None),
    "ivf": ("libvpx", "yuv420p", None),
    "apng": ("apng", "rgb24", None),
    "mjpeg": ("mjpeg", "yuvj420p", None),
    "h264": ("libx264", "yuv420p", None),
    "fragmented.mp4": ("libx264", "yuv420p", None),
}
# Nothing in them says how many pictures there are.
UNDECLARED = frozenset({"mjpeg", "h264", "nut"})
_ONLY_INTRA = {"y4m", "gif", "apng"}

Kind = Literal["whole", "reported", "error", "undeclared", "silent", "defect"]


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What came of reading one mutant. `kind` is `silent` or `defect` for a finding.

    whole: as many frames as the sound file; reported: fewer, and it is reported; error: a
    documented error; undeclared: fewer, of a container that declares nothing; silent: fewer, and
    nothing reports it; defect: an undocumented exception.
    """

    kind: Kind
    frames: int  # decoded
    declared: int  # of the sound file
    exit_code: int  # that the command line would give
    sentence: str

    @property
    def passed(self) -> bool:
        """Whether this is a right outcome."""
        return self.kind not in ("silent", "defect")


def make_clips(folder: Path) -> dict[str, Path]:
    """One clip of FRAMES frames per container; the keys are those of CODECS."""
    return {suffix: _write(folder / f"clip.{suffix}", suffix) for suffix in CODECS}


def _write(path: Path, suffix: str) -> Path:
    codec, pixels, form = CODECS[suffix]
    fragmented = suffix.startswith("fragmented")
    flags = {"movflags": "frag_keyframe+empty_moov"} if fragmented else {}
    with av.open(str(path), "w", format=form, container_options=flags) as container:
        stream = container.add_stream(codec, rate=RATE)
        stream.width, stream.height = SIZE
        stream.pix_fmt = pixels
        if codec == "rawvideo":
            stream.codec_context.time_base = Fraction(1, RATE)
        if suffix not in _ONLY_INTRA:
            stream.codec_context.gop_size = 5
        for image in _pictures():
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            container.mux(stream.encode(frame.reformat(format=pixels)))
        container.mux(stream.encode(None))
    return path


def _pictures() -> Iterator[np.ndarray]:
    """Noise in part of the picture: enough data per frame, and none looks like the one before."""
    random = np.random.default_rng(0)
    for index in range(FRAMES):
        image = np.full((SIZE[1], SIZE[0], 3), (40 + 8 * index) % 256, np.uint8)
        image[8:40, 16:48] = random.integers(0, 255, (32, 32, 3), np.uint8)
        yield image


def mutate(data: bytes, rng: np.random.Generator) -> bytes:
    """`data` with one to three faults: flipped bytes, a cut, a block removed, doubled or zeroed."""
    kinds = ("flip", "flip", "head", "cut", "remove", "double", "zero", "noise", "insert")
    for _ in range(int(rng.integers(1, 4))):
        data = _damage(data, str(rng.choice(kinds)), rng)
    return data


def _damage(data: bytes, kind: str, rng: np.random.Generator) -> bytes:
    if len(data) < 16:
        return data
    start = int(rng.integers(0, len(data)))
    size = int(min(len(data) - start, 2 ** rng.integers(0, 13)))
    end = start + size
    if kind in ("flip", "head"):
        reach = len(data) if kind == "flip" else min(1024, len(data))
        changed = bytearray(data)
        for place in rng.integers(0, reach, int(rng.integers(1, 9))):
            changed[place] ^= int(rng.integers(1, 256))
        return bytes(changed)
    if kind == "cut":
        return data[:start]
    if kind == "remove":
        return data[:start] + data[end:]
    if kind == "double":
        return data[:end] + data[start:]
    if kind == "zero":
        return data[:start] + bytes(size) + data[end:]
    if kind == "noise":
        return data[:start] + rng.bytes(size) + data[end:]
    return data[:start] + rng.bytes(size) + data[start:]


def judge(path: Path, declared: int, config: SourceConfig | None = None) -> Verdict:
    """Read `path` to its end. declared: frames of the sound file it was made from."""
    frames = 0
    try:
        with open_source(str(path), config) as source:
            for _ in source:
                frames += 1
            report = source.report
    except MerError as error:
        return Verdict("error", frames, declared, error.exit_code, str(error))
    except Exception as error:  # noqa: BLE001  whatever it is, it is the finding
        return Verdict("defect", frames, declared, 1, f"{type(error).__name__}: {error}")
    sentence = " ".join(report.errors)
    if report.truncated:
        kind: Kind = "whole" if frames >= declared else "reported"
        return Verdict(kind, frames, declared, 10, sentence)
    return Verdict("silent" if frames < declared else "whole", frames, declared, 0, sentence)


def run(
    folder: Path, count: int, seed: int = 0, clips: dict[str, Path] | None = None
) -> Iterator[tuple[str, Path, Verdict]]:
    """`count` mutants, over all clips in turn: (container, the mutant's file, verdict).

    A file is overwritten by the next mutant but one of its container; copy what you keep.
    """
    clips = clips or make_clips(folder)
    whole = {name: judge(path, FRAMES).frames for name, path in clips.items()}
    names = list(clips)
    for number in range(count):
        name = names[number % len(names)]
        rng = np.random.default_rng((seed, number))
        path = folder / f"mutant.{name}"
        path.write_bytes(mutate(clips[name].read_bytes(), rng))
        verdict = judge(path, whole[name])
        if verdict.kind == "silent" and name in UNDECLARED:
            verdict = dataclasses.replace(verdict, kind="undeclared")
        yield name, path, verdict


def main() -> int:
    """The command line; returns 1 where there was a finding."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="a folder for the mutants that are findings")
    options = parser.parse_args()
    counts: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, path, verdict) in enumerate(
            run(Path(folder), options.count, options.seed)
        ):
            counts.setdefault(name, Counter())[verdict.kind] += 1
            if not verdict.passed:
                print(f"{number} {name}: {verdict}", file=sys.stderr)
                if options.keep:
                    options.keep.mkdir(parents=True, exist_ok=True)
                    (options.keep / f"{number}.{name}").write_bytes(path.read_bytes())
    print(json.dumps(counts, indent=1))
    return int(any(count["silent"] or count["defect"] for count in counts.values()))


if __name__ == "__main__":
    sys.exit(main())
