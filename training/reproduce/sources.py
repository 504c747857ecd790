"""The data sets of the paper, read from where they lie, and which of them each table needs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from streamer.core.errors import SourceFormatError, SourceNotFoundError, UsageError
from training.common.records import Clip, DataSet
from training.datasets import load_dataset
from training.datasets.arrays import MAP_SUFFIXES
from training.datasets.registry import join

STAND_IN = "folder"  # clips of one's own, in place of every data set of the paper


@dataclass(frozen=True, slots=True)
class Home:
    """Where a data set comes from and what its folder must hold."""

    title: str
    licence: str
    shape: str


HOMES: Mapping[str, Home] = {
    "casme2": Home(
        "CASME II",
        "free for research from the Institute of Psychology of the Chinese Academy of Sciences, "
        "after a licence agreement",
        "CASME2-coding-20140508.xlsx, and CASME2_RAW_selected/sub01/EP02_01f/img46.jpg or "
        "Cropped/sub01/EP02_01f/reg_img46.jpg",
    ),
    "smic": Home(
        "SMIC-HS",
        "free for research from the University of Oulu (CMVS), after a licence agreement",
        "HS_long/SMIC_HS_E/s20/s20_ne_01/image17581039.jpg with its table, or "
        "SMIC_all_cropped/HS/s01/micro/negative/s1_ne_01/*.bmp",
    ),
    "samm": Home(
        "SAMM",
        "free for research from Manchester Metropolitan University, after a licence agreement",
        "SAMM_Micro_FACS_Codes_v2.xlsx, and SAMM/006/006_1_2/006_05562.jpg",
    ),
    STAND_IN: Home(
        "your own clips",
        "render some from portraits with mer-train synthetic-set",
        "clips.csv (subject, clip, path, fps, onset, apex, offset, emotion) beside frames or "
        "videos",
    ),
}


def check_sources(sources: Mapping[str, Path]) -> None:
    """Some data set of the paper, or the stand-in alone.

    Raises:
        UsageError: none, or both kinds.
    """
    if not sources:
        wanted = "; ".join(f"--{name} {home.title}: {home.licence}" for name, home in HOMES.items())
        raise UsageError(f"no data set is given. {wanted}")
    if STAND_IN in sources and len(sources) > 1:
        raise UsageError(
            "--folder stands in for every data set of the paper: give it alone, or leave it out"
        )
    if not set(sources) - {"samm"}:
        raise UsageError(
            "--samm only joins the training of table 2, as in MEGC 2019; SelfME's tables need "
            f"--casme2 ({HOMES['casme2'].licence}) or --smic ({HOMES['smic'].licence})"
        )


def load_sources(sources: Mapping[str, Path]) -> DataSet:
    """The clips of all data sets that have one of the three classes, with their own emotions.

    Raises:
        SourceNotFoundError, SourceFormatError: a folder is not what it must be; names the cure.
        UsageError: flow maps instead of frames.
    """
    check_sources(sources)
    return join([_load(name, root) for name, root in sources.items()])


def data_for(sources: Mapping[str, Path], wanted: str) -> str:
    """The data set that a table of `wanted` runs on; empty: it is not at hand."""
    if STAND_IN in sources:
        return STAND_IN
    return wanted if wanted in sources else ""


def digest_clips(clips: tuple[Clip, ...]) -> str:
    """Changes with every clip, frame number or emotion."""
    rows = sorted(f"{c.id} {c.fps} {c.onset} {c.apex} {c.offset} {c.emotion}" for c in clips)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16]


def _load(name: str, root: Path) -> DataSet:
    home = HOMES[name]
    cure = f"{home.title} must lie there as handed out: {home.shape}. It is {home.licence}"
    if name == STAND_IN:
        cure = f"the folder must hold {home.shape}; {home.licence}"
    if not root.is_dir():
        raise SourceNotFoundError(f"--{name} {root} is not a folder: {cure}")
    try:
        named, classed = load_dataset(name, root), load_dataset(name, root, 3)
    except SourceNotFoundError as error:
        raise SourceNotFoundError(f"--{name}: {error}. {cure}") from error
    except SourceFormatError as error:
        raise SourceFormatError(f"--{name}: {error}. {cure}") from error
    if any(clip.path.suffix.lower() in MAP_SUFFIXES for clip in named.clips):
        raise UsageError(f"--{name} {root} holds maps or a cache; SelfME looks at faces: {cure}")
    kept = {clip.id for clip in classed.clips}
    clips = tuple(clip for clip in named.clips if clip.id in kept)
    return DataSet(name, clips, classed.rejected)
