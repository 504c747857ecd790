"""Frames that were decoded with errors: the last sound picture is shown in their place.

A decoder fills in what it cannot read, and builds the following frames on that until the next
keyframe. Such pictures show movements that nobody made, and a face that was learnt from them is
recognised worse afterwards; so, as in a player, the picture stands still instead.
"""

from __future__ import annotations

import av

# The longest usual distance of keyframes. A stream without any, which mends itself bit by bit
# (intra refresh), is shown again after so many frames.
LONGEST_STILL = 250


class SoundPictures:
    """Follows one decoder, frame by frame."""

    def __init__(self) -> None:
        self._sound: av.VideoFrame | None = None
        self._still = 0  # frames since the damage; 0: none is felt

    def shown(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The frame whose picture is to be shown at the time of this one.

        It is the frame itself where it is sound, where nothing sound came before it, and where the
        pictures have changed their size.
        """
        if frame.is_corrupt:
            self._still = 1
        elif self._still:
            ends = frame.key_frame or self._still >= LONGEST_STILL
            self._still = 0 if ends else self._still + 1
        if not self._still:
            self._sound = frame
        sound = self._sound
        if sound is None or (sound.width, sound.height) != (frame.width, frame.height):
            return frame
        return sound
