"""Data sets in the folder format: of empty pictures, and of the bundled recording's movements."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import pytest

from streamer.sources import open_source
from tests.training.datasets.trees import images
from training.reproduce.request import Request, make_recipe
from training.reproduce.sources import load_sources
from training.reproduce.steps import Work, learner_file

HEAD = ("subject", "clip", "path", "fps", "onset", "apex", "offset", "emotion", "dataset")
# The movements of the bundled recording: onset, apex, offset.
MOVES = {"surprise": (46, 51, 53), "negative": (211, 214, 216), "positive": (317, 323, 325)}


def write_table(root: Path, rows: list[tuple[object, ...]]) -> Path:
    with (root / "clips.csv").open("w", newline="") as out:
        csv.writer(out).writerows([HEAD, *rows])
    return root


@pytest.fixture(scope="session")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three people, three clips each of five empty pictures: enough to plan, not to track."""
    root, rows = tmp_path_factory.mktemp("listed"), []
    for person in ("ann", "ben", "cleo"):
        for emotion in MOVES:
            images(root / person / emotion, "img{}.png", range(1, 6))
            rows.append((person, emotion, f"{person}/{emotion}", 30, 1, 3, 5, emotion, "rendered"))
    return write_table(root, rows)


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same face as three people; each shows all three movements."""
    root = tmp_path_factory.mktemp("recorded")
    wanted = {n for on, _, off in MOVES.values() for n in range(on, off + 1)}
    (root / "frames").mkdir()
    source = open_source("sample")
    for frame in source:
        if frame.index in wanted:
            picture = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
            cv2.imwrite(str(root / "frames" / f"img{frame.index}.png"), picture)
        if frame.index > max(wanted):
            break
    source.close()
    rows = [
        (person, emotion, "frames", 30, *move, emotion, "rendered")
        for person in ("ann", "ben", "cleo")
        for emotion, move in MOVES.items()
    ]
    return write_table(root, rows)


def make_work(root: Path, output: Path, **options: object) -> Work:
    request = Request({"folder": root}, output, **options)  # type: ignore[arg-type]
    recipe = make_recipe(request, learner_file(output))
    return Work(request, recipe, load_sources(request.sources))
