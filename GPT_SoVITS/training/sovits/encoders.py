"""What every synthesizer in training has before its decoder: timbre of a recording, its tokens, and their content.

Agrees with the first lines of ``SynthesizerTrn.forward`` and ``SynthesizerTrnV3.forward`` of the official
``module/models.py``; parameter names are its state-dict keys.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from mindspore import Tensor, nn, ops

from convert.keymap import map_official
from GPT_SoVITS.layers.convolution import Conv1d
from GPT_SoVITS.layers.parameters import load_arrays
from GPT_SoVITS.sovits.attention import over_channels
from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.sovits.quantizer import Quantizer
from GPT_SoVITS.sovits.reference_encoder import ReferenceEncoder
from GPT_SoVITS.sovits.text_encoder import TextEncoder

WITHOUT_GRADIENT = ("ssl_proj.", "quantizer.")
"""Beginnings of the parameters that make tokens: they are frozen, and always compute in float32."""
_AVERAGES = r"quantizer\..*\.(inited|cluster_size|embed_avg)"
"""Running averages of the codebook, which a frozen one does not touch."""


class TrainedEncoders(nn.Cell):
    """``enc_p``, ``ref_enc``, ``ssl_proj`` and ``quantizer`` of a training checkpoint."""

    def __init__(self, config: SovitsConfig) -> None:
        super().__init__()
        self.config = config
        self.enc_p = TextEncoder(config)
        self.ref_enc = ReferenceEncoder(config)
        stride = config.frames_per_code
        self.ssl_proj = Conv1d(config.ssl_dim, config.ssl_dim, stride, stride=stride)
        self.quantizer = Quantizer(config.ssl_dim, config.codebook_size)
        self.bins, self.hidden = config.reference_bins, config.style_hidden

    def load(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Fill the parameters from an official state dict and return what training leaves as it is.

        Raises:
            WeightsError: any key is missing, unexpected or misshapen; nothing has been changed then.
        """
        mapped = map_official("sovits", arrays, training=True).arrays
        counters = {key: array for key, array in mapped.items() if re.fullmatch(_AVERAGES, key)}
        load_arrays(self, {key: array for key, array in mapped.items() if key not in counters})
        return counters

    def timbre(self, spectrogram: Tensor, mask: Tensor, batch_mask: Tensor) -> Tensor:
        """Return the timbre (B, gin, 1) of spectrograms (B, bins, T); masks (B, 1, T).

        The official reference encoder masks only behind its convolutions, so in a batch they see what zeros become in
        the layers before them; ``batch_mask`` ends where the official batch ends.
        """
        frames = self.ref_enc.frames(spectrogram[:, : self.bins], over_channels(batch_mask, self.hidden))
        return self.ref_enc.pool(frames * over_channels(mask, self.hidden), mask)

    def content(self, ssl: Tensor, mask: Tensor, text: Tensor, text_mask: Tensor, timbre: Tensor) -> Tensor:
        """Return the content (B, hidden, T) of HuBERT features (B, ssl_dim, T) and phonemes (B, L).

        Masks are (B, 1, T) and (B, 1, L); timbre is (B, mrte_hidden, 1). No gradient reaches tokens.
        """
        codes = self.quantizer.encode(self.ssl_proj(ssl))
        semantics = self.enc_p.semantics(ops.stop_gradient(self.quantizer.decode(codes)), mask)
        return self.enc_p.fuse(semantics, mask, self.enc_p.phonemes(text, text_mask), text_mask, timbre)
