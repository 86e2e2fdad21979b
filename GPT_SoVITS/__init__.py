"""The voice library: text, features, networks, decoding, training. No HTTP and no database in here.

``from GPT_SoVITS import TTS`` is the shortest way to speech.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from GPT_SoVITS import _environment

if TYPE_CHECKING:
    from GPT_SoVITS.tts import TTS as TTS

__all__ = ["TTS"]

# MindSpore reads these variables while it is imported, so they are set before any module of this package can import it.
_environment.prepare()


def __getattr__(name: str) -> Any:
    """Import the facade when it is first asked for: most modules of this package need nothing of it."""
    if name == "TTS":
        from GPT_SoVITS.tts import TTS

        return TTS
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
