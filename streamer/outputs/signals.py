"""Per-frame signals: at least one row for every decoded frame, with or without a face."""

from __future__ import annotations

import csv
import importlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any

from streamer.core.errors import InstallError, SourceFormatError
from streamer.core.files.atomic import replacing
from streamer.core.files.regular import open_regular
from streamer.core.files.writing import open_output, writing
from streamer.core.records import (
    Face,
    FaceMotion,
    Frame,
    FrameResult,
    JsonObject,
    Rejected,
    gates_to_text,
)
from streamer.faces.pose import head_pose
from streamer.outputs.cells import safe_cell
from streamer.outputs.dialects import COMMA, Dialect
from streamer.outputs.held_rows import HeldRows, Reasons

_PYARROW_CURE = 'pip install "mer-stream[batch]"'
_BATCH_ROWS = 5000  # of a Parquet row group
_MAX_HEADER = 10_000  # bytes of the first line of a log
JUDGED_COLUMNS = ("upper_judged", "upper_reason", "lower_judged", "lower_reason")
SIGNALS_SCHEMA = "mer-stream/signals/1"
TEXT_COLUMNS = ("gate", "rejected")
_TEXTS = (*TEXT_COLUMNS, "upper_reason", "lower_reason")
_FACE_COLUMNS = ("success", "confidence", "x", "y", "w", "h", "head_x_px", "head_y_px")
POSE_COLUMNS = ("yaw_deg", "pitch_deg", "roll_deg", "eyes_x_px", "eyes_y_px", "iod_px")
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")


def signal_columns(regions: Sequence[str]) -> list[str]:
    """Column names. `x, y, w, h` in frame pixels, `motion_*` in inter-ocular distances."""
    return [*measured_columns(regions), *JUDGED_COLUMNS]


def measured_columns(regions: Sequence[str]) -> list[str]:
    """Those that are known with the frame itself."""
    moved = [f"motion_{name}" for name in regions]
    measured = ["frame", "time_s", "face_id", *_FACE_COLUMNS, *POSE_COLUMNS, "gaze_x_iod", *moved]
    return [*measured, "blink", "gate", "rejected"]


SignalRow = tuple[Frame, Face | None, FaceMotion | None]


def signal_rows(result: FrameResult) -> list[SignalRow]:
    """A row per face, or one without a face; none where the pictures ended."""
    frame = result.frame
    if frame is None:
        return []
    faces = zip(result.faces, result.motions, strict=True)
    return [(frame, aligned.face, motion) for aligned, motion in faces] or [(frame, None, None)]


def signal_cells(result: FrameResult, regions: Sequence[str]) -> list[list[Any]]:
    """A row per face of `measured_columns`, or one without a face; None is not known."""
    width = len(measured_columns(regions))
    return [_cells(*row, width) for row in signal_rows(result)]


def signal_records(result: FrameResult, regions: Sequence[str]) -> list[JsonObject]:
    """The same as JSON objects, in full digits of what is measured (six after the point)."""
    names = measured_columns(regions)
    return [
        {"schema": SIGNALS_SCHEMA}
        | {n: round(c, 6) if isinstance(c, float) else c for n, c in zip(names, row, strict=True)}
        for row in signal_cells(result, regions)
    ]


class SignalsCsv:
    """Writes the signals as CSV; what is not known is left empty.

    A row is written when it is certain whether its frame could be judged, about 0.15 s later. Given
    a `stream` that is not at its beginning, rows are added there; first those that `held` says.
    """

    def __init__(
        self,
        path: Path,
        regions: Sequence[str],
        *,
        overwrite: bool = False,
        stream: IO[str] | None = None,
        held: Any = (),
        dialect: Dialect = COMMA,
    ) -> None:
        """held: the `state` of an earlier writer. Raises ValueError for anything else."""
        self._path = path
        self._dialect = dialect
        self._held: HeldRows[str] = HeldRows()
        self._held.load(list(held))
        self._blanks = "," * len(regions)
        self._stream = stream or open_output(path, overwrite=overwrite)
        with writing(path):
            if stream is None or stream.tell() == 0:
                self._stream.write(dialect.head(signal_columns(regions)))

    def write(self, result: FrameResult) -> None:
        lines = [(_face_id(row), self._line(*row)) for row in signal_rows(result)]
        self._put(self._held.push(result, lines))

    def close(self) -> None:
        self._put(self._held.end())
        with writing(self._path):
            self._stream.close()

    def state(self) -> list[JsonObject]:
        """The rows that wait, for a checkpoint."""
        return self._held.state()

    def _put(self, rows: Iterable[tuple[str, Reasons]]) -> None:
        with writing(self._path):
            for line, (upper, lower) in rows:
                row = f"{line},{int(not upper)},{upper},{int(not lower)},{lower}\n"
                self._stream.write(row if self._dialect is COMMA else self._translated(row))

    def _translated(self, row: str) -> str:
        """A row in another dialect, with the digits as they are."""
        (cells,) = csv.reader([row])
        point = self._dialect.decimal
        return self._dialect.line(
            cell.replace(".", point) if _NUMBER.fullmatch(cell) else cell for cell in cells
        )

    def _line(self, frame: Frame, face: Face | None, motion: FaceMotion | None) -> str:
        start = f"{frame.index},{frame.time_s:.6f},"
        if face is None or motion is None:
            return f"{start},0,,,,,,,,,,,,,,{self._blanks},,,"
        x0, y0, x1, y1 = face.box_px
        where = f"{face.face_id},1,{face.score:.4f},{x0:.2f},{y0:.2f},{x1 - x0:.2f},{y1 - y0:.2f}"
        moved = ",".join([f"{value:.5f}" for value in _magnitudes(motion.displacement_iod)])
        head = f"{motion.head_px[0]:.3f},{motion.head_px[1]:.3f},{_pose_text(face, motion)}"
        why = f"{_quoted(gates_to_text(motion.gates))},{_quoted(rejections(motion.rejected))}"
        return f"{start}{where},{head},{moved},{motion.blink:.4f},{why}"


class SignalsParquet:
    """Writes the signals as Parquet, in row groups of a few thousand rows."""

    def __init__(self, path: Path, regions: Sequence[str], *, overwrite: bool = False) -> None:
        self._arrow, parquet = import_pyarrow()
        self._path = path
        self._names = signal_columns(regions)
        self._held: HeldRows[list[Any]] = HeldRows()
        self._rows: list[list[Any]] = []
        self._schema = self._arrow.schema([(n, column_type(self._arrow, n)) for n in self._names])
        self._stream = open_output(path, overwrite=overwrite, binary=True)
        with writing(path):
            self._writer = parquet.ParquetWriter(self._stream, self._schema)

    def write(self, result: FrameResult) -> None:
        width = len(self._names) - len(JUDGED_COLUMNS)
        rows = [(_face_id(row), _cells(*row, width)) for row in signal_rows(result)]
        self._take(self._held.push(result, rows))
        if len(self._rows) >= _BATCH_ROWS:
            self._put()

    def close(self) -> None:
        self._take(self._held.end())
        if self._rows:
            self._put()
        with writing(self._path):
            self._writer.close()
            self._stream.close()

    def _take(self, rows: Iterable[tuple[list[Any], Reasons]]) -> None:
        for cells, (upper, lower) in rows:
            self._rows.append([*cells, not upper, upper or None, not lower, lower or None])

    def _put(self) -> None:
        columns = zip(*self._rows, strict=True)
        data = dict(zip(self._names, map(list, columns), strict=True))
        self._rows = []
        with writing(self._path):
            self._writer.write_table(self._arrow.table(data, schema=self._schema))


def signals_to_parquet(log: Path, path: Path) -> None:
    """Turn signals in CSV into Parquet with the same columns; what is empty is null.

    Raises InstallError where pyarrow is missing, SourceFormatError for a log that holds something
    else.
    """
    arrow, parquet = import_pyarrow()
    arrow_csv = importlib.import_module("pyarrow.csv")
    try:
        with open_regular(log, str(log), "give a table of signals") as stream:
            names = stream.readline(_MAX_HEADER).decode().rstrip("\n").split(",")
        types = {name: column_type(arrow, name) for name in names}
        options = arrow_csv.ConvertOptions(
            column_types=types, null_values=[""], strings_can_be_null=True,
            true_values=["1"], false_values=["0"],
        )  # fmt: skip
        schema = arrow.schema(list(types.items()))
        with replacing(path) as temporary, writing(path):
            blocks = arrow_csv.open_csv(str(log), convert_options=options)
            with parquet.ParquetWriter(str(temporary), schema) as writer:
                for block in blocks:
                    writer.write_batch(block)
    except ValueError as error:  # those of Arrow too
        raise SourceFormatError(f"{log} is no table of signals: {error}.") from None


def column_type(arrow: Any, name: str) -> Any:
    """The Parquet type of a column of signals, the same whoever writes the table."""
    if name in ("frame", "face_id"):
        return arrow.int64()
    if name in ("success", "upper_judged", "lower_judged"):
        return arrow.bool_()
    return arrow.string() if name in _TEXTS else arrow.float64()


def import_pyarrow() -> tuple[Any, Any]:
    """`pyarrow` and `pyarrow.parquet`, or InstallError that says how to get them."""
    try:
        return importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise InstallError(
            f"Parquet cannot be written ({error}): {_PYARROW_CURE}, or name a .csv file."
        ) from None


def _face_id(row: SignalRow) -> int | None:
    motion = row[2]
    return None if motion is None else motion.face_id


def _cells(frame: Frame, face: Face | None, motion: FaceMotion | None, width: int) -> list[Any]:
    row: list[Any] = [frame.index, frame.time_s, None, False, *[None] * (width - 4)]
    if face is not None and motion is not None:
        x0, y0, x1, y1 = face.box_px
        row[2:9] = [face.face_id, True, face.score, x0, y0, x1 - x0, y1 - y0]
        row[9:11] = motion.head_px
        row[11:] = [*pose_cells(face), motion.quality.gaze_x_iod]
        row += [*_magnitudes(motion.displacement_iod), motion.blink]
        row += [gates_to_text(motion.gates) or None, rejections(motion.rejected) or None]
    return row


def pose_cells(face: Face) -> list[float | None]:
    """The cells of POSE_COLUMNS."""
    pose = head_pose(face.landmarks_px)
    if pose is None:
        return [None] * len(POSE_COLUMNS)
    return [pose.yaw_deg, pose.pitch_deg, pose.roll_deg, *pose.eyes_px, pose.iod_px]


def _pose_text(face: Face, motion: FaceMotion) -> str:
    cells = ",".join(["" if cell is None else f"{cell:.2f}" for cell in pose_cells(face)])
    return f"{cells},{motion.quality.gaze_x_iod:.4f}"


def rejections(rejected: Sequence[Rejected]) -> str:
    """Movements that were not reported, as in `speech@12.300-12.533; blink@12.700-12.900`."""
    return "; ".join(f"{r.reason}@{r.onset_s:.3f}-{r.offset_s:.3f}" for r in rejected)


def _magnitudes(displacement_iod: Any) -> list[float]:
    """Length of the displacement [R, 2] per region."""
    return [(x * x + y * y) ** 0.5 for x, y in displacement_iod.tolist()]


def _quoted(text: str) -> str:
    text = safe_cell(text)
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\n\r') else text
