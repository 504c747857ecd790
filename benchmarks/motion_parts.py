"""Parts of the measurement of motion that benchmarks take away, to see what each brings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from spotting.motion import mesh_limit, reference, repeats


class Replacement(NamedTuple):
    """A name of a module, and what stands there in its place."""

    module: object
    name: str
    value: object

    @contextmanager
    def made(self) -> Iterator[None]:
        """Replaced inside; as it was afterwards."""
        before = getattr(self.module, self.name)
        setattr(self.module, self.name, self.value)
        try:
            yield
        finally:
            setattr(self.module, self.name, before)


MOTION_PARTS: Mapping[str, Replacement] = {
    # Lids and brows may leave the mesh.
    "flow free": Replacement(mesh_limit, "_LEAST_IOD", np.inf),
    # References live for a second, whatever the head does.
    "long steps": Replacement(reference, "_FAR", np.full(6, np.inf)),
    # Repeated pictures count as samples.
    "repeats measured": Replacement(repeats, "_ALIKE", -1.0),
}
