"""What `mer-train spot-set` is asked for: a set from portraits, or from real recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from streamer.core.errors import UsageError
from training.common.options import one_of, parse_numbers, parse_words


@dataclass(frozen=True, slots=True)
class FromPortraits:
    """Options of a set of portraits; "" and None are the defaults."""

    portraits: Path
    names: str = ""
    fps: str = ""
    seconds: str = ""
    contents: str = ""
    size_px: int | None = None


@dataclass(frozen=True, slots=True)
class FromBases:
    """Options of a set of real recordings; "" and None are the defaults."""

    bases: Path
    split: str = ""
    people: str = ""
    variants: str = ""
    controls: int | None = None
    meshes: Path | None = None


Request = FromPortraits | FromBases


def choose_source(
    portraits: FromPortraits | None,
    bases: FromBases | None,
    of_portraits: Mapping[str, object],
    of_bases: Mapping[str, object],
) -> Request:
    """The one request that was made; the mappings hold the options that only one of them has.

    Raises:
        UsageError: none or both, or an option of the other one.
    """
    request: Request
    if bases is None and portraits is not None:
        request, idle, other = portraits, of_bases, "--bases"
    elif portraits is None and bases is not None:
        request, idle, other = bases, of_portraits, "--portraits"
    else:
        raise UsageError("give --portraits DIR or --bases DIR, one of them")
    given = [name for name, value in idle.items() if value not in ("", None)]
    if given:
        raise UsageError(f"{', '.join(given)} has no effect without {other}: leave it out")
    return request


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
        size_px=request.size_px or 400,
        seed=seed,
    )
    return write_set(
        find_portraits(request.portraits, parse_words(request.names)), config, output, jobs
    )


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
    bases = read_bases(request.bases, split, parse_words(request.people))
    meshes = request.meshes or output.parent / "meshes"
    return write_people_set(bases, config, output, meshes, jobs)
