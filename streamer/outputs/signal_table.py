"""The per-frame signals of a finished log as Parquet, block by block."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from streamer.outputs.files import replacing, writing
from streamer.outputs.signals import import_pyarrow

_WHOLE = ("frame", "face_id")
_TEXT = ("gate",)


def signals_to_parquet(log: Path, path: Path) -> None:
    """Turn signals in CSV into Parquet with the same columns; what is empty is null.

    Raises InstallError where pyarrow is missing.
    """
    arrow, parquet = import_pyarrow()
    csv = importlib.import_module("pyarrow.csv")
    with log.open(encoding="utf-8") as stream:
        names = stream.readline().rstrip("\n").split(",")
    types = {name: _type(arrow, name) for name in names}
    options = csv.ConvertOptions(
        column_types=types, null_values=[""], strings_can_be_null=False,
        true_values=["1"], false_values=["0"],
    )  # fmt: skip
    schema = arrow.schema(list(types.items()))
    with replacing(path) as temporary, writing(path):
        blocks = csv.open_csv(str(log), convert_options=options)
        with parquet.ParquetWriter(str(temporary), schema) as writer:
            for block in blocks:
                writer.write_batch(block)


def _type(arrow: Any, name: str) -> Any:
    if name in _WHOLE:
        return arrow.int64()
    if name == "success":
        return arrow.bool_()
    return arrow.string() if name in _TEXT else arrow.float64()
