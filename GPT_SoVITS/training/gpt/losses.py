"""Losses of the text-to-semantic decoder: summed cross entropy, preference for real tokens, top-3 accuracy.

Agrees with ``forward`` and ``forward_old`` of the official ``AR/models/t2s_model.py`` and with ``dpo_loss`` of
``AR/models/utils.py``; what its batches look like is in :mod:`GPT_SoVITS.training.gpt.batch`.
"""

from __future__ import annotations

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from GPT_SoVITS.layers.dropout import Dropout
from GPT_SoVITS.t2s.network import Text2SemanticDecoder

PREFERENCE_SCALE = 0.2
"""The beta of DPO (Rafailov et al., 2023), without a reference model."""
TOP_K = 3
LINEAR = 30.0
"""Above this ``log(1 + e^x)`` is x in float32."""


def softplus(x: Tensor) -> Tensor:
    """Return ``log(1 + e^x)``; MindSpore's own rounds an element otherwise where its threads share work otherwise."""
    return ops.log1p(ops.exp(ops.minimum(x, LINEAR))) + ops.relu(x - LINEAR)


class Embedded(nn.Cell):
    """Texts and tokens of a batch side by side, as the blocks take them.

    There are R token sequences of B texts: R = 2 B where each text has a real and a rejected one, the real ones first.
    """

    def __init__(self, decoder: Text2SemanticDecoder) -> None:
        super().__init__()
        self.decoder = decoder
        self.drop_text, self.drop_tokens = Dropout(), Dropout()
        self.places = ms.Tensor(np.arange(decoder.config.max_positions, dtype=np.int32))

    def construct(self, phonemes: Tensor, bert: Tensor, tokens: Tensor) -> Tensor:
        """Phonemes (B, X) int32, bert (B, X, bert_dim), tokens (R, Y) int32 -> (R * (X + Y), dim)."""
        X, Y = phonemes.shape[1], tokens.shape[1]
        text = self._positioned(self.decoder.ar_text_embedding(phonemes) + self.decoder.bert_proj(bert), True, X)
        if tokens.shape[0] > phonemes.shape[0]:
            text = ops.tile(text, (2, 1, 1))
        audio = self._positioned(self.decoder.ar_audio_embedding(tokens), False, Y)
        rows = ops.cat((self.drop_text(text), self.drop_tokens(audio)), 1)
        return rows.reshape((-1, rows.shape[2]))

    def _positioned(self, x: Tensor, is_text: bool, length: int) -> Tensor:
        """Add sine positions; x (B, length, dim)."""
        position = self.decoder.ar_text_position if is_text else self.decoder.ar_audio_position
        return x + ops.tile(position(self.places[:length]).expand_dims(0), (x.shape[0], 1, 1))


class Logits(nn.Cell):
    """Scores of every token of a batch from what the blocks make of it."""

    def __init__(self, decoder: Text2SemanticDecoder) -> None:
        super().__init__()
        self.predict = decoder.ar_predict_layer
        self.gather = ops.Gather()

    def construct(self, rows: Tensor, last_text: Tensor, shape: tuple[int, int]) -> Tensor:
        """Score.

        Args:
            rows: (R * (X + Y), dim).
            last_text: (1,) int32, the row of a text that predicts the first token.
            shape: R and Y + 1.

        Returns:
            (R, Y + 1, vocab).
        """
        hidden = rows.reshape((shape[0], -1, rows.shape[1]))
        first = self.gather(hidden, last_text, 1)
        return self.predict(ops.cat((first, hidden[:, hidden.shape[1] - shape[1] + 1 :]), 1))


class GptLoss(nn.Cell):
    """The loss of one batch and what is shown of it, from what the blocks make of it.

    Returns the loss, its two parts (cross entropy, preference), the tokens counted by the accuracy and how many of them
    have the right one among their best three; scalars, float32.
    """

    def __init__(self, decoder: Text2SemanticDecoder, prefer: bool) -> None:
        super().__init__()
        self.logits = Logits(decoder)
        self.prefer = prefer
        self.eos, self.vocab = decoder.config.eos, decoder.config.vocab_size

    def construct(
        self, rows: Tensor, last_text: Tensor, targets: Tensor, counted: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Score a batch and sum.

        Args:
            rows: As for :class:`Logits`; R = 2 B with preference.
            last_text: As for :class:`Logits`.
            targets: (R, Y + 1) int32, the tokens one ahead and the end token.
            counted: (R, Y + 1) float32, 1 where the official batch has a target, 0 in the padding of a bucket.
        """
        logits = self.logits(rows, last_text, targets.shape).astype(ms.float32).reshape((-1, self.vocab))
        wanted = ops.gather_elements(ops.log_softmax(logits, -1), 1, targets.reshape((-1, 1)))
        scores = wanted.reshape(counted.shape) * counted
        sums = scores.sum(1)  # (R,), log probability of each sequence
        batch = targets.shape[0] // 2 if self.prefer else targets.shape[0]
        entropy = -sums[:batch].sum()
        preference = ops.zeros_like(entropy)
        if self.prefer:
            margin = (sums[:batch] - sums[batch:]) * PREFERENCE_SCALE
            present = counted[:batch, 0]  # 0 in rows that only fill up a batch
            preference = (softplus(-margin) * present).sum() / present.sum()
        asked, right = self._accuracy(ops.stop_gradient(logits), targets, counted, batch)
        return entropy + preference, entropy, preference, asked, right

    def _accuracy(self, logits: Tensor, targets: Tensor, counted: Tensor, batch: int) -> tuple[Tensor, Tensor]:
        """Count real tokens and those whose target is among the best three; end tokens are ignored."""
        size = batch * targets.shape[1]
        logits, ids = logits[:size], targets[:batch].reshape((-1, 1))
        own = ops.tile(ops.gather_elements(logits, 1, ids), (1, self.vocab))
        better = (logits > own).astype(ms.float32).sum(1)
        asked = counted[:batch].reshape((-1,)) * (ids.reshape((-1,)) != self.eos).astype(ms.float32)
        return asked.sum(), (asked * (better < TOP_K).astype(ms.float32)).sum()
