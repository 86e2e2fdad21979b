"""The same networks in plain PyTorch functions, for comparison only (PyTorch is an extra of the benchmarks).

Every function takes the weights as a mapping from our parameter names (weight norm folded) to tensors, so that both
sides run on the same numbers. They use PyTorch's fused operators wherever the official program does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  (PyTorch's own name for it)

Weights = Mapping[str, torch.Tensor]


def _linear(w: Weights, name: str, x: torch.Tensor) -> torch.Tensor:
    return F.linear(x, w[f"{name}.weight"], w.get(f"{name}.bias"))


def _conv1d(w: Weights, name: str, x: torch.Tensor, dilation: int = 1) -> torch.Tensor:
    weight = w[f"{name}.weight"]
    padding = (weight.shape[-1] - 1) * dilation // 2
    return F.conv1d(x, weight, w.get(f"{name}.bias"), padding=padding, dilation=dilation)


def generator(w: Weights, config: Mapping[str, Any], z: torch.Tensor, ge: torch.Tensor) -> torch.Tensor:
    """Latents z (1, C, T) and speaker ge (1, gin, 1) to audio (1, 1, N)."""
    x = _conv1d(w, "dec.conv_pre", z) + _conv1d(w, "dec.cond", ge)
    kinds = list(zip(config["resblock_kernel_sizes"], config["resblock_dilation_sizes"], strict=True))
    for i, (rate, kernel) in enumerate(zip(config["upsample_rates"], config["upsample_kernel_sizes"], strict=True)):
        name = f"dec.ups.{i}"
        x = F.leaky_relu(x, 0.1)
        x = F.conv_transpose1d(x, w[f"{name}.weight"], w[f"{name}.bias"], stride=rate, padding=(kernel - rate) // 2)
        total = torch.zeros_like(x)
        for j, (_, dilations) in enumerate(kinds):
            block, y = f"dec.resblocks.{i * len(kinds) + j}", x
            for k, dilation in enumerate(dilations):
                inner = _conv1d(w, f"{block}.convs1.{k}", F.leaky_relu(y, 0.1), dilation)
                y = y + _conv1d(w, f"{block}.convs2.{k}", F.leaky_relu(inner, 0.1))
            total = total + y
        x = total / len(kinds)
    return torch.tanh(_conv1d(w, "dec.conv_post", F.leaky_relu(x)))


def reference_encoder(w: Weights, config: Mapping[str, Any], spec: torch.Tensor) -> torch.Tensor:
    """Spectrogram (1, bins, T) to the speaker vector (1, gin, 1)."""
    heads = 2
    x = F.mish(_linear(w, "ref_enc.spectral.0.fc", spec.transpose(1, 2)))
    x = F.mish(_linear(w, "ref_enc.spectral.3.fc", x)).transpose(1, 2)
    for i in range(2):
        left, right = _conv1d(w, f"ref_enc.temporal.{i}.conv1.conv", x).chunk(2, dim=1)
        x = x + left * torch.sigmoid(right)
    x = x.transpose(1, 2)
    q, k, v = (_heads(_linear(w, f"ref_enc.slf_attn.w_{n}s", x), heads) for n in "qkv")
    attended = F.scaled_dot_product_attention(q, k, v, scale=x.shape[-1] ** -0.5)
    x = _linear(w, "ref_enc.slf_attn.fc", _merge(attended)) + x
    return _linear(w, "ref_enc.fc.fc", x).mean(1).unsqueeze(-1)


def _heads(x: torch.Tensor, heads: int) -> torch.Tensor:
    return x.view(x.shape[0], x.shape[1], heads, -1).transpose(1, 2)


def _merge(x: torch.Tensor) -> torch.Tensor:
    return x.transpose(1, 2).reshape(x.shape[0], x.shape[2], -1)


def flow(w: Weights, config: Mapping[str, Any], z_p: torch.Tensor, ge: torch.Tensor) -> torch.Tensor:
    """Reverse coupling flow; z_p (1, C, T) and ge (1, gin, 1) to z (1, C, T)."""
    x, half, hidden = z_p, config["inter_channels"] // 2, config["hidden_channels"]
    for i in (6, 4, 2, 0):
        x = torch.flip(x, (1,))
        name = f"flow.flows.{i}"
        h = _conv1d(w, f"{name}.pre", x[:, :half])
        condition, skip = _conv1d(w, f"{name}.enc.cond_layer", ge), torch.zeros_like(h)
        layers = condition.shape[1] // (2 * hidden)
        for j in range(layers):
            total = _conv1d(w, f"{name}.enc.in_layers.{j}", h) + condition[:, 2 * hidden * j : 2 * hidden * (j + 1)]
            gated = torch.tanh(total[:, :hidden]) * torch.sigmoid(total[:, hidden:])
            both = _conv1d(w, f"{name}.enc.res_skip_layers.{j}", gated)
            if j < layers - 1:
                h = h + both[:, :hidden]
            skip = skip + both[:, -hidden:]
        x = torch.cat([x[:, :half], x[:, half:] - _conv1d(w, f"{name}.post", skip)], 1)
    return x


def _positions(start: int, length: int, dim: int) -> torch.Tensor:
    rates = torch.exp(torch.arange(0, dim, 2) * (-math.log(10000.0) / dim))
    angles = torch.arange(start, start + length)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], -1).reshape(1, length, dim)


def embed_text(w: Weights, ids: torch.Tensor, bert: torch.Tensor) -> torch.Tensor:
    """Phoneme ids (1, T) and features (1, T, 1024) to (1, T, C)."""
    x = F.embedding(ids, w["ar_text_embedding.word_embeddings.weight"]) + _linear(w, "bert_proj", bert)
    return x + w["ar_text_position.alpha"] * _positions(0, ids.shape[1], x.shape[-1])


def embed_tokens(w: Weights, ids: torch.Tensor, start: int = 0) -> torch.Tensor:
    """Semantic tokens (1, P), the first of them number ``start`` of its sequence, to (1, P, C)."""
    x = F.embedding(ids, w["ar_audio_embedding.word_embeddings.weight"])
    return x + w["ar_audio_position.alpha"] * _positions(start, ids.shape[1], x.shape[-1])


def blocks(w: Weights, config: Mapping[str, Any], x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Whole sequences (B, N, C) through all blocks; ``mask`` (B, 1, N, N) is True where attention is allowed."""
    for i in range(config["n_layer"]):
        name = f"h.layers.{i}"
        qkv = F.linear(x, w[f"{name}.self_attn.in_proj_weight"], w[f"{name}.self_attn.in_proj_bias"])
        q, k, v = (_heads(part, config["head"]) for part in qkv.chunk(3, -1))
        x = _post_norm(w, name, x, _merge(F.scaled_dot_product_attention(q, k, v, mask)))
    return x


def prefill(
    w: Weights, config: Mapping[str, Any], text: torch.Tensor, prompt: torch.Tensor, mask: torch.Tensor
) -> tuple[torch.Tensor, list[tuple[torch.Tensor, torch.Tensor]]]:
    """Embedded text (1, T, C) and prompt (1, P, C) to the last logits (1, V) and the caches per layer.

    ``mask`` (T + P, T + P) is True where attention is allowed.
    """
    x, heads, caches = torch.cat([text, prompt], 1), config["head"], []
    for i in range(config["n_layer"]):
        name = f"h.layers.{i}"
        q, k, v = F.linear(x, w[f"{name}.self_attn.in_proj_weight"], w[f"{name}.self_attn.in_proj_bias"]).chunk(3, -1)
        caches.append((k, v))
        q, k, v = (_heads(part, heads) for part in (q, k, v))
        x = _post_norm(w, name, x, _merge(F.scaled_dot_product_attention(q, k, v, mask)))
    return _linear(w, "ar_predict_layer", x[:, -1]), caches


def decode_step(
    w: Weights,
    config: Mapping[str, Any],
    token: torch.Tensor,
    caches: list[tuple[torch.Tensor, torch.Tensor]],
) -> tuple[torch.Tensor, list[tuple[torch.Tensor, torch.Tensor]]]:
    """One token's embedding (B, 1, C) and caches of (B, L, C) to logits (B, V) and caches of L + 1."""
    x, heads, grown = token, config["head"], []
    for i in range(config["n_layer"]):
        name = f"h.layers.{i}"
        q, k, v = F.linear(x, w[f"{name}.self_attn.in_proj_weight"], w[f"{name}.self_attn.in_proj_bias"]).chunk(3, -1)
        k, v = torch.cat([caches[i][0], k], 1), torch.cat([caches[i][1], v], 1)
        grown.append((k, v))
        q, k, v = (_heads(part, heads) for part in (q, k, v))
        x = _post_norm(w, name, x, _merge(F.scaled_dot_product_attention(q, k, v)))
    return _linear(w, "ar_predict_layer", x[:, -1]), grown


def _post_norm(w: Weights, name: str, x: torch.Tensor, attended: torch.Tensor) -> torch.Tensor:
    """Output projection, residual, norm, feed-forward, residual, norm of a post-norm block."""
    size = (x.shape[-1],)
    x = F.layer_norm(
        x + _linear(w, f"{name}.self_attn.out_proj", attended), size, w[f"{name}.norm1.weight"], w[f"{name}.norm1.bias"]
    )
    y = _linear(w, f"{name}.linear2", F.relu(_linear(w, f"{name}.linear1", x)))
    return F.layer_norm(x + y, size, w[f"{name}.norm2.weight"], w[f"{name}.norm2.bias"])


def _norm(w: Weights, name: str, x: torch.Tensor) -> torch.Tensor:
    mean, var = w[f"{name}.running_mean"], w[f"{name}.running_var"]
    return F.batch_norm(x, mean, var, w[f"{name}.weight"], w[f"{name}.bias"])


def _fuse(w: Weights, name: str, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Attentional fusion of two maps of equal shape."""
    a = F.conv2d(torch.cat([x, y], 1), w[f"{name}.local_att.0.weight"], w[f"{name}.local_att.0.bias"])
    a = F.silu(_norm(w, f"{name}.local_att.1", a))
    a = F.conv2d(a, w[f"{name}.local_att.3.weight"], w[f"{name}.local_att.3.bias"])
    gate = torch.tanh(_norm(w, f"{name}.local_att.4", a))
    return x * (1.0 + gate) + y * (1.0 - gate)


def _res2_block(w: Weights, name: str, x: torch.Tensor, stride: int) -> torch.Tensor:
    width = w[f"{name}.convs.0.weight"].shape[0]
    y = F.hardtanh(_norm(w, f"{name}.bn1", F.conv2d(x, w[f"{name}.conv1.weight"], stride=stride)), 0, 20)
    outputs: list[torch.Tensor] = []
    for i, part in enumerate(y.split(width, 1)):
        if outputs and f"{name}.fuse_models.{i - 1}.local_att.0.weight" in w:
            part = _fuse(w, f"{name}.fuse_models.{i - 1}", outputs[-1], part)
        elif outputs:
            part = part + outputs[-1]
        convolved = F.conv2d(part, w[f"{name}.convs.{i}.weight"], padding=1)
        outputs.append(F.hardtanh(_norm(w, f"{name}.bns.{i}", convolved), 0, 20))
    y = _norm(w, f"{name}.bn3", F.conv2d(torch.cat(outputs, 1), w[f"{name}.conv3.weight"]))
    if f"{name}.shortcut.0.weight" in w:
        x = _norm(w, f"{name}.shortcut.1", F.conv2d(x, w[f"{name}.shortcut.0.weight"], stride=stride))
    return F.hardtanh(x + y, 0, 20)


def speaker_verifier(w: Weights, fbank: torch.Tensor) -> torch.Tensor:
    """Fbank (1, T, 80) to the speaker embedding (1, 20480) of ERes2NetV2 (means over time of the fused map)."""
    x = F.relu(_norm(w, "bn1", F.conv2d(fbank.transpose(1, 2)[:, None], w["conv1.weight"], padding=1)))
    maps = []
    for layer in range(1, 5):
        block = 0
        while f"layer{layer}.{block}.conv1.weight" in w:
            x = _res2_block(w, f"layer{layer}.{block}", x, 2 if layer > 1 and block == 0 else 1)
            block += 1
        maps.append(x)
    below = F.conv2d(maps[2], w["layer3_ds.weight"], stride=2, padding=1)
    return _fuse(w, "fuse34", maps[3], below).flatten(1, 2).mean(-1)
