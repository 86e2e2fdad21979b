"""A few frames spoken before weights are taken: finite weights may still make what is not finite."""

from __future__ import annotations

import numpy as np

from GPT_SoVITS.cfm.synthesizer import MelSynthesizer
from GPT_SoVITS.inference.frames import encode_phonemes
from GPT_SoVITS.layers.weights import check_results
from GPT_SoVITS.sovits.synthesizer import Synthesizer

_TOKENS, _PHONEMES, _REFERENCE_FRAMES = 2, 4, 32


def check_voice(voice: Synthesizer | MelSynthesizer) -> None:
    """Speak made-up tokens in a made-up voice; some milliseconds where nothing has to be compiled for it.

    Raises:
        NotFiniteResultsError: what comes of it is not finite.
    """
    with np.errstate(all="ignore"):
        _speak(voice)


def _speak(voice: Synthesizer | MelSynthesizer) -> None:
    rng = np.random.default_rng(1)
    config = voice.config
    spectrogram = np.abs(rng.standard_normal((config.reference_bins, _REFERENCE_FRAMES), np.float32))
    speakers = [rng.standard_normal(config.speaker_embedding_dim, np.float32)] if config.is_pro else []
    condition = voice.condition([spectrogram], speakers)
    check_results("conditions of a voice", condition)
    encoded = encode_phonemes(voice, np.arange(1, 1 + _PHONEMES))
    content = voice.content(np.arange(_TOKENS), encoded, condition)
    check_results("content", encoded.encoding, content)
    if isinstance(voice, MelSynthesizer):
        check_results("mel conditions", voice.mel_condition(content, condition, _TOKENS))
        check_results("mel frames", voice.try_step())
        return
    noise = rng.standard_normal((config.inter_channels, content.shape[1]), np.float32)
    latent = voice.latent(content, condition, noise)
    check_results("latent frames", latent.frames)
    check_results("samples", voice.vocoder(latent.frames, condition))
