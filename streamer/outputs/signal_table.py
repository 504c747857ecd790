"""The per-frame signals of a finished log as Parquet, block by block."""

from __future__ import annotations

import importlib
from pathlib import Path

from streamer.core.errors import SourceFormatError
from streamer.core.files.atomic import replacing
from streamer.core.files.regular import open_regular
from streamer.core.files.writing import writing
from streamer.outputs.signals import column_type, import_pyarrow

_MAX_HEADER = 10_000


def signals_to_parquet(log: Path, path: Path) -> None:
    """Turn signals in CSV into Parquet with the same columns; what is empty is null.

    Raises InstallError where pyarrow is missing, SourceFormatError for a log that holds something
    else.
    """
    arrow, parquet = import_pyarrow()
    csv = importlib.import_module("pyarrow.csv")
    try:
        with open_regular(log, str(log), "give a table of signals") as stream:
            names = stream.readline(_MAX_HEADER).decode().rstrip("\n").split(",")
        types = {name: column_type(arrow, name) for name in names}
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
    except ValueError as error:  # those of Arrow too
        raise SourceFormatError(f"{log} is no table of signals: {error}.") from None
