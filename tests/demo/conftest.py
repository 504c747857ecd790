"""A running page with a browser, and two visitors analysed at the same time, for all tests."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from demo.analysis import analyse
from demo.limits import Limits
from demo.results import Finished, load_finished
from demo.settings_view import Choices
from demo.visitors import Visitor, Visitors
from streamer.batch.inputs import sample_path
from streamer.batch.job import Progress
from streamer.outputs.aligned_faces import FaceStrip, read_strip
from streamer.outputs.summary import RunRecord
from tests.demo.browser import Server, browsing, serving
from tests.demo.clips import encode_part

LIMITS = Limits(workers=2, live=2)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A page of its own for each file of tests."""
    with serving(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    with browsing() as running:
        yield running


@dataclass
class Analysed:
    """One visitor with one finished recording."""

    visitor: Visitor
    display_name: str
    source: Path
    told: list[Progress | RunRecord] = field(default_factory=list)
    error: BaseException | None = None

    def run(self) -> None:
        try:
            for message in analyse(self.visitor, self.source, self.display_name, Choices(), LIMITS):
                self.told.append(message)
        except BaseException as error:
            self.error = error
            raise

    @property
    def result(self) -> Finished:
        return load_finished(self.visitor, self.visitor.results[0])


@pytest.fixture
def visitors() -> Iterator[Visitors]:
    made = Visitors(LIMITS)
    yield made
    made.close()


@pytest.fixture
def visitor(visitors: Visitors) -> Visitor:
    return visitors.of("a page")


@pytest.fixture(scope="session")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Analysed, Analysed]]:
    """The bundled sample, and four seconds of it under another name; do not change them."""
    held = Visitors(LIMITS)
    made = []
    for session, name in (("first", "sample.mp4"), ("second", "other clip.mkv")):
        visitor = held.of(session)
        folder = visitor.folder / visitor.new_name("upload")
        folder.mkdir()
        if session == "first":
            shutil.copy(sample_path(), folder / name)
        else:
            encode_part(folder / name, 240, 360)
        made.append(Analysed(visitor, name, folder / name))
    threads = [threading.Thread(target=one.run) for one in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    yield made[0], made[1]
    held.close()


@pytest.fixture(scope="session")
def analysed(both: tuple[Analysed, Analysed]) -> Analysed:
    return both[0]


@pytest.fixture(scope="session")
def strip(analysed: Analysed) -> FaceStrip:
    """The faces of the sample's first event: onset 46, apex 51, offset 57."""
    result = analysed.result
    return read_strip(result.strip(result.events[0]))
