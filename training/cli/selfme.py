"""The commands of `mer-train` for SelfME and FRL-DGT. Heavy imports happen inside them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from streamer.cli.options import Device
from streamer.core.ranges import Range, Seed
from training.cli.options import (
    ConfigFile,
    EverySeed,
    Names,
    Overwrite,
    Portraits,
    RunFolder,
    SetFolder,
    option,
)
from training.common.options import parse_words, require_training

PairsFile = Annotated[Path, option("An .npz of mer-train pairs, or a cache of mer-train prepare.")]
ValidationFile = Annotated[Path | None, option("As --data; default: some of its people.")]


def register(app: typer.Typer) -> None:
    """Adds the commands to the app."""
    app.command("pairs")(pairs)
    app.command("motion")(motion)
    app.command("synthetic-set")(synthetic_set)
    app.command("recognizer")(recognizer)
    app.command("frl-dgt")(frl_dgt)
    app.command("export")(export)


def synthetic_set(
    portraits: Portraits,
    output: SetFolder,
    names: Names = "",
    clips: Annotated[int, option("Clips of each portrait.", Range(1, 100_000))] = 12,
    fps: Annotated[float, option("Frames per second.", Range(1.0, 1000.0))] = 60.0,
    jittered: Annotated[
        int, option("More rows for each clip, with a wrong onset and apex.", Range(0, 1000))
    ] = 0,
    jitter_frames: Annotated[int, option("Wrong by up to so many.", Range(0, 1000))] = 4,
    seed: Annotated[int, option("Another seed gives other clips.", Seed)] = 0,
) -> None:
    """Render a small data set of micro-expression clips in the folder format from portraits."""
    from training.synthetic.clip_set import ClipSetConfig, write_clip_set
    from training.synthetic.video import find_portraits

    config = ClipSetConfig(
        clips=clips, fps=fps, jittered=jittered, jitter_frames=jitter_frames, seed=seed
    )
    found = find_portraits(portraits, list(parse_words(names)))
    typer.echo(write_clip_set(found, output, config))


def recognizer(
    data: PairsFile,
    output: RunFolder,
    validation: ValidationFile = None,
    config: ConfigFile = None,
    preset: Annotated[str, option("small, or paper (ViT-S/16, faces of 256).")] = "small",
    settings: Annotated[
        list[str] | None, option("A setting: selfme.motion=tvl1.", None, "--set")
    ] = None,
    seed: EverySeed = 0,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Train SelfME's recogniser on onset-apex pairs: curves, checkpoint and weights."""
    from training.common.options import pick_device
    from training.selfme.pairs import read_both
    from training.selfme.recognizer_run import RunPlace, train_recognizer
    from training.selfme.settings import make_run

    run = make_run(preset, config, settings or [])
    train, held_out = read_both(data, validation, seed)
    place = RunPlace(output, pick_device(device), overwrite=overwrite)
    results = train_recognizer(run, train, held_out, seed, place)
    typer.echo(_trained(output, results))


def frl_dgt(
    data: PairsFile,
    output: RunFolder,
    validation: ValidationFile = None,
    config: ConfigFile = None,
    settings: Annotated[
        list[str] | None, option("A setting: training.epochs=20.", None, "--set")
    ] = None,
    seed: EverySeed = 0,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Train FRL-DGT end to end on onset-apex pairs: curves, checkpoint and weights."""
    require_training()
    from training.common.options import pick_device
    from training.frl_dgt.run import train_frl_dgt
    from training.frl_dgt.settings import make_run
    from training.selfme.pairs import read_both
    from training.selfme.recognizer_run import RunPlace

    run = make_run(config, settings or [])
    train, held_out = read_both(data, validation, seed)
    place = RunPlace(output, pick_device(device), overwrite=overwrite)
    typer.echo(_trained(output, train_frl_dgt(run, train, held_out, seed, place)))


def _trained(output: Path, results: dict[str, Any]) -> str:
    score, weights = results["validation"], output / results["weights"]
    return (
        f"{weights}: on {score['count']} pairs of {len(results['validation_people'])} other people "
        f"UF1 {score['uf1']:.3f}, UAR {score['uar']:.3f}; next: mer-train export --weights "
        f"{weights}"
    )


def export(
    weights: Annotated[Path, option("The .safetensors of mer-train recognizer or frl-dgt.")],
    output: Annotated[Path, option("Folder for model and card.")],
    name: Annotated[str, option("Of the model; default: selfme or frl-dgt.")] = "",
    overwrite: Annotated[bool, option("Replace a model that is there.")] = False,
    small: Annotated[
        bool, option("float16; of SelfME without the learner that comes with the package.")
    ] = False,
    onnx: Annotated[bool, option("Write the ONNX file too.")] = True,
) -> None:
    """Export SelfME or FRL-DGT to ONNX, compared with torch, with a card, for mer-stream."""
    from training.frl_dgt.package import is_frl_dgt, package_frl_dgt
    from training.selfme.package import PackageRequest, package_model

    kind, pack = ("frl-dgt", package_frl_dgt) if is_frl_dgt(weights) else ("selfme", package_model)
    typer.echo(pack(PackageRequest(weights, output, name or kind, overwrite, small, onnx)))


def pairs(
    portraits: Annotated[list[Path], typer.Argument(help="Pictures with one frontal face each.")],
    output: Annotated[Path, option("The NPZ file to write.")],
    count: Annotated[int, option("Pairs.", Range(1, 10_000_000))] = 5000,
    seed: EverySeed = 0,
    variants: Annotated[
        int, option("Faces of each portrait: itself, and random changes of it.", Range(1, 10_000))
    ] = 8,
    clean: Annotated[bool, option("No head motion, light, noise, compression.")] = False,
    jitter_frames: Annotated[
        int | None,
        option(
            "Onset and apex are frames at --fps, wrong by up to so many; 0: right.", Range(0, 1000)
        ),
    ] = None,
    fps: Annotated[
        float, option("Frames per second, with --jitter-frames.", Range(1.0, 1000.0))
    ] = 60.0,
    overwrite: Annotated[bool, option("Replace the file.")] = False,
) -> None:
    """Draw synthetic onset-apex pairs of portraits, with their true motion, into one file."""
    from training.synthetic.pairs_run import PairsRun, run_pairs

    request = PairsRun(
        tuple(portraits), output, count, seed, variants, clean, overwrite, jitter_frames, fps
    )
    typer.echo(run_pairs(request))


def motion(
    data: Annotated[
        Path, option("An .npz of mer-train pairs, or a data set's folder (--dataset).")
    ],
    output: RunFolder,
    dataset: Annotated[str, option("Name of the data set in --data, if one.")] = "",
    config: ConfigFile = None,
    preset: Annotated[
        str,
        option(
            "paper; small: self-supervised, from scratch; small-truth: by known motion; "
            "small-painted: continues from that (--start), the generator learns too."
        ),
    ] = "paper",
    start: Annotated[Path | None, option("Weights to continue from.")] = None,
    validation: Annotated[
        Path | None, option("An .npz of pairs whose end-point error is printed.")
    ] = None,
    device: Device = "auto",
    threads: Annotated[int, option("Of the processor; 0: as torch likes.", Range(0, 256))] = 0,
    overwrite: Overwrite = False,
) -> None:
    """Train the motion learner of SelfME: curves, checkpoint and weights in the run folder."""
    require_training()
    from training.selfme.motion_run import MotionRequest, run_motion

    request = MotionRequest(
        data, output, dataset, config, preset, start, validation, device, threads, overwrite
    )
    typer.echo(run_motion(request))
