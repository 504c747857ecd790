"""`mer-train bench`: every row that the data can feed through the benchmark, then one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from streamer.core.errors import SourceFormatError
from training.bench.definition import Bench, BenchRow
from training.bench.table import make_table
from training.common.files import write_json, write_text
from training.loso.config import LosoConfig
from training.loso.registry import MODELS, find_method
from training.loso.run import run_loso
from training.loso.selection import offers

TABLE, FIGURES, PREPARED = "table.md", "bench.json", "prepared"


def run_bench(
    bench: Bench,
    config: LosoConfig,
    chosen: Sequence[str],
    own: Mapping[str, Mapping[str, Any]] | None = None,
) -> str:
    """Runs the rows that lack, and returns the table; it is written anew after every row.

    Args:
        config: where data and output are, and the protocol; its model is set here.
        chosen: methods to run; empty: all that the data can feed.
        own: method -> what its run has in place of `config`'s fields, such as another kind.

    Raises:
        UsageError, SourceNotFoundError, OutputError: see `run_loso`.
    """
    there = offers(config.dataset, config.root)
    found: dict[str, Mapping[str, Any]] = {}
    missing = {row.name: reason for row in bench.rows if (reason := why_not(row, there, chosen))}
    for row in bench.rows:
        if row.name not in missing:
            try:
                found[row.name] = run_loso(_of(config, row.method, (own or {}).get(row.method, {})))
            except SourceFormatError as error:  # one method cannot read this data: the others can
                missing[row.name] = str(error)
        text = make_table(bench, found, missing)
        write_text(config.output / TABLE, text)
        write_json(
            config.output / FIGURES, {"title": bench.title, "rows": found, "missing": missing}
        )
    return make_table(bench, found, missing)


def why_not(row: BenchRow, there: frozenset[str], chosen: Sequence[str]) -> str:
    """Why a row is not run; empty: it is."""
    if not row.method or row.method not in MODELS:
        return "not built here"
    if chosen and row.method not in chosen:
        return "not asked for"
    reads = find_method(row.method).reads
    return "" if reads in there else f"reads {reads}: the data at hand has none"


def _of(config: LosoConfig, method: str, own: Mapping[str, Any]) -> LosoConfig:
    """The run of one method; all share the prepared faces."""
    prepared = config.prepared or config.output / PREPARED
    run = replace(config, model=method, output=config.output / method, prepared=prepared)
    return replace(run, **own)
