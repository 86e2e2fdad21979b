"""The synthesizer of v3 and v4 as it is trained: content of a recording to the velocity of its mel spectrogram's flow.

The estimator stands here in two parts; its blocks lie between (:mod:`GPT_SoVITS.training.cfm.layered`).

Agrees with ``SynthesizerTrnV3.forward`` and ``CFM.forward`` of the official ``module/models.py``; parameter names are
its state-dict keys. Randomness comes from outside.
"""

from __future__ import annotations

import mindspore as ms
from mindspore import Tensor, nn, ops

from GPT_SoVITS.cfm.cells import PlainNorm, Silu, key_bias, modulated
from GPT_SoVITS.cfm.condition import SLOPE
from GPT_SoVITS.cfm.config import CfmConfig
from GPT_SoVITS.cfm.graphs import EstimatorNetwork, WaveNetEncoder
from GPT_SoVITS.layers.activation import LeakyRelu
from GPT_SoVITS.layers.convolution import Conv1d
from GPT_SoVITS.layers.dropout import Dropout
from GPT_SoVITS.layers.sums import total
from GPT_SoVITS.layers.weight_norm import NormedConv1d
from GPT_SoVITS.sovits.attention import over_channels
from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.training.cfm.lora import is_half
from GPT_SoVITS.training.parameters import named
from GPT_SoVITS.training.sovits.encoders import TrainedEncoders

DROPOUT = 0.1
"""The official rate, in the reference encoder and in every transformer block."""
LEARNT = ("bridge.", "wns1.")
"""Beginnings of the parameters that are trained with LoRA; gradients reach nothing before them."""
DECODER = "cfm."


class _Flow(nn.Cell):
    """Gives the estimator its official place."""

    def __init__(self, config: CfmConfig) -> None:
        super().__init__()
        self.estimator = EstimatorNetwork(config)


class MelNetwork(TrainedEncoders):
    """All parameters of one v3 or v4 training checkpoint."""

    def __init__(self, config: SovitsConfig, cfm: CfmConfig) -> None:
        super().__init__(config)
        self.sizes = cfm
        self.bridge = nn.CellList([Conv1d(cfm.content_channels, cfm.text, 1), LeakyRelu(SLOPE)])
        self.wns1 = WaveNetEncoder(cfm, NormedConv1d)
        self.linear_mel = Conv1d(cfm.text, cfm.mel, 1)
        self.cfm = _Flow(cfm)

    def trained(self, lora: bool) -> list[tuple[str, ms.Parameter]]:
        """Return the parameters that training changes: the pairs of LoRA, or the whole decoder, and the condition's.

        The reference encoder is not among them: the official code cuts its gradient off.
        """
        chosen = is_half if lora else lambda name: name.startswith(DECODER)
        return [(name, p) for name, p in named(self) if name.startswith(LEARNT) or chosen(name)]

    def places_of_dropout(self, rate: float | None = None) -> list[tuple[Dropout, float]]:
        """Return the dropouts in a fixed order, each with its rate: the official one, or the one given."""
        official = DROPOUT if rate is None else rate
        parts = (self.ref_enc, self.cfm)
        return [(cell, official) for part in parts for _, cell in part.cells_and_names() if isinstance(cell, Dropout)]


class Content(nn.Cell):
    """What nothing is learnt from: timbre (B, gin, 1) and content (B, hidden, T) of recordings."""

    def __init__(self, network: MelNetwork) -> None:
        super().__init__()
        self.network = network

    def construct(
        self, ssl: Tensor, spectrogram: Tensor, mask: Tensor, batch_mask: Tensor, text: Tensor, text_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        timbre = self.network.timbre(spectrogram, mask, batch_mask)
        return timbre, self.network.content(ssl, mask, text, text_mask, timbre)


class Condition(nn.Cell):
    """Content (B, hidden, T) in a timbre (B, gin, 1) -> condition (B, F, text) of F mel frames.

    places (T, F): column f has a 1 in the row of the frame that mel frame f stands in; mask (B, F): frames that are.
    """

    def __init__(self, network: MelNetwork) -> None:
        super().__init__()
        self.network, self.width = network, network.sizes.text

    def construct(self, content: Tensor, timbre: Tensor, places: Tensor, mask: Tensor) -> Tensor:
        x = self.network.bridge[1](self.network.bridge[0](content))
        wide = over_channels(mask.expand_dims(1), self.width)
        return self.network.wns1(ops.matmul(x, places), wide, timbre).swapaxes(1, 2)


class Before(nn.Cell):
    """What the estimator's blocks are given, for recordings each at a moment of its own."""

    def __init__(self, network: MelNetwork) -> None:
        super().__init__()
        self.network, sizes = network.cfm.estimator, network.sizes
        self.heads, self.width, self.text = sizes.heads, sizes.width, sizes.text
        self.silu = Silu()

    def construct(
        self,
        condition: Tensor,
        x: Tensor,
        prompt: Tensor,
        time: Tensor,
        step: Tensor,
        exists: Tensor,
        keys: Tensor,
        positions: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Embed.

        Args:
            condition: (B, F, text).
            x: Where the flow is, (B, F, mel).
            prompt: (B, F, mel), zero behind each prompt.
            time: Embedded moments, (B, frequencies).
            step: Embedded lengths of their steps, (B, frequencies).
            exists: Frames of the official batch, (B, F).
            keys: Frames of each recording, (B, F).
            positions: Added to the condition, (B, F, text).

        Returns:
            Rows (B, F, width), the embedded moment (B, width), what is added to scores (B, heads, F, F), and where
            attention gives something (B, F, width).
        """
        text = self.network.text_embed(condition + positions, ops.tile(exists.expand_dims(2), (1, 1, self.text)))
        rows = self.network.input_embed(x, prompt, text, over_channels(exists.expand_dims(1), self.width))
        active = self.silu(self.network.time_embed(time) + self.network.d_embed(step))
        return rows, active, key_bias(keys, self.heads), ops.tile(keys.expand_dims(2), (1, 1, self.width))


class After(nn.Cell):
    """What the blocks make of rows (B, F, width), and the embedded moment (B, width) -> velocity (B, F, mel)."""

    def __init__(self, network: MelNetwork) -> None:
        super().__init__()
        estimator = network.cfm.estimator
        self.norm_out, self.proj_out, self.width = estimator.norm_out, estimator.proj_out, network.sizes.width
        self.norm = PlainNorm(self.width)

    def construct(self, rows: Tensor, active: Tensor) -> Tensor:
        final = self.norm_out(active).expand_dims(1)
        return self.proj_out(modulated(self.norm(rows), final[:, :, : self.width], final[:, :, self.width :]))


class FlowLoss(nn.Cell):
    """Mean square of the velocity's error behind the prompt, averaged within each recording, then over them."""

    def __init__(self, network: MelNetwork) -> None:
        super().__init__()
        self.after = After(network)

    def construct(self, rows: Tensor, active: Tensor, weights: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Return the loss twice: what is differentiated, and what is shown.

        Args:
            rows: As for :class:`After`, with the next one.
            active: (B, width).
            weights: Of every number of a frame in the average, (B, F, mel); sums to 1.
            target: Velocity that is wanted, (B, F, mel).
        """
        error = self.after(rows, active) - target
        loss = total(error * error * weights)
        return loss, loss
