"""The public 28x28 flow maps of the MEGC 2019 composite, and folders of maps with our `index.csv`.

As published by the HTNet authors (Wang et al. 2024): maps in `datasets/STSNet_whole_norm_u_v_os/`,
named `<sub>_<filename_o> .png` with a space before the dot, and a table
`combined_3_class2_for_optical_flow.csv` (dataset, sub, filename_o, label, ...; labels 0 negative,
1 positive, 2 surprise). SMIC maps there are `s01_s01_ne_01 .png`, while image names in the table
read `s01_s1_ne_01`. The root may be that repository, its folder of maps, a folder with our
`index.csv` (file, dataset, subject, clip, emotion), or the folder of maps beside that index.

Maps carry no frame numbers: onset 0, apex 1, offset 1, and a rate of 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from streamer.core.errors import SourceNotFoundError, UsageError
from streamer.core.records import EMOTIONS
from training.common.records import Clip, DataSet, Rejected
from training.datasets.arrays import MAP_SUFFIXES
from training.datasets.assemble import assemble
from training.datasets.classes import Classes, class_map, spelled
from training.datasets.smic import two_digits
from training.datasets.tables import Row, read_rows

NAME = "megc2019-flow"
PUBLIC_FOLDER = Path("datasets") / "STSNet_whole_norm_u_v_os"
PUBLIC_TABLE = "combined_3_class2_for_optical_flow.csv"
INDEX = "index.csv"
_PUBLIC = {name: (name,) for name in ("dataset", "sub", "filename_o", "label")}
_OURS = {name: (name,) for name in ("file", "dataset", "subject", "clip", "emotion")}
_DIGITS = {"samm": 3}  # subjects are numbers with leading zeros, which spreadsheets drop


def is_flow_folder(root: Path) -> bool:
    """Whether `root` is one of the layouts that this loader reads."""
    return _index(root) is not None or _public(root) is not None


def load(root: Path, classes: Classes = 3) -> DataSet:
    """The maps of `root`; each clip's `path` is its map.

    Raises:
        SourceNotFoundError: none of the layouts is there.
        SourceFormatError: a column is missing, or nothing in it is usable.
        UsageError: five classes.
    """
    if classes == 5:
        raise UsageError("the flow maps have three classes only: choose 3 classes")
    mapping = class_map("megc2019", 3)
    index = _index(root)
    if index is not None:
        rows = read_rows(index, None, _OURS, {})
        return assemble(NAME, (_our_clip(row, index.parent) for row in rows), mapping, root)
    public = _public(root)
    if public is None:
        raise SourceNotFoundError(
            f"{root} holds no flow maps: give the public repository (with {PUBLIC_TABLE} and "
            f"{PUBLIC_FOLDER}), its folder of maps, or a folder with {INDEX}"
        )
    table, maps = public
    return assemble(NAME, _public_clips(table, maps), mapping, root)


def _index(root: Path) -> Path | None:
    """Our index in `root`, or beside it where `root` is the folder of maps."""
    if (root / INDEX).is_file():
        return root / INDEX
    beside = root.parent / INDEX
    return beside if beside.is_file() and _holds_maps(root) else None


def _public(root: Path) -> tuple[Path, Path] | None:
    """Table and folder of maps as published, from the repository or from within it."""
    for base in (root, *list(root.resolve().parents)[:2]):
        table = base / PUBLIC_TABLE
        for maps in (base / PUBLIC_FOLDER, base / PUBLIC_FOLDER.name, root):
            if table.is_file() and _holds_maps(maps):
                return table, maps
    return None


def _holds_maps(folder: Path) -> bool:
    return folder.is_dir() and any(p.suffix.lower() in MAP_SUFFIXES for p in folder.iterdir())


def _our_clip(row: Row, base: Path) -> Clip | Rejected:
    file, emotion = base / row.text("file"), spelled(row.text("emotion"))
    if not file.is_file():
        return Rejected(row.source, f"{file} not found: restore the map or drop the row")
    return _clip(row, file, row.text("dataset"), row.text("subject"), row.text("clip"), emotion)


def _public_clips(table: Path, maps: Path) -> Iterator[Clip | Rejected]:
    files = {_map_name(path): path for path in sorted(maps.iterdir()) if _is_map(path)}
    used: set[str] = set()
    for row in read_rows(table, None, _PUBLIC, {}):
        dataset = row.text("dataset").lower()
        subject = row.text("sub").zfill(_DIGITS.get(dataset, 0))
        name = two_digits(row.text("filename_o"))
        label = row.whole("label")
        stem = f"{subject}_{name}"
        used.add(stem)
        if label is None or not 0 <= label < len(EMOTIONS):
            yield Rejected(
                row.source, f"label {row.text('label')!r} is none of 0, 1, 2: correct it"
            )
        elif stem not in files:
            yield Rejected(
                row.source, f"map '{maps / stem} .png' not found: restore it or drop the row"
            )
        else:
            yield _clip(row, files[stem], dataset, subject, name, EMOTIONS[label])
    for stem in sorted(files.keys() - used):
        yield Rejected(str(files[stem]), f"no row of {table} names this map: add one")


def _map_name(path: Path) -> str:
    """Subject and clip of a map: "s01_s01_ne_01" of "s01_s1_ne_01 .png"."""
    subject, _, name = path.stem.strip().partition("_")
    return f"{subject}_{two_digits(name)}"


def _is_map(path: Path) -> bool:
    return path.suffix.lower() in MAP_SUFFIXES and not path.name.startswith(".")


def _clip(
    row: Row, file: Path, dataset: str, subject: str, name: str, emotion: str
) -> Clip | Rejected:
    if not (dataset and subject and name):
        return Rejected(row.source, "data set, subject or clip is empty: fill the cell")
    return Clip(
        id=f"{dataset}/{subject}/{name}",
        dataset=dataset,
        subject=subject,
        path=file,
        fps=0.0,
        onset=0,
        apex=1,
        offset=1,
        emotion=emotion,
        extra={"source": row.source},
    )
