"""The Japanese front end: runs of Japanese text go to Open JTalk, everything between them is a mark."""

from __future__ import annotations

import re

from GPT_SoVITS.text.frontend import Pronunciation
from GPT_SoVITS.text.japanese.engine import Engine, fitting
from GPT_SoVITS.text.japanese.morae import Morae
from GPT_SoVITS.text.japanese.prosody import with_pitch_marks

# Latin, digits, the repetition mark, kana (with "・" and "ー"), Chinese characters, full-width digits and letters,
# half-width kana.
_READ = r"A-Za-z\d\u3005\u3040-\u30ff\u4e00-\u9fff\uff11-\uff19\uff21-\uff3a\uff41-\uff5a\uff66-\uff9d"
_PIECE = re.compile(rf"([{_READ}]+)|[^{_READ}]")
_REPEATED_SIGN = re.compile(r"([!?…,.\-])[!?…,.\-]+")
_MARKS = {"：": ",", "；": ",", "，": ",", "、": ",", "·": ",", "。": ".", "\n": ".", "！": "!", "？": "?"}


class JapaneseFrontEnd:
    """Japanese text to phonemes with pitch marks (``text/japanese.py`` of the official program)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._morae = Morae(engine.labels)

    def normalise(self, text: str) -> str:
        """Return the text with each run of ``! ? … , . -`` reduced to its first sign."""
        return _REPEATED_SIGN.sub(r"\1", text)

    def pronounce(self, norm_text: str) -> Pronunciation:
        """Return phonemes, pitch marks and signs; accent phrase borders (``#``) have no symbol and become UNK."""
        phones: list[str] = []
        for piece in _PIECE.finditer(norm_text.replace("％", "パーセント").lower()):
            run = piece[1]
            if run is None:
                mark = piece[0]
                phones += [] if mark == " " else [_MARKS.get(mark, mark)]
                continue
            for part in fitting(run):
                phones += with_pitch_marks(self._engine.features(part), self._morae)
        return Pronunciation(norm_text, phones, None)
