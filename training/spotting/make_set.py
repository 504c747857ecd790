"""What `mer-train spot-set` is asked for: a set from portraits, or from real recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from streamer.core.errors import UsageError
from training.common.options import one_of, parse_numbers, parse_words


@dataclass(frozen=True, slots=True)
class FromPortraits:
    """Options of a set of portraits; "" and None are the defaults."""

    portraits: Path | None = None
    names: str = ""
    fps: str = ""
    seconds: str = ""
    contents: str = ""
    size: int | None = None


@dataclass(frozen=True, slots=True)
class FromBases:
    """Options of a set of real recordings; "" and None are the defaults."""

    bases: Path | None = None
    split: str = ""
    people: str = ""
    variants: str = ""
    controls: int | None = None
    meshes: Path | None = None


Request = FromPortraits | FromBases


def choose_source(portraits: FromPortraits, bases: FromBases) -> Request:
    """The one of the two that was asked for.

    Raises:
        UsageError: none or both have a folder, or an option stands there that only the other has.
    """
    if (portraits.portraits is None) == (bases.bases is None):
        raise UsageError("give --portraits DIR or --bases DIR, one of them")
    chosen: Request = portraits if bases.bases is None else bases
    idle: Request = bases if bases.bases is None else portraits
    given = [f.name for f in fields(idle) if getattr(idle, f.name) not in ("", None)]
    if given:
        other = fields(idle)[0].name
        named = ", ".join(f"--{name}" for name in given)
        raise UsageError(f"{named} has no effect without --{other}: leave it out")
    return chosen


def make_set(
    request: Request, output: Path, strengths_iod: Sequence[float], seed: int, jobs: int
) -> int:
    """Make the set; returns how many recordings were made now.

    Raises:
        UsageError, SourceNotFoundError, SourceFormatError: see the two kinds of set.
    """
    if isinstance(request, FromPortraits):
        return _of_portraits(request, output, tuple(strengths_iod), seed, jobs)
    return _of_bases(request, output, tuple(strengths_iod), seed, jobs)


def _of_portraits(
    request: FromPortraits, output: Path, strengths_iod: tuple[float, ...], seed: int, jobs: int
) -> int:
    from training.spotting.synthetic_set import SpotSetConfig, parse_contents, write_set
    from training.synthetic.video import find_portraits

    config = SpotSetConfig(
        fps=parse_numbers("--fps", request.fps or "30,200"),
        seconds=parse_numbers("--seconds", request.seconds or "45,15"),
        strengths_iod=strengths_iod,
        contents=parse_contents(request.contents or "expressions,talking"),
        size_px=request.size or 400,
        seed=seed,
    )
    folder = request.portraits or Path()
    return write_set(find_portraits(folder, parse_words(request.names)), config, output, jobs)


def _of_bases(
    request: FromBases, output: Path, strengths_iod: tuple[float, ...], seed: int, jobs: int
) -> int:
    from training.people.bases import SPLITS, read_bases
    from training.people.events import EventConfig
    from training.people.variants import parse_variants
    from training.spotting.people_set import PeopleSetConfig, write_people_set

    split = one_of("--split", request.split or "all", SPLITS)
    config = PeopleSetConfig(
        EventConfig(strengths_iod=strengths_iod, seed=seed),
        parse_variants(request.variants or "native"),
        2 if request.controls is None else request.controls,
    )
    bases = read_bases(request.bases or Path(), split, parse_words(request.people))
    meshes = request.meshes or output.parent / "meshes"
    return write_people_set(bases, config, output, meshes, jobs)
