"""The picture of docs/selfme.md: motion, keypoints, reconstruction, attention with and without SC.

    python benchmarks/explain_figure.py [--portrait FILE] [--output docs/selfme-explained.jpg]

One expression of each class, drawn on the bundled portrait (NASA's public-domain one), explained by
the networks that come with the package.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

import streamer
from recognition.explain import load_explainers
from recognition.explain.selfme import explain, explanation_sheet
from streamer.records import EMOTIONS
from training.synthetic.pair_face import PairFace
from training.synthetic.pairs import PairRange, draw_pairs
from training.synthetic.video import read_portrait

ROOT = Path(__file__).resolve().parents[1]
PORTRAIT = Path(streamer.__file__).parent / "assets" / "known_face.jpg"
_STRENGTH_IOD, _SEED, _DRAWN = (0.03, 0.05), 4, 12


def main() -> None:
    """Draws, explains, writes."""
    options = read_options()
    networks = load_explainers()
    ranges = PairRange(strength_iod=_STRENGTH_IOD, turned_share=0.0)
    pairs = draw_pairs(
        [PairFace(read_portrait(options.portrait, 512), "one")], _DRAWN, _SEED, ranges
    )
    rows = []
    for label in range(len(EMOTIONS)):
        place = int(np.flatnonzero(pairs.emotion == label)[0])
        onset, apex = pairs.onset[place], pairs.apex[place]
        found = explain(networks.with_sc, onset, apex, painted=True)
        rows.append(
            explanation_sheet(onset, apex, found, explain(networks.without_sc, onset, apex))
        )
    sheet = np.concatenate(rows)
    cv2.imwrite(str(options.output), sheet[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, 85))


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--portrait", type=Path, default=PORTRAIT)
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "selfme-explained.jpg")
    return parser.parse_args()


if __name__ == "__main__":
    main()
