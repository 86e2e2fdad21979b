"""PocketSphinx: English without any download, and rough. Every text has to be corrected.

Huggins-Daines et al., "PocketSphinx" (2006). Its package holds a model of American English.
"""

from __future__ import annotations

import numpy as np

from GPT_SoVITS.dataset.recognition.recogniser import RATE, Heard, Samples, Wanted, require_package


class Sphinx:
    """English words without capitals and punctuation.

    Args:
        wanted: Nothing of it matters.

    Raises:
        RecogniserError: the package is not installed.
    """

    def __init__(self, wanted: Wanted) -> None:
        self.require(wanted)
        from pocketsphinx import Decoder

        self._language = wanted.language
        self._decoder = Decoder(samprate=RATE, loglevel="FATAL")

    @staticmethod
    def require(wanted: Wanted) -> None:
        """Raise RecogniserError unless the package is there."""
        require_package("pocketsphinx", "pocketsphinx")

    def __call__(self, samples: Samples) -> Heard:
        """Samples (N,) at 16 kHz -> what is said."""
        raw = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
        self._decoder.start_utt()
        # As one whole: its level is then that of this recording, whatever was heard before.
        self._decoder.process_raw(raw, no_search=False, full_utt=True)
        self._decoder.end_utt()
        found = self._decoder.hyp()
        return Heard("" if found is None else str(found.hypstr), self._language)
