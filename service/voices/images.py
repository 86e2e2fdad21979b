"""Avatars: whatever a client sends becomes a small PNG or WebP of our own writing, or is refused."""

from __future__ import annotations

import io
import warnings
from typing import BinaryIO

from PIL import Image, ImageOps

from service.errors import ParameterError

MAX_SIDE = 512
MAX_PIXELS = 40_000_000
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "AVIF")


def avatar(content: BinaryIO) -> tuple[bytes, str]:
    """Return an avatar re-encoded, at most 512 px to a side, and its suffix.

    Only the first frame is kept, and nothing of the file but its pixels: no metadata, no trailing bytes.

    Raises:
        ParameterError: it is no PNG, JPEG, WebP, GIF, BMP or AVIF that decodes, or has too many pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(content, formats=_FORMATS) as image:
                return _reencoded(image)
    except ParameterError:
        raise
    except Exception:  # Pillow's decoders raise many kinds; all say that this is no picture we can use
        raise ParameterError("avatar_unreadable") from None


def _reencoded(image: Image.Image) -> tuple[bytes, str]:
    width, height = image.size
    if width * height > MAX_PIXELS or min(width, height) < 1:
        raise ParameterError("avatar_too_large", width=width, height=height, limit=MAX_PIXELS // 1_000_000)
    image.draft("RGB", (MAX_SIDE, MAX_SIDE))  # JPEG: decode no larger than needed
    image.load()
    upright = ImageOps.exif_transpose(image)
    has_alpha = upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info
    pixels = upright.convert("RGBA" if has_alpha else "RGB")
    pixels.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    clean = Image.frombytes(pixels.mode, pixels.size, pixels.tobytes())
    stream = io.BytesIO()
    if image.format in ("JPEG", "WEBP"):
        clean.save(stream, "WEBP", quality=88, method=4)
        return stream.getvalue(), ".webp"
    clean.save(stream, "PNG", optimize=True)
    return stream.getvalue(), ".png"
