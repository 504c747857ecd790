"""What a reader is told where no face was found: the sentences and their cures, in one place."""

from __future__ import annotations

from collections.abc import Mapping

from streamer.core.records import MissingFace, NoFace

# What was measured, as it is shown behind the reason.
_MEASURED: Mapping[NoFace, str] = {
    NoFace.DARK: "mean brightness {:.0f} of 255",
    NoFace.FLAT: "mean brightness {:.0f} of 255",
    NoFace.SMALL: "about {:.0f} px wide",
    NoFace.TURNED: "by about {:.0f} degrees",
    NoFace.BLURRED: "sharpness {:.3f}",
    NoFace.NOTHING: "best confidence {:.2f}",
}
CURES: Mapping[NoFace, str] = {
    NoFace.DARK: "more light on the face",
    NoFace.FLAT: "less light, a shorter exposure or a clean lens",
    NoFace.SMALL: "a camera that is nearer, or more pixels",
    NoFace.TURNED: "--rotate 90, 180 or 270, or a camera held upright",
    NoFace.BLURRED: "a camera that is focused on the face, or a clean lens",
    NoFace.NOTHING: "see whether a face is in the picture, turned to the camera and not covered",
}


def no_face_text(missing: MissingFace) -> str:
    """The reason with what was measured: "too dark (mean brightness 6 of 255)"."""
    if missing.value is None:
        return missing.reason.value
    return f"{missing.reason.value} ({_MEASURED[missing.reason].format(missing.value)})"


def no_face_sentence(missing: MissingFace) -> str:
    """The reason and its cure: "too dark (mean brightness 6 of 255): more light on the face"."""
    return f"{no_face_text(missing)}: {CURES[missing.reason]}"
