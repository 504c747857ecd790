from pathlib import Path

import cv2
import pytest

from streamer.faces.detector import known_face


@pytest.fixture(scope="session")
def portraits(tmp_path_factory) -> Path:
    """A folder with one portrait."""
    folder = tmp_path_factory.mktemp("portraits")
    cv2.imwrite(str(folder / "someone.png"), cv2.cvtColor(known_face(), cv2.COLOR_RGB2BGR))
    return folder


@pytest.fixture(scope="session")
def small_set(portraits, tmp_path_factory) -> Path:
    """A set of three short recordings at 30 fps; the last one holds no expression."""
    from training.spotting.synthetic_set import SpotSetConfig, write_set
    from training.synthetic.video import find_portraits

    root = tmp_path_factory.mktemp("set")
    config = SpotSetConfig(
        fps=(30.0,),
        seconds=(9.0,),
        strengths_iod=(0.05,),
        contents=("expressions", "talking", "disturbed"),
        size_px=200,
        seed=3,
    )
    assert write_set(find_portraits(portraits), config, root) == 3
    return root
