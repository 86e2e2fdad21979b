"""FunASR: Paraformer for Mandarin and UniASR for Cantonese, the models of the official program.

Gao et al., "Paraformer" (2022). Runs on PyTorch, which the package needs.
"""

from __future__ import annotations

from pathlib import Path

from GPT_SoVITS.dataset.recognition.recogniser import RATE, Heard, Samples, Wanted, find_folder, require_package

MODEL_FILE = "model.pt"
_MANDARIN = "speech_paraformer-large_asr_nat-zh-cn-16k-common-vocab8404-pytorch"
_PAUSES = "speech_fsmn_vad_zh-cn-16k-common-pytorch"
_PUNCTUATION = "punc_ct-transformer_zh-cn-common-vocab272727-pytorch"
_CANTONESE = "speech_UniASR_asr_2pass-cantonese-CHS-16k-common-vocab1468-tensorflow1-online"


class FunAsr:
    """Mandarin with punctuation, or Cantonese.

    Args:
        wanted: ``language`` decides on the model.

    Raises:
        RecogniserError: package or models are not installed.
    """

    def __init__(self, wanted: Wanted) -> None:
        folders = {part: str(folder) for part, folder in self.require(wanted).items()}
        from funasr import AutoModel

        self._language = wanted.language
        self._model = AutoModel(**folders, device="cpu", disable_update=True, disable_pbar=True)

    @staticmethod
    def require(wanted: Wanted) -> dict[str, Path]:
        """Return the folders of the models; raise RecogniserError unless they and the package are there."""
        if wanted.language == "yue":
            models = {"model": find_folder(_CANTONESE, "model.pb", wanted.folder)}
        else:
            parts = {"model": _MANDARIN, "vad_model": _PAUSES, "punc_model": _PUNCTUATION}
            given = {part: wanted.folder / name if wanted.folder else None for part, name in parts.items()}
            models = {part: find_folder(name, MODEL_FILE, given[part]) for part, name in parts.items()}
        require_package("funasr", "funasr", "torch", "torchaudio")
        return models

    def __call__(self, samples: Samples) -> Heard:
        """Samples (N,) at 16 kHz -> what is said."""
        found = self._model.generate(input=samples, fs=RATE)
        return Heard(str(found[0]["text"]) if found else "", self._language)
