"""Training of the motion learner, top to bottom: order, batch, loss (eq. 8), step, checkpoint.

Everything random is drawn from (seed, step), so a training that was killed resumes as if it had not
been; on a processor the result is the same to the last bit.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from recognition.motion.selfme.motion_learner import MotionLearner, MotionOutput
from streamer.core.settings import to_mapping
from training.common.plots import write_curves
from training.selfme.checkpoint import load_checkpoint, save_checkpoint
from training.selfme.motion_config import MotionTraining
from training.selfme.motion_data import MotionBatch, PairSource, augment
from training.selfme.motion_losses import (
    Reconstruction,
    draw_thin_plates,
    equivariance_loss,
    make_reconstruction_loss,
)

CHECKPOINT = "checkpoint.safetensors"
LOSSES = ("loss", "reconstruction", "equivariance", "truth")
Validate = Callable[[MotionLearner], float]


@dataclass(slots=True)
class Run:
    """What a training carries from step to step."""

    config: MotionTraining
    learner: MotionLearner
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler  # idle without mixed precision
    describe: Callable[..., MotionOutput]
    reconstruction: Reconstruction | None
    device: torch.device
    history: list[list[float]]
    step: int = 0


def train_motion(
    config: MotionTraining,
    source: PairSource,
    output: Path,
    start: dict[str, Tensor] | None = None,
    device: str = "cpu",
    validate: Validate | None = None,
) -> MotionLearner:
    """Trains, or resumes where `output` was left, and returns the learner in evaluation mode.

    Args:
        start: weights to begin with; None: random ones of the seed.
        validate: called after every epoch; what it returns stands beside the progress.

    Raises:
        OutputError: `output` holds a training of other settings or data, or cannot be written.
        ModelError: VGG-19 is wanted and not at hand, or the checkpoint is damaged.
    """
    run = _begin(config, source, output, start, torch.device(device))
    per_epoch = steps_per_epoch(config, len(source))
    total = config.epochs * per_epoch
    settings = _settings(config, source)
    with tqdm(total=total, initial=run.step, desc="motion", unit="step", disable=None) as bar:
        while run.step < total:
            run.history.append(_step(run, source, per_epoch))
            run.step += 1
            bar.update()
            bar.set_postfix(loss=f"{run.history[-1][0]:.4f}", refresh=False)
            ends = run.step % per_epoch == 0
            if run.step % config.checkpoint_every == 0 or run.step == total:
                extra = {"history": run.history, "scaler": run.scaler.state_dict()}
                _save(output, run, settings, extra)
            if ends:
                write_curves(output, LOSSES, run.history, per_epoch)
                if validate:
                    error = validate(run.learner.eval())
                    bar.write(f"epoch {run.step // per_epoch}: validation {error:.4f}")
    return run.learner.eval()


def time_steps(
    config: MotionTraining, source: PairSource, device: str, steps: int, output: Path
) -> list[float]:
    """Seconds of each of some steps; nothing is written into `output`, which must be new."""
    run = _begin(config, source, output, None, torch.device(device))
    times_s = []
    for _ in range(steps):
        started = time.perf_counter()
        _step(run, source, steps_per_epoch(config, len(source)))
        if device == "cuda":
            torch.cuda.synchronize()
        times_s.append(time.perf_counter() - started)
        run.step += 1
    return times_s


def steps_per_epoch(config: MotionTraining, count: int) -> int:
    """Steps of the optimiser in one pass over `count` pairs."""
    return max(1, count // (config.batch * config.accumulate))


def learning_rate(config: MotionTraining, step: int, per_epoch: int) -> float:
    """The rate of a step: a tenth from each milestone on, or a cosine down to zero."""
    if config.schedule == "cosine":
        share = step / (config.epochs * per_epoch)
        return config.learning_rate * 0.5 * (1.0 + math.cos(math.pi * share))
    passed = sum(step // per_epoch >= epoch for epoch in config.milestones)
    return config.learning_rate * config.decay**passed


def motion_losses(run: Run, batch: MotionBatch, rng: np.random.Generator) -> list[Tensor]:
    """Weighted reconstruction (eq. 6), equivariance (eq. 7) and, beyond the paper, truth."""
    loss = run.config.loss
    out = run.describe(batch.onset, batch.apex, paint=run.reconstruction is not None)
    parts = [batch.onset.new_zeros(()) for _ in range(3)]
    if run.reconstruction is not None and out.reconstruction is not None:
        parts[0] = loss.perceptual_weight * run.reconstruction(
            out.reconstruction.float(), batch.apex
        )
    if loss.equivariance_weight > 0.0:
        plates = draw_thin_plates(len(batch.onset), loss, rng, batch.onset)
        parts[1] = loss.equivariance_weight * equivariance_loss(
            run.learner.detector, batch.onset, out.onset_keypoints, plates
        )
    if loss.truth_weight > 0.0 and batch.motion is not None and batch.known is not None:
        parts[2] = loss.truth_weight * end_point_error(out.motion, batch.motion, batch.known)
    return parts


def end_point_error(found: Tensor, truth: Tensor, known: Tensor) -> Tensor:
    """Mean distance in pixels of motions [N, 2, S, S] where `known` [N, S, S] is 1."""
    miss = torch.sqrt(((found - truth) ** 2).sum(dim=1) + 1e-6)
    return (miss * known).sum() / known.sum().clamp(min=1.0)


def _step(run: Run, source: PairSource, per_epoch: int) -> list[float]:
    """One step of the optimiser; the four losses."""
    config = run.config
    run.learner.train()
    for group in run.optimizer.param_groups:
        group["lr"] = learning_rate(config, run.step, per_epoch)
    run.optimizer.zero_grad(set_to_none=True)
    sums = np.zeros(len(LOSSES))
    for rows, rng in _batches(config, len(source), run.step, per_epoch):
        batch = _to(augment(source.take(rows, rng), config.augment, rng), run.device)
        with _precision(run):
            parts = motion_losses(run, batch, rng)
        total = torch.stack([part.float() for part in parts]).sum()
        run.scaler.scale(total / config.accumulate).backward()
        values = [float(value.detach()) for value in (total, *parts)]
        sums += np.array(values) / config.accumulate
    if config.clip_norm > 0.0:
        run.scaler.unscale_(run.optimizer)
        torch.nn.utils.clip_grad_norm_(run.learner.parameters(), config.clip_norm)
    run.scaler.step(run.optimizer)
    run.scaler.update()
    return [float(value) for value in sums]


def _batches(
    config: MotionTraining, count: int, step: int, per_epoch: int
) -> Iterator[tuple[np.ndarray, np.random.Generator]]:
    """Rows and randomness of the batches of one step, from (seed, step) alone."""
    epoch, place = divmod(step, per_epoch)
    order = np.random.default_rng([config.seed, 0, epoch]).permutation(count)
    wanted = config.batch * config.accumulate
    rows = np.resize(order, max(count, wanted))[place * wanted : (place + 1) * wanted]
    for part in range(config.accumulate):
        rng = np.random.default_rng([config.seed, 1, step, part])
        yield rows[part * config.batch : (part + 1) * config.batch], rng


def _begin(
    config: MotionTraining,
    source: PairSource,
    output: Path,
    start: dict[str, Tensor] | None,
    device: torch.device,
) -> Run:
    torch.manual_seed(config.seed)
    learner = MotionLearner(config.network)
    if start is not None:
        learner.load_state_dict(start)
    held = load_checkpoint(output / CHECKPOINT, _settings(config, source))
    if held is not None:
        learner.load_state_dict(held.model)
    # Twice as fast on a processor.
    learner.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.Adam(learner.parameters(), lr=config.learning_rate)
    cuda = device.type == "cuda"
    scaler = torch.amp.GradScaler("cuda", enabled=cuda and config.mixed_precision)
    if held is not None:
        optimizer.load_state_dict(dict(held.optimizer))
        scaler.load_state_dict(held.extra["scaler"])
    describe = torch.compile(learner.describe) if cuda and config.compile else learner.describe
    paints = config.loss.perceptual_weight > 0.0
    return Run(
        config,
        learner,
        optimizer,
        scaler,
        describe,
        make_reconstruction_loss(config.loss, device) if paints else None,
        device,
        list(held.extra["history"]) if held else [],
        held.step if held else 0,
    )


def _settings(config: MotionTraining, source: PairSource) -> dict:
    """What the result depends on."""
    settings = to_mapping(config)
    del settings["checkpoint_every"]
    return {**settings, "data": source.digest}


def _save(output: Path, run: Run, settings: dict, extra: dict) -> None:
    save_checkpoint(output / CHECKPOINT, run.step, settings, run.learner, run.optimizer, extra)


def _precision(run: Run) -> torch.autocast | nullcontext:
    if run.scaler.is_enabled():
        return torch.autocast("cuda", dtype=torch.float16)
    return nullcontext()


def _to(batch: MotionBatch, device: torch.device) -> MotionBatch:
    def move(x: Tensor | None) -> Tensor | None:
        return None if x is None else x.to(device, non_blocking=True)

    return MotionBatch(
        batch.onset.to(device), batch.apex.to(device), move(batch.motion), move(batch.known)
    )
