"""Write trained networks as the official files: a GPT .ckpt, a SoVITS .pth of version 2 and a HuBERT folder."""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from tools.starter import content, generator, style, synthesizer
from tools.starter.content import Coder
from tools.starter.dataset import RATE
from tools.starter.decoder import SYMBOLS, Decoder, DecoderSizes
from tools.starter.phones import LANGUAGES, language
from tools.starter.shipped import HEAD, hearing_of, load_any
from tools.starter.synthesizer import Synthesizer
from tools.starter.train_content import coder_of

Tensors = dict[str, Tensor]
CONTENT = "content"
CODEBOOK = "quantizer.vq.layers.0._codebook.embed"
NAMES = {
    "en": ("starter-gpt.ckpt", "starter-sovits.pth"),
    "ja": ("starter-ja-gpt.ckpt", "starter-ja-sovits.pth"),
    "zh": ("starter-zh-gpt.ckpt", "starter-zh-sovits.pth"),
}
"""Files of a pair, GPT and SoVITS, by language."""
SAMPLING = {"top_k": 3, "top_p": 1.0, "temperature": 0.3, "repetition_penalty": 1.0}
"""What the service takes where a client leaves sampling open."""
BERT, NO_BERT = 1024, 8
"""Channels of BERT features: the official ones, and some other number."""
_V2_HEAD = b"01"
_PAUSE = 1
"""Code of the middle of a pause."""
_QUIET = -6.0
"""Log standard deviation of the prior, which was trained without noise."""
_NORMED = ("dec.ups.", "dec.resblocks.", ".enc.in_layers.", ".enc.res_skip_layers.", ".enc.cond_layer.")


def weight_norm(tensors: Tensors, names: tuple[str, ...], axis: int) -> Tensors:
    """Return the tensors with some weights as magnitude and direction; the norm runs over all other axes."""
    result: Tensors = {}
    for name, tensor in tensors.items():
        if name.endswith(".weight") and any(part in name for part in names):
            others = [a for a in range(tensor.ndim) if a != axis]
            result[f"{name}_g"] = tensor.norm(dim=others, keepdim=True)
            result[f"{name}_v"] = tensor
        else:
            result[name] = tensor
    return result


def half(tensors: Tensors) -> Tensors:
    """Return contiguous float16 copies."""
    return {name: tensor.detach().to(torch.float16).contiguous() for name, tensor in tensors.items()}


def gpt(decoder: Decoder, code: str) -> dict[str, Any]:
    """Return the content of a GPT file; the projection of BERT features, which nothing was trained with, is zero.

    In Chinese it has a width of its own, which says that the network wants none of them.
    """
    bert = NO_BERT if code == "zh" else BERT
    sizes = decoder.sizes
    tensors = {f"model.{name}": tensor for name, tensor in decoder.state_dict().items()}
    tensors["model.bert_proj.weight"] = torch.zeros(sizes.width, bert)
    tensors["model.bert_proj.bias"] = torch.zeros(sizes.width)
    model = {
        "vocab_size": decoder.end + 1, "phoneme_vocab_size": SYMBOLS, "embedding_dim": sizes.width,
        "hidden_dim": sizes.width, "head": sizes.heads, "linear_units": 4 * sizes.width, "n_layer": sizes.layers,
        "dropout": 0, "EOS": decoder.end, "mute_token": _PAUSE, "languages": [code], "bert_dim": bert,
    }  # fmt: skip
    config = {"model": model, "data": {"max_sec": 54}, "inference": {"sampling": dict(SAMPLING)}}
    return {"weight": half(tensors), "config": config, "info": "starter"}


def hearing(coder: Coder) -> Tensors:
    """Return what makes codes of features; a code is the position of the largest score: the codebook is one-hot."""
    size, width = coder.ssl_proj.out_channels, content.HIDDEN
    weight, bias = torch.zeros(width, width, content.CODE_STRIDE), torch.zeros(width)
    weight[:size], bias[:size] = coder.ssl_proj.weight.detach(), coder.ssl_proj.bias.detach()
    codebook = {CODEBOOK: torch.eye(size, width)}
    return {"ssl_proj.weight": weight, "ssl_proj.bias": bias, **codebook}


def sovits(network: Synthesizer, heard: Tensors) -> dict[str, Any]:
    """Return the content of a SoVITS file: the synthesizer, and what makes codes."""
    tensors = {n: t.clone() for n, t in network.state_dict().items() if not n.startswith(HEAD)}
    codes = len(heard[CODEBOOK])
    tensors["enc_p.ssl_proj.weight"][:, codes:] = 0
    proj = tensors["enc_p.proj.weight"], tensors["enc_p.proj.bias"]
    proj[0][generator.INTER :], proj[1][generator.INTER :] = 0, _QUIET
    return {"weight": half(weight_norm(tensors | heard, _NORMED, 0)), "config": sovits_config(codes), "info": "starter"}


def sovits_config(codes: int) -> dict[str, Any]:
    """Return the configuration of the SoVITS file of so many codes."""
    s = synthesizer
    model = {
        "version": "v2", "semantic_frame_rate": "25hz", "inter_channels": generator.INTER,
        "hidden_channels": s.HIDDEN, "filter_channels": s.FILTER, "n_heads": s.HEADS, "n_layers": s.LAYERS,
        "kernel_size": s.KERNEL, "p_dropout": 0.0, "resblock": "1", "resblock_kernel_sizes": list(generator.KERNELS),
        "resblock_dilation_sizes": [list(d) for d in generator.DILATIONS], "upsample_rates": list(generator.RATES),
        "upsample_kernel_sizes": list(generator.RATE_KERNELS), "upsample_initial_channel": generator.INITIAL,
        "gin_channels": generator.CONDITION, "ssl_dim": content.HIDDEN, "codebook_size": codes,
        "style_hidden": style.STYLE, "mrte_hidden": generator.CONDITION, "mrte_heads": s.MRTE_HEADS,
        "flow_count": s.FLOWS, "flow_layers": s.FLOW_LAYERS, "content_encoder": "starter",
    }  # fmt: skip
    data = {
        "sampling_rate": RATE, "hop_length": generator.HOP, "filter_length": 1024, "win_length": 1024,
        "n_speakers": 1, "max_wav_value": 32768.0,
    }  # fmt: skip
    return {"train": {"segment_size": 32 * generator.HOP}, "data": data, "model": model}


def content_config() -> dict[str, Any]:
    """Return the configuration of the content encoder."""
    c = content
    return {
        "model_type": "hubert", "conv_dim": list(c.CHANNELS), "conv_kernel": list(c.KERNELS),
        "conv_stride": list(c.STRIDES), "hidden_size": c.HIDDEN, "num_hidden_layers": c.LAYERS,
        "num_attention_heads": c.HEADS, "intermediate_size": c.INNER, "num_conv_pos_embeddings": c.POSITION_KERNEL,
        "num_conv_pos_embedding_groups": c.POSITION_GROUPS, "layer_norm_eps": 1e-5, "feat_extract_norm": "group",
        "feat_extract_activation": "gelu", "hidden_act": "gelu", "conv_bias": False, "feat_proj_layer_norm": True,
        "do_stable_layer_norm": False,
    }  # fmt: skip


def write_zip(content_: dict[str, Any], path: Path, head: bytes = b"") -> None:
    """Save as PyTorch does; ``head`` replaces the first bytes, as official files tell their version."""
    buffer = io.BytesIO()
    torch.save(content_, buffer)
    path.write_bytes(head + buffer.getvalue()[len(head) :])


def write_content(folder: Path, coder: Coder) -> None:
    """Write the content encoder, which the pairs of all languages share."""
    (folder / CONTENT).mkdir(parents=True, exist_ok=True)
    tensors = weight_norm(coder.encoder.state_dict(), ("pos_conv_embed.conv",), 2)
    save_file(half(tensors), folder / CONTENT / "model.safetensors", metadata={"format": "pt"})
    (folder / CONTENT / "config.json").write_text(json.dumps(content_config(), indent=2) + "\n")


def main() -> None:
    """Export checkpoints, or random weights of the same sizes where none is given."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--decoder", type=Path)
    parser.add_argument("--content", type=Path)
    parser.add_argument("--frames", type=Path, help="synthesizer after its first stage, or a SoVITS file")
    parser.add_argument("--generator", type=Path)
    parser.add_argument("--part", type=float, default=1.0, help="way to go from the generator of --frames to the other")
    parser.add_argument("--only-sovits", type=Path, metavar="FILE", help="take what makes codes from this SoVITS file")
    parser.add_argument(
        "--only-gpt", action="store_true", help="write the GPT file, and no other but that of --only-sovits"
    )
    parser.add_argument("--language", choices=LANGUAGES, default="en", help="others than English are a pair alone")
    options = parser.parse_args()
    torch.manual_seed(0)
    own = language(options.language)
    decoder, coder, network = Decoder(DecoderSizes(codes=own.CODES)), coder_of(own), Synthesizer()
    parts = {"decoder": decoder, "content": coder, "frames": network, "generator": network.dec}
    for name, part in parts.items():
        if getattr(options, name):
            before = {key: tensor.clone() for key, tensor in part.state_dict().items()}
            load_any(part, getattr(options, name))
            if name == "generator":
                part.load_state_dict({n: before[n].lerp(t, options.part) for n, t in part.state_dict().items()})
    options.folder.mkdir(parents=True, exist_ok=True)
    gpt_name, sovits_name = NAMES[options.language]
    whole = not options.only_sovits and not options.only_gpt
    if whole or options.only_gpt:
        write_zip(gpt(decoder, options.language), options.folder / gpt_name)
    if whole or options.only_sovits:
        heard = hearing_of(options.only_sovits) if options.only_sovits else hearing(coder)
        write_zip(sovits(network, heard), options.folder / sovits_name, _V2_HEAD)
    if whole and options.language == "en":
        write_content(options.folder, coder)


if __name__ == "__main__":
    main()
