"""The official data sets as they are handed out, read into clips."""

from training.datasets.assemble import counts, repaired
from training.datasets.classes import Classes, class_names
from training.datasets.frames import FrameFiles, frames_of, read_frames
from training.datasets.registry import DATASETS, join, load_dataset, select

__all__ = [
    "DATASETS",
    "Classes",
    "FrameFiles",
    "class_names",
    "counts",
    "frames_of",
    "join",
    "load_dataset",
    "read_frames",
    "repaired",
    "select",
]
