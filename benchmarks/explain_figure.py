"""The picture of docs/selfme.md: motion, keypoints, reconstruction, attention with and without SC.

    python -m benchmarks.explain_figure [--portrait FILE] [--output docs/selfme-explained.jpg]
    python -m benchmarks.explain_figure --pairs held.npz

One expression of each class, drawn on the bundled portrait (NASA's public-domain one), explained by
the networks that come with the package. With --pairs nothing is drawn: prints as JSON how much left
and right of the attention differ on those pairs (0: mirrored, 1: on one side only), mean.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

import streamer
from recognition.classifiers.selfme import SelfmeNet
from recognition.explain import Explainers, load_explainers
from recognition.explain.gradcam import asymmetry, field_gradcam
from recognition.explain.selfme import explain, explanation_sheet
from streamer.core.records import EMOTIONS
from training.selfme.pairs import motion_crops
from training.synthetic.pair_face import PairFace
from training.synthetic.pairs import PairRange, Pairs, draw_pairs, read_pairs
from training.synthetic.video import read_portrait

ROOT = Path(__file__).resolve().parents[1]
PORTRAIT = Path(streamer.__file__).parent / "assets" / "known_face.jpg"
_STRENGTH_IOD, _SEED, _DRAWN = (0.03, 0.05), 4, 12


def main() -> None:
    """Draws, explains, writes."""
    options = read_options()
    networks = load_explainers()
    if options.pairs is not None:
        print(json.dumps(mean_asymmetry(networks, read_pairs(options.pairs))))
        return
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


def mean_asymmetry(networks: Explainers, pairs: Pairs) -> dict[str, float]:
    """Of GradCAM, with and without the SC loss."""
    found = {}
    for name in ("with_sc", "without_sc"):
        net: SelfmeNet = getattr(networks, name)
        both = np.stack([pairs.onset, pairs.apex], axis=1)
        crops = motion_crops(net, both, net.config.amplification)
        values = [asymmetry(field_gradcam(net.classifier, crop)) for crop in crops]
        found[name] = round(float(np.mean(values)), 3)
    return {"pairs": len(pairs), **found}


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pairs", type=Path, help="NPZ of mer-train pairs")
    parser.add_argument("--portrait", type=Path, default=PORTRAIT)
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "selfme-explained.jpg")
    return parser.parse_args()


if __name__ == "__main__":
    main()
