"""How large a picture may be: known from a header, before anything is decoded."""

from __future__ import annotations

from streamer.core.errors import SourceRefusedError

MAX_MEGAPIXELS = 64.0  # 1920 x 1080 has 2, 7680 x 4320 has 33
MAX_SIDE_PX = 32_766  # OpenCV ends the process where a side does not fit into 16 bits


def check_size(width_px: int, height_px: int, max_megapixels: float, name: str) -> None:
    """Raise SourceRefusedError for pictures of more pixels than allowed, or of a longer side."""
    if max(width_px, height_px) > MAX_SIDE_PX:
        raise SourceRefusedError(
            f"{name}: its pictures of {width_px} x {height_px} pixels are longer than "
            f"{MAX_SIDE_PX} on one side. Cut or scale them, or check whether the file is damaged."
        )
    if width_px * height_px > max_megapixels * 1e6:
        raise SourceRefusedError(
            f"{name}: its pictures of {width_px} x {height_px} pixels "
            f"({width_px * height_px / 1e6:.0f} megapixels) are larger than the limit of "
            f"{max_megapixels:g}. Make them smaller, or allow more: --set source.max_megapixels="
            f"{-(-width_px * height_px // 1_000_000)}"
        )


def decoder_limit(max_megapixels: float) -> dict[str, str]:
    """The option that makes FFmpeg's decoders refuse larger pictures.

    A little more than the limit, as decoders count in whole blocks.
    """
    return {"max_pixels": str(min(int(max_megapixels * 1.05e6) + 1_000_000, 2**31 - 1))}
