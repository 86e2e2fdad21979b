"""The same training steps in PyTorch, with the operators that the official program uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812  (PyTorch's own name for it)

from bench import torch_networks as networks
from bench import training_inputs as given
from convert.expected import expected_keys
from GPT_SoVITS.training.sovits.periods import PERIODS
from tests.parity.weights import load_config

Run = Callable[[], list[npt.NDArray[Any]]]
Weights = dict[str, torch.Tensor]


def set_threads(count: int) -> None:
    """Use this many threads."""
    torch.set_num_threads(count)


def _leaves(arrays: Mapping[str, npt.NDArray[Any]]) -> Weights:
    return {name: torch.from_numpy(np.array(array)).requires_grad_() for name, array in arrays.items()}


def _gradients(loss: torch.Tensor, weights: Weights) -> list[torch.Tensor]:
    return list(torch.autograd.grad(loss, list(weights.values())))


def _gpt(fixtures: str, small: bool) -> Run:
    """Loss and gradients of the decoder, without dropout and optimiser."""
    content, arrays = given.decoder(Path(fixtures) / "t2s_v2", small)
    config = content["model"]
    w = _leaves(arrays)
    batch = given.gpt_batch(config["EOS"], w["bert_proj.weight"].shape[1])
    phonemes, tokens, targets = (torch.from_numpy(a).long() for a in (batch.phonemes, batch.tokens, batch.targets))
    bert, mask = torch.from_numpy(batch.bert), torch.from_numpy(batch.mask == 0)[:, None]

    def run() -> list[npt.NDArray[Any]]:
        x = torch.cat([networks.embed_text(w, phonemes, bert), networks.embed_tokens(w, tokens)], 1)
        x = networks.blocks(w, config, x, mask)
        logits = F.linear(x[:, phonemes.shape[1] - 1 :], w["ar_predict_layer.weight"])
        loss = F.cross_entropy(logits.permute(0, 2, 1), targets, reduction="sum")
        gradients = _gradients(loss, w)
        return [loss.detach().numpy(), gradients[0].numpy()]

    return run


def _normed(w: Weights, name: str) -> torch.Tensor:
    return torch._weight_norm(w[f"{name}.weight_v"], w[f"{name}.weight_g"], 0)


def _folded(w: Weights) -> Weights:
    """Weights as the generator takes them: pairs folded, within the graph of gradients."""
    names = [key.removesuffix(".weight_v") for key in w if key.endswith(".weight_v")]
    return {f"dec.{k}": v for k, v in w.items()} | {f"dec.{name}.weight": _normed(w, name) for name in names}


def _judge(w: Weights, wave: torch.Tensor) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Judgements and feature maps of all discriminators."""
    judgements, features = [], []
    for index, period in enumerate((0, *PERIODS)):
        name, x = f"discriminators.{index}", wave
        if period:
            x = F.pad(x, (0, -x.shape[2] % period), "reflect")
            x = x.view(x.shape[0], 1, -1, period)
        for layer in range(5 if period else 6):
            x = F.leaky_relu(_conv(w, f"{name}.convs.{layer}", x, layer), 0.1)
            features.append(x)
        x = _conv(w, f"{name}.conv_post", x, -1)
        features.append(x)
        judgements.append(x.flatten(1))
    return judgements, features


def _conv(w: Weights, name: str, x: torch.Tensor, layer: int) -> torch.Tensor:
    weight, bias = _normed(w, name), w[f"{name}.bias"]
    padding = (weight.shape[2] - 1) // 2
    if x.dim() == 4:
        return F.conv2d(x, weight, bias, (3 if 0 <= layer < 4 else 1, 1), (padding, 0))
    strided = 1 <= layer <= 4
    return F.conv1d(x, weight, bias, 4 if strided else 1, padding, groups=x.shape[1] // weight.shape[1])


def _gan(fixtures: str, small: bool) -> Run:
    """Audio, the discriminators' gradients, and the generator's."""
    content = load_config(Path(fixtures) / "s2_v2")
    config = content["model"]
    shapes = expected_keys("sovits", content, training=True)
    own = {key.removeprefix("dec."): shape for key, shape in shapes.items() if key.startswith("dec.")}
    g, d = _leaves(given.weights(own)), _leaves(given.weights(expected_keys("discriminator", content, training=True)))
    arrays = given.slices(config["inter_channels"], config["gin_channels"], small)
    frames, condition, wave = (torch.from_numpy(array) for array in arrays)

    def run() -> list[npt.NDArray[Any]]:
        audio = networks.generator(_folded(g), config, frames, condition)
        real, _ = _judge(d, wave)
        fake, _ = _judge(d, audio.detach())
        judged = sum((((1 - r) ** 2).mean() + (f**2).mean() for r, f in zip(real, fake, strict=True)), torch.zeros(()))
        others = _gradients(judged, d)
        _, heard = _judge(d, wave)
        judgements, generated = _judge(d, audio)
        distance = sum(((r.detach() - f).abs().mean() for r, f in zip(heard, generated, strict=True)), torch.zeros(()))
        fooling = sum((((1 - j) ** 2).mean() for j in judgements), torch.zeros(()))
        loss = fooling + 2 * distance + (audio - wave).abs().mean()
        gradients = _gradients(loss, g)
        first = (others[list(d).index(_FIRST_JUDGED)], gradients[list(g).index(_FIRST_GENERATED)])
        return [tensor.detach().numpy() for tensor in (judged, loss, *first)]

    return run


_FIRST_JUDGED, _FIRST_GENERATED = "discriminators.0.convs.0.bias", "conv_pre.weight"
"""The parameters whose gradients are compared."""
CASES: dict[str, Callable[[str], Run]] = {
    "gpt": partial(_gpt, small=False),
    "gan": partial(_gan, small=False),
    "gpt_small": partial(_gpt, small=True),
    "gan_small": partial(_gan, small=True),
}
