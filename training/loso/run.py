"""`mer-train loso`, top to bottom: select, fold, train what is not yet done, score, write."""

from __future__ import annotations

import contextlib
import json
import platform
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml
from tqdm import tqdm

from recognition.fingerprint import digest_settings
from streamer.core.errors import ModelError, OutputError
from streamer.core.files.atomic import remove_leftovers
from streamer.core.settings import load_yaml
from training.common.files import write_text
from training.common.options import pick_device
from training.loso.config import LosoConfig, Recipe, make_recipe, settings_of
from training.loso.engine import make_tasks, train_tasks
from training.loso.folds import Fold, make_folds, missing_classes
from training.loso.registry import make_model, reads_of
from training.loso.report import combine, write_report
from training.loso.run_folder import (
    CONFIG,
    FOLDS,
    SESSIONS,
    Outcome,
    load_outcome,
    save_outcome,
    start_session,
    wall_s,
)
from training.loso.selection import load_selection
from training.models.base import Samples

PREPARED = "prepared"
_PACKAGES = ("mer-stream", "torch", "numpy", "scikit-learn", "onnxruntime", "onnxruntime-gpu")


def run_models(config: LosoConfig, models: Sequence[str]) -> list[dict[str, Any]]:
    """One run per model; several models get a folder each and a table together."""
    if len(models) == 1:
        return [run_loso(replace(config, model=models[0]))]
    shared = replace(config, prepared=config.prepared or config.output / PREPARED)
    runs = [
        run_loso(replace(shared, model=name, output=config.output / _folder(name)))
        for name in models
    ]
    combine(config.output, runs)
    return runs


def _folder(model: str) -> str:
    """A folder's name for a model, its settings file included."""
    return re.sub(r"[^\w.-]+", "_", model)


def run_loso(config: LosoConfig) -> dict[str, Any]:
    """Runs what is missing in the run folder and returns what `results.json` holds.

    Raises:
        UsageError, SourceNotFoundError, SourceFormatError: see the selection and the folds.
        OutputError: the folder holds another run, or cannot be written.
    """
    selection = load_selection(
        config.dataset,
        config.root,
        config.classes,
        reads=reads_of(config.model),
        cache=config.prepared or config.output / PREPARED,
    )
    model = make_model(config.model)
    recipe = make_recipe(config, model, selection.classes, pick_device(config.device))
    folds = make_folds(selection.samples, config.kind)
    seeds = list(range(config.seeds)) if model.seeded else [0]
    settings = settings_of(config, model, recipe, selection)
    digest = digest_settings(settings)
    prepare_folder(config, settings, digest)
    outcomes = _complete(config, selection.samples, folds, seeds, recipe, digest)
    extra = {
        "warnings": list(missing_classes(folds, selection.samples.labels, selection.classes)),
        "folds": len(folds),
        "device": recipe.device,
        "wall_s": wall_s(config.output),
        "training_s": round(sum(outcome.seconds for outcome in outcomes), 2),
    }
    return write_report(config, selection, recipe, outcomes, seeds, extra)


def prepare_folder(config: LosoConfig, settings: Mapping[str, object], digest: str) -> None:
    """Writes config.yaml; refuses a folder that holds a run of other settings.

    Raises:
        OutputError: it does, and `overwrite` is off.
    """
    path = config.output / CONFIG
    if path.is_file() and not config.overwrite:
        found = load_yaml(path).get("digest")
        if found != digest:
            raise OutputError(
                f"{config.output} holds a run with other settings or data: choose another "
                "--output, or --overwrite"
            )
    if config.overwrite:
        for old in (*config.output.glob(f"{FOLDS}/*.json"), *config.output.glob(SESSIONS)):
            old.unlink()
    remove_leftovers(config.output)
    facts = {
        "digest": digest,
        "settings": json.loads(json.dumps(settings)),
        "run": {k: str(v) if isinstance(v, Path) else v for k, v in asdict(config).items()},
        "versions": _versions(),
    }
    write_text(path, yaml.safe_dump(facts, sort_keys=False))


def check_unchanged(model: str, start: Mapping[str, object]) -> None:
    """A run is of one model: the weights that it starts from must not change on the way.

    Raises:
        ModelError: they did.
    """
    if dict(make_model(model).settings()) != start:
        raise ModelError(
            f"the weights that {model} starts from were replaced during the run: start it again, "
            "with another --output or --overwrite"
        )


def _complete(
    config: LosoConfig,
    samples: Samples,
    folds: Sequence[Fold],
    seeds: Sequence[int],
    recipe: Recipe,
    digest: str,
) -> list[Outcome]:
    """Outcomes of all folds and seeds: those in the folder, then those that had to be trained."""
    found = {
        (fold.name, seed): load_outcome(config.output, fold.name, seed, digest)
        for seed in seeds
        for fold in folds
    }
    done = [outcome for outcome in found.values() if outcome is not None]
    todo = [(f, seed) for seed in seeds for f in folds if found[f.name, seed] is None]
    tasks = make_tasks(todo, recipe.stacked, config.engine == "ray" or config.jobs > 1)
    if todo:
        samples = make_model(config.model).represent(samples)
    total, start = len(folds) * len(seeds), dict(make_model(config.model).settings())
    session, kept = start_session(config.output), len(done)
    bar = tqdm(total=total, initial=len(done), desc=config.model, unit="fold", file=sys.stderr)
    with bar:
        for outcomes in train_tasks(config, samples, tasks, recipe):
            check_unchanged(config.model, start)
            for outcome in outcomes:
                save_outcome(config.output, outcome, digest)
            done += outcomes
            session.note(len(done) - kept)
            bar.update(len(outcomes))
    return done


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
