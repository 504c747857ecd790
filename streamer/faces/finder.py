"""What the tracker needs of a set of face models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from streamer.faces.landmarks import Mesh
from streamer.faces.views import View


@dataclass(slots=True)
class Sighting:
    """What a search saw."""

    meshes: list[Mesh] = field(default_factory=list)  # of faces that were not known
    best: float = 0.0  # the detector's highest score of what was no face after all
    small_px: float | None = None  # width of the largest face that is too small to follow
    turned_deg: float | None = None  # roll of a view in which something looked like a face


class Finder(Protocol):
    """What the tracker needs of a set of face models."""

    @property
    def is_resumable(self) -> bool:
        """Whether all that it remembers is what it is handed: then a run can be taken up again."""
        ...

    def follow(self, image: NDArray[np.uint8], known: Sequence[Mesh]) -> list[Mesh | None]:
        """The meshes of known faces in the next picture; None for one that is not there."""
        ...

    def search(
        self,
        image: NDArray[np.uint8],
        views: Sequence[View],
        known: Sequence[Mesh],
        expected_rad: float,
    ) -> Sighting:
        """Look for faces that are not known; they are expected to have that roll."""
        ...

    def evidence(self, image: NDArray[np.uint8], mesh: Mesh) -> float:
        """How much speaks for a mesh being the right way up, -1..1; 0: nothing is known."""
        ...

    def upended(self, image: NDArray[np.uint8], mesh: Mesh) -> Mesh | None:
        """The mesh of the same face the other way up, if one fits."""
        ...

    def forget(self) -> None:
        """Lose what was followed; of effect only for a finder that is not resumable."""
        ...

    def close(self) -> None:
        """Free what it holds; safe to call twice."""
        ...
