"""Whisper by faster-whisper (CTranslate2), with the settings of the official program.

Radford et al., "Robust speech recognition via large-scale weak supervision" (2022). Nothing is downloaded.
"""

from __future__ import annotations

import logging
from pathlib import Path

from GPT_SoVITS.dataset.recognition.funasr import FunAsr
from GPT_SoVITS.dataset.recognition.recogniser import (
    MODEL_FOLDERS,
    Heard,
    Recogniser,
    RecogniserError,
    Samples,
    Wanted,
    find_folder,
    require_package,
)

logger = logging.getLogger(__name__)
SIZES = ("large-v3", "medium", "medium.en", "large-v2", "large-v3-turbo")
_ALIASES = {"large": "large-v3"}
_REPOSITORIES = {"large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo"}
_MODEL_FILE = "model.bin"
_BEAM, _SILENCE_MS = 5, 700
_CHINESE = ("zh", "yue")


class Whisper:
    """Any language; Chinese is left to FunASR where that is installed, as officially.

    Args:
        wanted: What is chosen.

    Raises:
        RecogniserError: package or model is not installed.
    """

    def __init__(self, wanted: Wanted) -> None:
        folder = self.require(wanted)
        from faster_whisper import WhisperModel

        # Half precision exists on GPUs only; the processor holds the same weights wider.
        precision = "float32" if wanted.precision == "float16" else wanted.precision
        try:
            self._model = WhisperModel(str(folder), device="cpu", compute_type=precision, local_files_only=True)
        except (RuntimeError, ValueError, OSError) as error:
            raise RecogniserError(f"the model in {folder.name} cannot be used: {error}") from error
        self._language = None if wanted.language == "auto" else wanted.language
        self._chinese: dict[str, Recogniser | None] = {}

    @staticmethod
    def require(wanted: Wanted) -> Path:
        """Return the folder of the model; raise RecogniserError unless it and the package are there."""
        size = _ALIASES.get(wanted.size, wanted.size)
        try:
            folder = find_folder(f"faster-whisper-{size}", _MODEL_FILE, wanted.folder)
        except RecogniserError as error:
            repository = _REPOSITORIES.get(size, f"Systran/faster-whisper-{size}")
            place = f"{MODEL_FOLDERS[0]}/faster-whisper-{size}"
            raise RecogniserError(f"{error}; fetch it with: hf download {repository} --local-dir {place}") from None
        require_package("faster_whisper", "faster-whisper")
        return folder

    def __call__(self, samples: Samples) -> Heard:
        """Samples (N,) at 16 kHz -> what is said."""
        pauses = {"min_silence_duration_ms": _SILENCE_MS}
        segments, info = self._model.transcribe(
            samples, beam_size=_BEAM, vad_filter=True, vad_parameters=pauses, language=self._language
        )
        other = self._for_chinese(info.language) if info.language in _CHINESE else None
        if other is not None and (heard := other(samples)).text:
            return heard
        return Heard("".join(segment.text for segment in segments), str(info.language))

    def _for_chinese(self, language: str) -> Recogniser | None:
        if language not in self._chinese:
            try:
                self._chinese[language] = FunAsr(Wanted("large", language, "float32"))
            except RecogniserError as error:
                logger.warning("Chinese is recognised by Whisper: %s", error)
                self._chinese[language] = None
        return self._chinese[language]
