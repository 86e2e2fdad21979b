"""Loss and gradients of the decoder, block by block."""

from __future__ import annotations

from mindspore import Tensor, nn, ops

from GPT_SoVITS.compiled import compile_cell, compile_gradient, to_tensor
from GPT_SoVITS.layers.sums import total
from GPT_SoVITS.t2s.network import Block
from GPT_SoVITS.training.gpt.block import WEIGHTS, Backward, Forward
from GPT_SoVITS.training.gpt.losses import Embedded, GptLoss
from GPT_SoVITS.training.gradients import Scaled
from GPT_SoVITS.training.half import compute_in_half
from GPT_SoVITS.training.parameters import named


class _Masks(nn.Cell):
    """A mask for every head: broadcasting is slow on a CPU."""

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.heads = heads

    def construct(self, mask: Tensor) -> Tensor:
        return ops.tile(mask.expand_dims(1), (1, self.heads, 1, 1))


class _Followed(nn.Cell):
    """The embedding's rows times their gradient, summed: what the blocks' gradients mean for its weights."""

    def __init__(self, embedded: Embedded) -> None:
        super().__init__()
        self.embedded = embedded

    def construct(self, gradient: Tensor, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        value = total(self.embedded(*inputs) * gradient)
        return value, value


class BlockWeights:
    """A block's weights and the factors of its dropouts."""

    def __init__(self, block: Block) -> None:
        parameters = dict(named(block))
        self._parameters = [parameters.pop(name) for name in WEIGHTS]
        if parameters:
            raise ValueError(f"weights of a block that would not be trained: {sorted(parameters)}")
        self._dropouts = [block.drop_weights, block.drop_attention, block.drop_hidden, block.drop_output]

    @property
    def drawn(self) -> bool:
        """Whether its dropouts have a pool."""
        return all(place.active for place in self._dropouts)

    def weights(self) -> list[Tensor]:
        """Return the weights as tensors that share their memory: of a parameter a graph would make copies that stay."""
        return [Tensor(parameter) for parameter in self._parameters]

    def factors(self, rows: Tensor, mask: Tensor, hidden: int) -> list[Tensor]:
        """Return what the dropouts multiply by, of those that are drawn."""
        sizes = (mask.size, rows.size, rows.shape[0] * hidden, rows.size)
        places = zip(self._dropouts, sizes, strict=True)
        return [to_tensor(place.factors(size)) for place, size in places if self.drawn]


class LayeredGradient:
    """The outputs of :class:`GptLoss` and the gradient of each weight, in the order of :func:`named`.

    What is compiled for a bucket of lengths is one block forwards and one backwards, however many there are, and what
    comes before and behind them. This is a :class:`GPT_SoVITS.training.gradients.Run`.

    Args:
        embedded: Holds the decoder. Dropouts that have a pool by now are drawn.
        prefer: Whether batches have rejected sequences.
        half: Whether the loss is scaled, and products are computed in float16.
    """

    def __init__(self, embedded: Embedded, prefer: bool, half: bool) -> None:
        decoder, config = embedded.decoder, embedded.decoder.config
        self._half, self._hidden = half, config.feed_forward_dim
        self._blocks = [BlockWeights(block) for block in decoder.h.layers]
        dropout = self._blocks[0].drawn
        forward, backward, loss = Forward(config, dropout), Backward(config, dropout), GptLoss(decoder, prefer)
        if half:
            for cell in (forward, backward, decoder.bert_proj, decoder.ar_predict_layer):
                compute_in_half(cell)
        parameters = dict(named(decoder))
        self._names = list(parameters)
        self._last = [name for name in parameters if name.startswith("ar_predict_layer.")]
        self._first = [name for name in parameters if name not in self._last and not name.startswith("h.")]
        self._embed, self._masks = compile_cell(embedded), compile_cell(_Masks(config.head))
        self._forward, self._backward = compile_cell(forward), compile_cell(backward)
        scored = Scaled(loss) if half else loss
        self._score = compile_gradient(scored, [parameters[name] for name in self._last], inputs=(int(half),))
        self._follow = compile_gradient(_Followed(embedded), [parameters[name] for name in self._first])

    def __call__(self, *inputs: Tensor) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """Run forwards and backwards.

        Args:
            inputs: With ``half`` the scale of the loss; phonemes, bert, tokens (see :class:`Embedded`), the mask
                (R, X + Y, X + Y) that is added to attention scores, and the other inputs of :class:`GptLoss`.

        Returns:
            The loss's outputs, behind the scaled loss with ``half``, and the gradients.
        """
        scale, inputs = (inputs[:1], inputs[1:]) if self._half else ((), inputs)
        rows, mask, kept = self.forwards(*inputs[:4])
        outputs, (gradient, *last) = self._score(*scale, rows, *inputs[4:])
        found = dict(zip(self._last, last, strict=True))
        gradient = self._backwards(gradient, mask, kept, found)
        found |= dict(zip(self._first, self._follow(gradient, *inputs[:3])[1], strict=True))
        return outputs, tuple(found[name] for name in self._names)

    def forwards(
        self, phonemes: Tensor, bert: Tensor, tokens: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor, list[tuple[Tensor, ...]]]:
        """Return the last block's output, the mask for every head, and of each block what :class:`Backward` needs."""
        rows, mask, kept = self._embed(phonemes, bert, tokens), self._masks(mask), []
        for block in self._blocks:
            output, *others = self._forward(rows, mask, *block.weights(), *block.factors(rows, mask, self._hidden))
            kept.append((rows, *others))
            rows = output
        return rows, mask, kept

    def _backwards(
        self, gradient: Tensor, mask: Tensor, kept: list[tuple[Tensor, ...]], found: dict[str, Tensor]
    ) -> Tensor:
        """Return the gradient of the first block's input; put those of the weights into ``found``, use up ``kept``."""
        for index in reversed(range(len(self._blocks))):
            block, (rows, *others) = self._blocks[index], kept.pop()
            factors = block.factors(rows, mask, self._hidden)
            gradient, *own = self._backward(gradient, rows, mask, *others, *block.weights(), *factors)
            found |= {f"h.layers.{index}.{name}": g for name, g in zip(WEIGHTS, own, strict=True)}
        return gradient
