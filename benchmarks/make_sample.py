"""Makes the bundled recording `streamer/assets/sample.mp4` and its truth.

The face is NASA's portrait of Eileen Collins (public domain), as scikit-image carries it
(`pip install scikit-image`); the expressions, blinks and head motion are synthetic.

    python -m benchmarks.make_sample
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from training.synthetic.render import load_portrait
from training.synthetic.scene import SceneConfig
from training.synthetic.video import write_recording

SCENE = SceneConfig(
    fps=30.0,
    duration_s=14.0,
    strengths_iod=(0.04,),
    head_iod=0.05,
    noise=0.8,
    flicker=0.01,
    size_px=480,
    seed=78,
)


def main() -> None:
    from skimage import data

    face = np.ascontiguousarray(data.astronaut()[0:260, 94:354])
    target = Path(__file__).parents[1] / "streamer" / "assets" / "sample.mp4"
    scene = write_recording(load_portrait(face, SCENE.size_px), SCENE, target, crf=24, tune="")
    for item in scene.injections:
        print(item.emotion, [a.au for a in item.activations], f"apex at {item.apex_s:.2f} s")
    print(f"{target.name}: {target.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
