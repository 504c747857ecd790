"""The one list of data sets, and how they are called on the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from streamer.core.errors import SourceNotFoundError, UsageError
from training.common.records import DataSet
from training.datasets.assemble import counts, repaired
from training.datasets.classes import Classes


@dataclass(frozen=True, slots=True)
class _Entry:
    module: str
    about: str
    aliases: tuple[str, ...] = ()


_ENTRIES: Mapping[str, _Entry] = {
    "casme2": _Entry("casme2", "CASME II, 200 fps, 255 clips", ("casme-ii", "casmeii", "casme ii")),
    "samm": _Entry("samm", "SAMM, 200 fps, 159 clips"),
    "smic": _Entry("smic", "SMIC-HS, 100 fps, 164 clips", ("smic-hs",)),
    "casme_sq": _Entry(
        "casme_sq", "CAS(ME)2, long videos, 30 fps", ("cas(me)2", "cas(me)^2", "casme2-long")
    ),
    "samm_lv": _Entry("samm_lv", "SAMM Long Videos, 200 fps", ("samm-lv", "sammlv")),
    "casme3": _Entry("casme3", "CAS(ME)3 part A, 30 fps", ("cas(me)3", "cas(me)^3")),
    "mmew": _Entry("mmew", "MMEW, 90 fps, 300 clips"),
    "megc2019": _Entry("megc2019", "composite of CASME II, SAMM and SMIC-HS, 442 clips"),
    "megc2019-flow": _Entry("flow_maps", "public 28x28 flow maps of the composite", ("flow_maps",)),
    "folder": _Entry("folder", "your own clips: clips.csv beside frames or videos"),
}
DATASETS = tuple(_ENTRIES)
PARTS = ("casme2", "samm", "smic")  # of the composite; their flow maps can be chosen one by one


def load_dataset(name: str, root: Path | str, classes: Classes = "native") -> DataSet:
    """The clips of one data set, or of several with a comma between their names.

    For several, `root` holds a folder for each, called like the data set. A root with flow maps
    gives the maps of the parts that are named, a prepared one its prepared clips.

    Raises:
        UsageError: an unknown name, classes that a data set has not, an empty selection.
        SourceNotFoundError, SourceFormatError: see the loaders; each names file and cure.
    """
    names = [canonical(part) for part in name.split(",") if part.strip()]
    if not names:
        raise UsageError(f"no data set named: choose among {', '.join(DATASETS)}")
    root = Path(root)
    from training.datasets.prepared import is_prepared, load_prepared

    if is_prepared(root):
        return load_prepared(root, names, classes)
    if set(names) <= {*PARTS, "megc2019"}:
        from training.datasets import flow_maps

        if flow_maps.is_flow_folder(root):
            maps = flow_maps.load(root, classes)
            return maps if "megc2019" in names else select(maps, names)
    if len(names) == 1:
        return _loader(names[0])(root, classes)
    return join([_loader(part)(part_folder(root, part), classes) for part in dict.fromkeys(names)])


def canonical(name: str) -> str:
    """The registered name behind any of the names of a data set.

    Raises:
        UsageError: there is none.
    """
    wanted = name.strip().lower()
    for key, entry in _ENTRIES.items():
        if wanted in (key, key.replace("_", "-"), *entry.aliases):
            return key
    raise UsageError(f"data set {name!r} is unknown: choose among {', '.join(DATASETS)}")


def part_folder(root: Path, name: str) -> Path:
    """The folder below `root` that is called like the data set, by any of its names.

    Raises:
        SourceNotFoundError: there is none.
    """
    if not root.is_dir():
        raise SourceNotFoundError(f"{root} is not a folder: give the folder of the data sets")
    names = (name, name.replace("_", "-"), *_ENTRIES[name].aliases)
    for path in sorted(root.iterdir()):
        if path.is_dir() and path.name.lower() in names:
            return path
    raise SourceNotFoundError(
        f"{root} has no folder {name}: for several data sets at once it must hold one folder for "
        "each, called like the data set; move or link them there"
    )


def describe_datasets() -> str:
    """One line per data set."""
    width = max(map(len, DATASETS))
    return "\n".join(f"{name.ljust(width)}  {entry.about}" for name, entry in _ENTRIES.items())


def select(data_set: DataSet, names: list[str]) -> DataSet:
    """Only the clips of the named parts.

    Raises:
        UsageError: a part has no clips.
    """
    there = {clip.dataset for clip in data_set.clips}
    lacking = [name for name in names if name not in there]
    if lacking:
        raise UsageError(
            f"{data_set.name} has no clips of {', '.join(lacking)}, only of "
            f"{', '.join(sorted(there))}: choose among those"
        )
    clips = tuple(clip for clip in data_set.clips if clip.dataset in names)
    return DataSet(",".join(dict.fromkeys(names)), clips, data_set.rejected)


def join(parts: list[DataSet]) -> DataSet:
    """Several data sets as one; ids and groups keep them apart."""
    return DataSet(
        ",".join(part.name for part in parts),
        tuple(clip for part in parts for clip in part.clips),
        tuple(row for part in parts for row in part.rejected),
    )


def _loader(name: str) -> Callable[[Path, Classes], DataSet]:
    module = import_module(f"training.datasets.{_ENTRIES[name].module}")
    loader: Callable[[Path, Classes], DataSet] = module.load
    return loader


_CHOICES: dict[str, Classes] = {"3": 3, "5": 5, "native": "native"}


def check_dataset(name: str, root: Path, classes: str) -> str:
    """Load a data set and say what is there.

    Raises:
        UsageError: an unknown choice of classes; else what the loader raises.
    """
    if classes not in _CHOICES:
        raise UsageError(f"--classes {classes!r}: choose {', '.join(_CHOICES)}")
    return format_report(load_dataset(name, root, _CHOICES[classes]))


def format_report(data_set: DataSet) -> str:
    """Clips per data set and emotion, then every repaired and every rejected row."""
    subjects = len({clip.group for clip in data_set.clips})
    lines = [f"{data_set.name}: {len(data_set.clips)} clips, {subjects} subjects"]
    for dataset, emotions in counts(data_set).items():
        named = ", ".join(f"{count} {emotion}" for emotion, count in emotions.items())
        lines.append(f"  {dataset}: {sum(emotions.values())} ({named})")
    notes = repaired(data_set)
    if notes:
        lines += [f"{len(notes)} clips repaired:", *(f"  {note}" for note in notes)]
    if data_set.rejected:
        lines.append(f"{len(data_set.rejected)} rows not used:")
        lines += [f"  {row.source}: {row.reason}" for row in data_set.rejected]
    return "\n".join(lines)
