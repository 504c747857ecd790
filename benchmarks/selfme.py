"""Recognition by motion method: UF1 on people never trained on, with and without SC; JSON lines.

    python benchmarks/selfme.py --train train.npz --test CACHE_OR_NPZ --output runs/selfme \
        --motions dis,farneback,tvl1,selfme --start motion.safetensors

Every motion method gets the same pairs, the same small transformer and the same training, once with
the symmetric contrastive loss (SCViT) and once without (ViT). `similarity` is the mean cosine of
the regional embeddings UL-UR and BL-BR (eq. 13) on the test pairs. What is finished stays.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from recognition.scvit import region_embeddings
from recognition.selfme.network import SelfmeNet
from recognition.selfme.settings import SelfmeConfig
from training.metrics import score_recognition
from training.recognizer import fit_temperature
from training.selfme.classification import SMALL, ClassifierTrainer
from training.selfme.motions import motion_crops
from training.selfme.pair_source import LabelledPairs, hold_out_people, read_source
from training.selfme.recognizer_run import save_weights
from training.selfme.start import start_network


def main() -> None:
    """One JSON line per motion method, transformer and seed."""
    options = read_options()
    torch.set_num_threads(options.threads)
    source = read_source(options.train)
    source = source.take(np.arange(min(options.pairs, len(source))))
    train, tune = hold_out_people(source, 0.14, 0)
    tests = {str(path): read_source(path) for path in options.test}
    for motion in options.motions.split(","):
        rows = [
            (contrast, seed, options.output / f"{motion}-{'sc' if contrast else 'vit'}-{seed}")
            for contrast in (True, False)
            for seed in range(options.seeds)
        ]
        if all((folder / "figures.json").is_file() for *_, folder in rows):
            continue
        crops = crops_of(motion, options.start, train, tune, tests, options.gamma)
        for contrast, seed, folder in rows:
            if not (folder / "figures.json").is_file():
                train_one(motion, contrast, seed, folder, crops, options)
    for path in sorted(options.output.glob("*/figures.json")):
        print(path.read_text(encoding="utf-8").strip())


def crops_of(motion, start, train, tune, tests, gamma):  # type: ignore[no-untyped-def]
    """Name -> (crops, labels): the motion is measured once for all trainings."""
    net = start_network(SelfmeConfig(motion=motion, gamma=gamma), start).eval()
    parts: dict[str, LabelledPairs] = {"train": train, "tune": tune, **tests}
    found = {}
    for name, part in parts.items():
        amplified = 1.0 if name == "train" else gamma
        crops = motion_crops(net, part.pairs, amplified)
        found[name] = crops, torch.from_numpy(part.labels)
    return found


def train_one(motion, contrast, seed, folder, crops, options) -> None:  # type: ignore[no-untyped-def]
    """Trains, scores, writes weights and figures."""
    config = SelfmeConfig(motion=motion, symmetric=contrast, gamma=options.gamma)
    torch.manual_seed(seed)
    net: SelfmeNet = start_network(config, options.start)
    training = replace(SMALL, epochs=options.epochs, gain=options.gain)
    weight = (config.contrast, config.tau)
    trainer = ClassifierTrainer(net.classifier, *crops["train"], training, weight, seed)
    for _ in range(trainer.total_steps):
        trainer.step()
    net.eval()
    figures = {
        "motion": motion,
        "transformer": "SCViT" if contrast else "ViT",
        "seed": seed,
        "pairs": len(crops["train"][1]),
        "epochs": options.epochs,
        "gamma": options.gamma,
    }
    for name, (fields, labels) in crops.items():
        if name != "train":
            figures[Path(name).name] = score(net, fields, labels)
    logits = answers(net, crops["tune"][0])[0]
    folder.mkdir(parents=True, exist_ok=True)
    save_weights(net, folder / "selfme.safetensors", fit_temperature(logits, crops["tune"][1]))
    part = folder / "figures.part"
    part.write_text(json.dumps(figures) + "\n", encoding="utf-8")
    part.replace(folder / "figures.json")


def score(net: SelfmeNet, fields: torch.Tensor, labels: torch.Tensor) -> dict[str, float]:
    """UF1, UAR and the left/right similarity of the regional embeddings."""
    logits, patches = answers(net, fields)
    found = score_recognition(labels.numpy(), logits.argmax(dim=1).numpy())
    regions = functional.normalize(region_embeddings(patches), dim=-1)
    upper = (regions[:, 0] * regions[:, 1]).sum(dim=-1).mean()
    lower = (regions[:, 2] * regions[:, 3]).sum(dim=-1).mean()
    return {
        "n": found.count,
        "uf1": round(found.uf1, 4),
        "uar": round(found.uar, 4),
        "similarity_upper": round(float(upper), 4),
        "similarity_lower": round(float(lower), 4),
    }


def answers(net: SelfmeNet, fields: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits and patch embeddings."""
    with torch.no_grad():
        parts = [net.classifier.classify(part) for part in fields.split(128)]
    return torch.cat([p[0] for p in parts]), torch.cat([p[1] for p in parts])


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, nargs="+", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--motions", default="dis,farneback,tvl1,selfme")
    parser.add_argument("--start", default=None, help="weights of the motion learner")
    parser.add_argument("--pairs", type=int, default=3000)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--gamma", type=float, default=1.0)
    parser.add_argument("--gain", type=float, default=1.6)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
