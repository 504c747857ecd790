"""Trees of the same shape as the licensed data sets, with empty images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from openpyxl import Workbook

Rows = Iterable[Sequence[object]]


def workbook(path: Path, sheets: Mapping[str, Rows]) -> Path:
    """An .xlsx file with the given sheets."""
    path.parent.mkdir(parents=True, exist_ok=True)
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(list(row))
    book.save(path)
    return path


def images(folder: Path, pattern: str, numbers: Iterable[int]) -> Path:
    """Empty images, e.g. pattern "img{}.jpg" or "006_{:05d}.jpg"."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        (folder / pattern.format(number)).touch()
    return folder


CASME2_HEAD = (
    *("Subject", "Filename", None, "OnsetFrame", "ApexFrame", "OffsetFrame", None),
    *("Action Units", "Estimated Emotion"),
)


def casme2_row(
    subject: object,
    name: str,
    onset: object,
    apex: object,
    offset: object,
    emotion: str,
    au: object,
) -> tuple[object, ...]:
    return (subject, name, None, onset, apex, offset, None, au, emotion)


def casme2(
    root: Path, rows: Rows, *, table: str = "CASME2-coding-20140508.xlsx", kind: str = "raw"
) -> Path:
    """A tree of CASME II; every row gets its frames from onset to offset."""
    rows = list(rows)
    workbook(root / table, {"Sheet1": [CASME2_HEAD, *rows], "Sheet2": [], "Sheet3": []})
    top, pattern = (
        ("CASME2_RAW_selected", "img{}.jpg") if kind == "raw" else ("Cropped", "reg_img{}.jpg")
    )
    for row in rows:
        folder = root / top / f"sub{int(str(row[0])):02d}" / str(row[1])
        images(folder, pattern, range(int(str(row[3])), int(str(row[5])) + 1))
    return root


SAMM_HEAD = (
    *("Subject", "Filename", "Inducement Code", "Onset Frame", "Apex Frame", "Offset Frame"),
    *("Duration", "Micro", "Action Units", "Estimated Emotion", "Objective Classes", "Notes"),
)


def samm_row(
    name: str, onset: int, apex: object, offset: int, emotion: str, au: object = "4"
) -> tuple[object, ...]:
    subject = name.split("_")[0]
    return (subject, name, 1, onset, apex, offset, 1, "1/2", au, emotion, 1, None)


def samm(root: Path, rows: Rows, *, header_row: int = 14, digits: int = 5) -> Path:
    """A tree of SAMM; the header stands on row `header_row`."""
    rows = list(rows)
    notes = [[f"note {number}"] for number in range(1, header_row)]
    sheets = {"MICRO_ONLY": [*notes, SAMM_HEAD, *rows], "OTHER": []}
    workbook(root / "SAMM_Micro_FACS_Codes_v2.xlsx", sheets)
    for row in rows:
        subject, name = str(row[0]), str(row[1])
        pattern = f"{subject}_{{:0{digits}d}}.jpg"
        images(root / subject / name, pattern, range(int(str(row[3])), int(str(row[5])) + 1))
    return root


SMIC_HEAD = (
    *("Subject", "Filename", None, "OnsetF", "OffsetF", "Onset2F", "Offset2F", None),
    *("FirstF", "LastF", "TotalMF1", "TotalMF2", "TotalVL", "Emotion"),
)


def smic_row(
    name: str,
    onset: int,
    offset: int,
    emotion: str,
    second: tuple[int, int] | None = None,
    first: object = 1,
) -> tuple[object, ...]:
    subject = int(name.split("_")[0].removeprefix("s"))
    two = second or (None, None)
    return (subject, name, None, onset, offset, *two, None, first, 99, 1, None, 1, emotion)


def smic_raw(root: Path, rows: Rows, suffix: str = "jpg") -> Path:
    """The raw tree of SMIC-HS: frames from onset to the last offset."""
    rows = list(rows)
    top = root / "HS_long" / "SMIC_HS_E"
    workbook(top / "SMIC-HS-E_annotation.xlsx", {"HS": [SMIC_HEAD, *rows], "VIS": []})
    for row in rows:
        subject = f"s{int(str(row[0])):02d}"
        last = int(str(row[6] or row[4]))
        numbers = range(int(str(row[3])), last + 1)
        images(top / subject / str(row[1]), f"image{{:06d}}.{suffix}", numbers)
    return root


def flow_map(path: Path, value: int = 0) -> None:
    """A 28x28 RGB map: R = value, G = 0, B = 255 - value."""
    import cv2
    import numpy as np

    image = np.zeros((28, 28, 3), dtype=np.uint8)
    image[..., 2], image[..., 0] = value, 255 - value
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
