"""Shapes of a synthesizer's arrays under official names, weight norm folded, from its sizes alone.

The same as the parameters of ``network.SynthesizerNetwork`` (tested), for whoever checks weights without building it.
"""

from __future__ import annotations

from GPT_SoVITS.sovits.config import GeneratorConfig, SovitsConfig
from GPT_SoVITS.sovits.windows import EDGE_KERNEL

Shape = tuple[int, ...]


class _Shapes(dict[str, Shape]):
    """Name to shape; layers add their weight and bias."""

    def conv(self, name: str, outputs: int, inputs: int, kernel: int = 1) -> None:
        self[f"{name}.weight"], self[f"{name}.bias"] = (outputs, inputs, kernel), (outputs,)

    def linear(self, name: str, outputs: int, inputs: int) -> None:
        self[f"{name}.weight"], self[f"{name}.bias"] = (outputs, inputs), (outputs,)


def encoder_shapes(config: SovitsConfig) -> dict[str, Shape]:
    """Return the shape of every array but the generator's, weight norm folded."""
    found = _Shapes()
    _prior(found, config)
    _flow(found, config)
    _reference(found, config)
    stride = config.frames_per_code
    found.conv("ssl_proj", config.ssl_dim, config.ssl_dim, stride)
    found["quantizer.vq.layers.0._codebook.embed"] = (config.codebook_size, config.ssl_dim)
    if config.is_pro:
        found.linear("sv_emb", config.gin_channels, config.speaker_embedding_dim)
        found.linear("ge_to512", config.mrte_hidden, config.gin_channels)
        found["prelu.weight"] = (config.gin_channels,)
    return dict(found)


def generator_shapes(config: GeneratorConfig) -> dict[str, Shape]:
    """Return the generator's arrays under official names, weight norm folded, in the order of native code."""
    shapes: dict[str, Shape] = {}

    def layer(name: str, *shape: int, bias: int) -> None:
        shapes[f"{name}.weight"] = shape
        shapes[f"{name}.bias"] = (bias,)

    inputs = config.initial_channels
    layer("conv_pre", inputs, config.input_channels, EDGE_KERNEL, bias=inputs)
    if config.condition_channels:
        layer("cond", inputs, config.condition_channels, 1, bias=inputs)
    kernels = config.resblock_kernel_sizes
    for stage, kernel in enumerate(config.upsample_kernel_sizes):
        channels = config.channels(stage)
        layer(f"ups.{stage}", inputs, channels, kernel, bias=channels)
        for j, (size, dilations) in enumerate(zip(kernels, config.resblock_dilation_sizes, strict=True)):
            for i in range(len(dilations)):
                for convolution in ("convs1", "convs2"):
                    name = f"resblocks.{stage * len(kernels) + j}.{convolution}.{i}"
                    layer(name, channels, channels, size, bias=channels)
        inputs = channels
    shapes["conv_post.weight"] = (1, inputs, EDGE_KERNEL)
    if config.post_bias:
        shapes["conv_post.bias"] = (1,)
    return shapes


def encoder_layers(config: SovitsConfig) -> dict[str, int]:
    """Return the layers of each transformer by its name."""
    half = config.n_layers // 2
    return {"enc_p.encoder_ssl": half, "enc_p.encoder_text": config.n_layers, "enc_p.encoder2": half}


def _prior(found: _Shapes, config: SovitsConfig) -> None:
    channels, hidden = config.hidden_channels, config.mrte_hidden
    found.conv("enc_p.ssl_proj", channels, config.ssl_dim)
    found["enc_p.text_embedding.weight"] = (config.phoneme_count, channels)
    for name, layers in encoder_layers(config).items():
        for i in range(layers):
            _transformer_layer(found, name, i, config)
    mrte = "enc_p.mrte"
    for part in "qkvo":
        found.conv(f"{mrte}.cross_attention.conv_{part}", hidden, hidden)
    found.conv(f"{mrte}.c_pre", hidden, channels)
    found.conv(f"{mrte}.text_pre", hidden, channels)
    found.conv(f"{mrte}.c_post", channels, hidden)
    found.conv("enc_p.proj", 2 * config.inter_channels, channels)


def _transformer_layer(found: _Shapes, name: str, index: int, config: SovitsConfig) -> None:
    channels, filters, kernel = config.hidden_channels, config.filter_channels, config.kernel_size
    heads = f"{name}.attn_layers.{index}"
    for part in "qkvo":
        found.conv(f"{heads}.conv_{part}", channels, channels)
    for part in "kv":
        found[f"{heads}.emb_rel_{part}"] = (1, 2 * config.window + 1, channels // config.n_heads)
    found.conv(f"{name}.ffn_layers.{index}.conv_1", filters, channels, kernel)
    found.conv(f"{name}.ffn_layers.{index}.conv_2", channels, filters, kernel)
    for norm in ("norm_layers_1", "norm_layers_2"):
        found[f"{name}.{norm}.{index}.gamma"] = found[f"{name}.{norm}.{index}.beta"] = (channels,)


def _flow(found: _Shapes, config: SovitsConfig) -> None:
    half, hidden, layers = config.inter_channels // 2, config.hidden_channels, config.flow_layers
    for i in range(config.flow_count):
        name = f"flow.flows.{2 * i}"  # the flips between them have no parameters
        found.conv(f"{name}.pre", hidden, half)
        found.conv(f"{name}.post", half, hidden)
        found.conv(f"{name}.enc.cond_layer", 2 * hidden * layers, config.gin_channels)
        for j in range(layers):
            found.conv(f"{name}.enc.in_layers.{j}", 2 * hidden, hidden, config.flow_kernel_size)
            found.conv(f"{name}.enc.res_skip_layers.{j}", 2 * hidden if j < layers - 1 else hidden, hidden)


def _reference(found: _Shapes, config: SovitsConfig) -> None:
    hidden, name = config.style_hidden, "ref_enc"
    found.linear(f"{name}.spectral.0.fc", hidden, config.reference_bins)
    found.linear(f"{name}.spectral.3.fc", hidden, hidden)
    for i in range(2):
        found.conv(f"{name}.temporal.{i}.conv1.conv", 2 * hidden, hidden, config.style_kernel_size)
    for part in ("w_qs", "w_ks", "w_vs", "fc"):
        found.linear(f"{name}.slf_attn.{part}", hidden, hidden)
    found.linear(f"{name}.fc.fc", config.gin_channels, hidden)
