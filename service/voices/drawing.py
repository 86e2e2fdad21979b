"""Avatars that are drawn: bars of a sound, in colours and heights that belong to a name."""

from __future__ import annotations

import colorsys
import hashlib
import io

from PIL import Image, ImageDraw

SIDE = 256
BARS = 7
_GAP = 12
_MARGIN = 36


def drawn_avatar(name: str) -> bytes:
    """Return a PNG of :data:`SIDE` pixels to a side; the same name has the same picture."""
    digest = hashlib.sha256(name.encode()).digest()
    hue = digest[0] / 256
    image = Image.new("RGB", (SIDE, SIDE), _colour(hue, 0.32, 0.45))
    draw = ImageDraw.Draw(image)
    width = (SIDE - 2 * _MARGIN - (BARS - 1) * _GAP) / BARS
    for number, value in enumerate(digest[1 : BARS + 1]):
        half = SIDE * (0.08 + 0.28 * value / 255)
        left = _MARGIN + number * (width + _GAP)
        box = (left, SIDE / 2 - half, left + width, SIDE / 2 + half)
        draw.rounded_rectangle(box, radius=width / 2, fill=_colour(hue, 0.85, 0.7))
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _colour(hue: float, lightness: float, saturation: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hls_to_rgb(hue, lightness, saturation)
    return round(255 * red), round(255 * green), round(255 * blue)
