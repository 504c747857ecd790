"""Pictures that are kept as they were decoded, and turned into RGB when somebody looks at them.

Most frames are only looked at in grey, and in a small part; turning all of each of them into RGB
would cost more than following the face. So `Frame` and `AlignedFace` hold either an RGB array or
what can become one, and their `image` is RGB all the same.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Colour:
    """What the numbers of a luma-chroma picture mean (ITU-T H.273)."""

    red: float = 0.299  # weight of red in luma, of BT.601; BT.709: 0.2126
    blue: float = 0.114  # BT.709: 0.0722
    full_range: bool = False  # luma 0..255 and not 16..235


class AsRgb(Protocol):
    """What can become an RGB picture."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(height, width, 3) of the RGB picture."""
        ...

    def rgb(self) -> Array:
        """The picture [H, W, 3]."""
        ...


class Yuv420(ABC):
    """A picture with luma in full and chroma in half resolution, as decoders give it.

    A base class, as whether a frame is one is asked of every frame, which is slow of a Protocol.
    """

    shape: tuple[int, ...]  # (height, width, 3)
    colour: Colour

    @property
    @abstractmethod
    def luma(self) -> Array:
        """[H, W], without a copy."""

    @property
    @abstractmethod
    def chroma(self) -> tuple[Array, Array]:
        """Blue and red difference, [ceil(H/2), ceil(W/2)] each, without a copy."""

    @abstractmethod
    def rgb(self) -> Array:
        """The picture [H, W, 3]."""


Picture: TypeAlias = NDArray[np.uint8] | AsRgb


class RgbOnDemand:
    """The attribute `image` of a record: RGB, also where the record holds something else.

    What it holds lies in the instance's dictionary under the same name, as `held` returns it.
    """

    def __get__(self, record: Any, owner: type | None = None) -> Array:
        if record is None:
            raise AttributeError("image is an attribute of instances")  # so it has no default
        return as_rgb(held(record))

    def __set__(self, record: Any, picture: Picture) -> None:
        vars(record)["image"] = picture


def held(record: Any) -> Picture:
    """What a record holds as its `image`: an RGB array, or what can become one."""
    picture: Picture = vars(record)["image"]
    return picture


def as_rgb(picture: Picture) -> Array:
    """The picture as RGB [H, W, 3]."""
    return picture if isinstance(picture, np.ndarray) else picture.rgb()
