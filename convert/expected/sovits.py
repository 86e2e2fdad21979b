"""Semantic tokens to waveform (v1, v2 and Pro: ``SynthesizerTrn``) or to mel (v3, v4: ``SynthesizerTrnV3``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convert.expected.cfm import conditional_flow_matching
from convert.expected.shapes import Shapes, size
from convert.expected.vocoders import generator

OFFICIAL_SIZES = {
    "ssl_dim": 768,
    "codebook_size": 1024,
    "style_hidden": 128,
    "mrte_hidden": 512,
    "flow_count": 4,
    "flow_layers": 4,
    "posterior_layers": 16,
}
"""Constants of the official constructor, which a configuration may name otherwise."""
WINDOW = 4
SPEAKER_EMBEDDING = 20480
REFERENCE_BINS = 704
SYMBOLS = {"v1": 322}
SYMBOLS_LATER = 732
MEL_VERSIONS = ("v3", "v4")
MEL_BINS = 100
MEL_HIDDEN = 512


def sovits(shapes: Shapes, config: Mapping[str, Any]) -> None:
    """Add the synthesizer's parameters for ``config["model"]["version"]``."""
    model = config["model"]
    version = str(model["version"])
    style = size(model, "gin_channels")
    spectrum = int(config.get("data", {}).get("filter_length", 2048)) // 2 + 1
    _text_encoder(shapes, model, SYMBOLS.get(version, SYMBOLS_LATER))
    _reference_encoder(shapes, model, spectrum if version == "v1" else REFERENCE_BINS)
    ssl = _size(model, "ssl_dim")
    shapes.conv("ssl_proj", ssl, ssl, 2 if model.get("semantic_frame_rate", "25hz") == "25hz" else 1)
    _quantizer(shapes, _size(model, "codebook_size"), ssl)
    if version in MEL_VERSIONS:
        _mel_decoder(shapes, model, style)
    else:
        _wave_decoder(shapes, model, style, spectrum)
    if "Pro" in version:
        shapes.linear("sv_emb", SPEAKER_EMBEDDING, style)
        shapes.linear("ge_to512", style, _size(model, "mrte_hidden"))
        shapes.add("prelu.weight", style)


def _size(model: Mapping[str, Any], name: str) -> int:
    return size(model, name, OFFICIAL_SIZES[name])


def _wave_decoder(shapes: Shapes, model: Mapping[str, Any], style: int, spectrum: int) -> None:
    inter, hidden = size(model, "inter_channels"), size(model, "hidden_channels")
    generator(shapes, "dec.", model, inter, conditioning=style)
    if shapes.training:
        shapes.conv("enc_q.pre", hidden, spectrum, 1)
        wavenet(shapes, "enc_q.enc", hidden, _size(model, "posterior_layers"), style)
        shapes.conv("enc_q.proj", 2 * inter, hidden, 1)
    layers = _size(model, "flow_layers")
    for index in range(_size(model, "flow_count")):
        name = f"flow.flows.{2 * index}"  # the flips between them have no parameters
        shapes.conv(f"{name}.pre", hidden, inter // 2, 1)
        wavenet(shapes, f"{name}.enc", hidden, layers, style)
        shapes.conv(f"{name}.post", inter // 2, hidden, 1)


def _mel_decoder(shapes: Shapes, model: Mapping[str, Any], style: int) -> None:
    shapes.conv("bridge.0", MEL_HIDDEN, size(model, "inter_channels"), 1)
    shapes.conv("wns1.pre", MEL_HIDDEN, MEL_HIDDEN, 1)
    wavenet(shapes, "wns1.enc", MEL_HIDDEN, 8, style)
    shapes.conv("wns1.proj", MEL_HIDDEN, MEL_HIDDEN, 1)
    shapes.conv("linear_mel", MEL_BINS, MEL_HIDDEN, 1)
    conditional_flow_matching(shapes, "cfm.estimator", MEL_BINS, MEL_HIDDEN, int(model.get("dit_depth", 22)))


def wavenet(shapes: Shapes, name: str, hidden: int, layers: int, conditioning: int) -> None:
    """Add gated dilated convolutions of kernel 5 with residual and skip halves; the last layer has only the skip."""
    shapes.conv(f"{name}.cond_layer", 2 * hidden * layers, conditioning, 1, norm_axis=0)
    for index in range(layers):
        shapes.conv(f"{name}.in_layers.{index}", 2 * hidden, hidden, 5, norm_axis=0)
        outputs = 2 * hidden if index < layers - 1 else hidden
        shapes.conv(f"{name}.res_skip_layers.{index}", outputs, hidden, 1, norm_axis=0)


def _text_encoder(shapes: Shapes, model: Mapping[str, Any], symbols: int) -> None:
    hidden, layers = size(model, "hidden_channels"), size(model, "n_layers")
    shapes.conv("enc_p.ssl_proj", hidden, _size(model, "ssl_dim"), 1)
    for name, depth in (("encoder_ssl", layers // 2), ("encoder_text", layers), ("encoder2", layers // 2)):
        _transformer(shapes, f"enc_p.{name}", model, depth)
    shapes.add("enc_p.text_embedding.weight", symbols, hidden)
    mrte = _size(model, "mrte_hidden")
    _attention(shapes, "enc_p.mrte.cross_attention", mrte)
    shapes.conv("enc_p.mrte.c_pre", mrte, hidden, 1)
    shapes.conv("enc_p.mrte.text_pre", mrte, hidden, 1)
    shapes.conv("enc_p.mrte.c_post", hidden, mrte, 1)
    shapes.conv("enc_p.proj", 2 * size(model, "inter_channels"), hidden, 1)


def _transformer(shapes: Shapes, name: str, model: Mapping[str, Any], depth: int) -> None:
    hidden, inner, kernel = size(model, "hidden_channels"), size(model, "filter_channels"), size(model, "kernel_size")
    per_head = hidden // size(model, "n_heads")
    for index in range(depth):
        attention = f"{name}.attn_layers.{index}"
        shapes.add(f"{attention}.emb_rel_k", 1, 2 * WINDOW + 1, per_head)
        shapes.add(f"{attention}.emb_rel_v", 1, 2 * WINDOW + 1, per_head)
        _attention(shapes, attention, hidden)
        shapes.gamma_beta(f"{name}.norm_layers_1.{index}", hidden)
        shapes.conv(f"{name}.ffn_layers.{index}.conv_1", inner, hidden, kernel)
        shapes.conv(f"{name}.ffn_layers.{index}.conv_2", hidden, inner, kernel)
        shapes.gamma_beta(f"{name}.norm_layers_2.{index}", hidden)


def _attention(shapes: Shapes, name: str, channels: int) -> None:
    for part in ("conv_q", "conv_k", "conv_v", "conv_o"):
        shapes.conv(f"{name}.{part}", channels, channels, 1)


def _reference_encoder(shapes: Shapes, model: Mapping[str, Any], bins: int) -> None:
    hidden = _size(model, "style_hidden")
    shapes.linear("ref_enc.spectral.0.fc", bins, hidden)
    shapes.linear("ref_enc.spectral.3.fc", hidden, hidden)
    for index in (0, 1):
        shapes.conv(f"ref_enc.temporal.{index}.conv1.conv", 2 * hidden, hidden, 5)
    for part in ("w_qs", "w_ks", "w_vs", "fc"):
        shapes.linear(f"ref_enc.slf_attn.{part}", hidden, hidden)
    shapes.linear("ref_enc.fc.fc", hidden, size(model, "gin_channels"))


def _quantizer(shapes: Shapes, codes: int, width: int) -> None:
    book = "quantizer.vq.layers.0._codebook"
    shapes.add(f"{book}.embed", codes, width)
    if shapes.training:
        shapes.add(f"{book}.inited", 1)
        shapes.add(f"{book}.cluster_size", codes)
        shapes.add(f"{book}.embed_avg", codes, width)
