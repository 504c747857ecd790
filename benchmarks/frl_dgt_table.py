"""The table of bundled recognisers in docs/frl-dgt.md: FRL-DGT beside SelfME and DIS.

    mer-train pairs HELD-OUT PORTRAIT... --output held.npz --count 270 --seed 1000 --variants 1 \
        --jitter-frames 0
    python -m benchmarks.frl_dgt_table held.npz

The portraits are those of `benchmarks.held_out`: nothing was trained or chosen on them. All see the
same pairs. Time is that of the whole answer, motion and network, one thread; the recognisers take
turns within one run, so ratios hold on a busy machine. Writes `demo/figures/frl_dgt.json` and the
section "bundled".
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from benchmarks.held_out import HELD_OUT
from benchmarks.motion_errors import report_errors
from benchmarks.page_section import ROOT, made_on, write_section
from recognition.config import RecognizerConfig
from recognition.loading import load_recognizer
from recognition.recognizer import Recognizer
from streamer.core.records import EMOTIONS
from training.common.files import write_json
from training.common.markdown import short, table
from training.common.metrics import score_recognition
from training.synthetic.pairs import Pairs, read_pairs

DOCS, RESULTS = ROOT / "docs" / "frl-dgt.md", ROOT / "demo" / "figures" / "frl_dgt.json"
# Option of mer-stream -> what it is.
ROWS = {
    "dis": "DIS, 28 x 28 maps, ensemble (default)",
    "farneback": "Farneback, SCViT",
    "selfme": "SelfME: learned motion, SCViT",
    "frl-dgt": "FRL-DGT: generated displacement, transformer fusion",
}
_BASE = "selfme"
_CHUNK = 45


def main() -> None:
    """Measures, writes, prints."""
    options = read_options()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    pairs = read_pairs(options.pairs)
    strangers = sorted(set(pairs.person.tolist()) - set(HELD_OUT))
    if strangers:
        raise SystemExit(f"{strangers[0]} is no held-out portrait: see benchmarks/held_out.py")
    facts = measure(pairs, options.rounds)
    write_json(options.results, facts)
    write_section(options.docs, "bundled", section(facts))
    print(json.dumps(facts, indent=2))


def measure(pairs: Pairs, rounds: int) -> dict[str, Any]:
    """Score, end-point error and time of every bundled recogniser."""
    loaded = {
        name: load_recognizer(None, RecognizerConfig(device="cpu", motion=name))  # type: ignore[arg-type]
        for name in ROWS
    }
    errors = report_errors(pairs, list(ROWS))
    times = time_in_turns(loaded, pairs, rounds)
    rows = {
        name: {**score(recognizer, pairs), "errors": errors[name], **times[name]}
        for name, recognizer in loaded.items()
    }
    return {
        "command": "python -m benchmarks.frl_dgt_table held.npz",
        **made_on(),
        "pairs": len(pairs),
        "people": len(set(pairs.person.tolist())),
        "nothing": errors["nothing"],
        "rows": rows,
    }


def score(recognizer: Recognizer, pairs: Pairs) -> dict[str, Any]:
    """UF1 and UAR."""
    shares = [
        recognizer.recognize_pairs(pairs.onset[i : i + _CHUNK], pairs.apex[i : i + _CHUNK])[0]
        for i in range(0, len(pairs), _CHUNK)
    ]
    three = np.concatenate(shares)[:, : len(EMOTIONS)]  # every pair shows one of these
    found = score_recognition(pairs.emotion, three.argmax(axis=1))
    return {"uf1": round(found.uf1, 4), "uar": round(found.uar, 4)}


def time_in_turns(
    loaded: Mapping[str, Recognizer], pairs: Pairs, rounds: int
) -> dict[str, dict[str, float]]:
    """Median processor milliseconds of one pair, and its median ratio to SelfME's in each round."""
    taken: dict[str, list[float]] = {name: [] for name in loaded}
    for round_ in range(rounds + 1):
        one = slice(round_ % len(pairs), round_ % len(pairs) + 1)
        for name, recognizer in loaded.items():
            started = time.process_time()
            recognizer.recognize_pairs(pairs.onset[one], pairs.apex[one])
            taken[name].append(1e3 * (time.process_time() - started))
    found = {}
    for name, own in taken.items():
        ratios = [a / b for a, b in zip(own[1:], taken[_BASE][1:], strict=True)]
        found[name] = {
            "cpu_ms": round(statistics.median(own[1:]), 1),
            "ratio": round(statistics.median(ratios), 3),
        }
    return found


def section(facts: Mapping[str, Any]) -> str:
    """The table and how it was made."""
    nothing = facts["nothing"]
    rows = [["no motion at all", "", short(nothing["whole_px"]), short(nothing["expression_px"]),
             "", ""]]  # fmt: skip
    for name, row in facts["rows"].items():
        errors = row["errors"]
        rows.append(
            [
                f"`{name}`: {ROWS[name]}",
                f"{short(row['uf1'])}/{short(row['uar'])}",
                short(errors["whole_px"]),
                short(errors["expression_px"]),
                f"{row['cpu_ms']:.0f} ms",
                f"{row['ratio']:.2f}",
            ]
        )
    head = ["`--motion`", "UF1/UAR", "end-point error, whole, px", "of the expression, px"]
    head += ["processor time of a pair", "ratio to SelfME's"]
    return (
        f"Made by `{facts['command']}` on {facts['date']} ({facts['machine']}): {facts['pairs']} "
        f"pairs of {facts['people']} people that nothing was trained on, one thread.\n\n"
        f"{table(head, rows)}"
    )


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pairs", type=Path, help="NPZ of mer-train pairs, held-out portraits")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--docs", type=Path, default=DOCS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
