"""The dividers of mixed text that can be chosen by name."""

from __future__ import annotations

import os

from GPT_SoVITS.text.errors import TextError
from GPT_SoVITS.text.segment import OfficialSegmenter
from GPT_SoVITS.text.stretches import Segmenter

SEGMENTER_VARIABLE = "GPT_SOVITS_SEGMENTER"
SEGMENTERS = ("official", "langsegment")


def segmenter_named(name: str | None = None) -> Segmenter:
    """Return a segmenter.

    Args:
        name: ``official`` or ``langsegment``; when None, what ``GPT_SOVITS_SEGMENTER`` says, else ``official``.

    Raises:
        TextError: there is no such segmenter.
        MissingResourceError: its package is not installed.
    """
    chosen = (name or os.environ.get(SEGMENTER_VARIABLE) or SEGMENTERS[0]).lower()
    if chosen not in SEGMENTERS:
        raise TextError(f"{chosen!r:.40} is no segmenter; choose one of: {', '.join(SEGMENTERS)}")
    if chosen == "langsegment":
        from GPT_SoVITS.text.langsegment import LangSegmentSegmenter

        return LangSegmentSegmenter()
    return OfficialSegmenter()
