"""``speech_v3``, ``speech_v4``: whole runs of the official program, where a sampler and a vocoder make the audio.

Recorded by ``tests/official/record_speech.py``, which says what of the program was replaced; the weights are those of
``bench.make_weights`` with all 22 transformer blocks. Sampling is greedy; the sampler's noise is what ``noise_seed``
gives, as ``default_rng(noise_seed).standard_normal((frames, 100), float32)`` for each segment. There are no pauses:
the official program counts theirs at 32 kHz whatever the vocoder's rate, so 0.3 s would be 0.2 s in v4 and 0.4 s in v3.
The reference is float16, with two channels and peaks above 1.
"""

from __future__ import annotations

from tests.parity.checks.speech import run
from tests.parity.implementations import NATIVE, NATIVE_BF16, NATIVE_FP16

__all__ = ["FOLDERS", "IMPLEMENTATIONS", "run"]

FOLDERS = r"speech_v(3|4)"
IMPLEMENTATIONS = (NATIVE, NATIVE_FP16, NATIVE_BF16)
