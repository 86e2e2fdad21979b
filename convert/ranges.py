"""What every field of a configuration that a network is built from may be.

Wide enough for whatever could be trained, narrow enough that no field by itself makes a network take gigabytes, divide
by zero or never end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Protocol

from convert.errors import ConfigurationError
from convert.printing import printable, shown

MAX_DEPTH = 16
MAX_VALUES = 20_000


class _Rule(Protocol):
    def holds(self, value: Any) -> bool: ...

    def __str__(self) -> str: ...


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


@dataclass(frozen=True)
class _Whole:
    low: int
    high: int

    def holds(self, value: Any) -> bool:
        return _is_whole(value) and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"a whole number from {self.low} to {self.high}"


@dataclass(frozen=True)
class _Number:
    low: float
    high: float

    def holds(self, value: Any) -> bool:
        return (_is_whole(value) or isinstance(value, float)) and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"a number from {self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class _Choice:
    values: tuple[Any, ...]

    def holds(self, value: Any) -> bool:
        return any(type(value) is type(each) and value == each for each in self.values)

    def __str__(self) -> str:
        return " or ".join(map(shown, self.values))


@dataclass(frozen=True)
class _List:
    item: _Rule
    longest: int

    def holds(self, value: Any) -> bool:
        return isinstance(value, list) and 1 <= len(value) <= self.longest and all(map(self.item.holds, value))

    def __str__(self) -> str:
        return f"a list of 1 to {self.longest} entries, each {self.item}"


_WIDTH = _Whole(1, 16384)
_ROWS = _Whole(1, 1 << 20)
_LAYERS = _Whole(1, 200)
_HEADS = _Whole(1, 256)
_COUPLINGS = _Whole(1, 64)
_KERNEL = _Whole(1, 1024)
_PART = _Number(0, 1)
_FLAG = _Choice((True, False, 0, 1))
_RATES = _List(_Whole(1, 64), 8)
_KERNELS = _List(_KERNEL, 8)

_GENERATOR: dict[str, _Rule] = {
    "resblock": _Choice(("1", "2", 1, 2)),
    "resblock_kernel_sizes": _KERNELS,
    "resblock_dilation_sizes": _List(_List(_Whole(1, 1024), 8), 8),
    "upsample_rates": _RATES,
    "upsample_kernel_sizes": _KERNELS,
    "upsample_initial_channel": _WIDTH,
}
_T2S: dict[str, _Rule] = {
    "model.vocab_size": _ROWS,
    "model.phoneme_vocab_size": _ROWS,
    "model.embedding_dim": _WIDTH,
    "model.hidden_dim": _WIDTH,
    "model.head": _HEADS,
    "model.linear_units": _Whole(1, 1 << 17),
    "model.n_layer": _LAYERS,
    "model.dropout": _PART,
    "model.EOS": _Whole(0, 1 << 20),
    "model.bert_dim": _WIDTH,
    "model.mute_token": _Whole(0, 1 << 20),
    "model.languages": _List(_Choice(("zh", "en", "ja", "ko", "yue")), 5),
    "inference.sampling.top_k": _Whole(1, 10_000),
    "inference.sampling.top_p": _PART,
    "inference.sampling.temperature": _Number(0, 100),
    "inference.sampling.repetition_penalty": _Number(0.01, 100),
    "data.max_sec": _Number(0.1, 600),
}
_SOVITS: dict[str, _Rule] = {f"model.{name}": rule for name, rule in _GENERATOR.items()} | {
    "model.inter_channels": _WIDTH,
    "model.hidden_channels": _WIDTH,
    "model.filter_channels": _WIDTH,
    "model.n_heads": _HEADS,
    "model.n_layers": _LAYERS,
    "model.kernel_size": _KERNEL,
    "model.p_dropout": _PART,
    "model.gin_channels": _WIDTH,
    "model.semantic_frame_rate": _Choice(("25hz", "50hz")),
    "model.ssl_dim": _WIDTH,
    "model.codebook_size": _ROWS,
    "model.style_hidden": _WIDTH,
    "model.mrte_hidden": _WIDTH,
    "model.mrte_heads": _HEADS,
    "model.flow_count": _COUPLINGS,
    "model.flow_layers": _COUPLINGS,
    "model.posterior_layers": _COUPLINGS,
    "model.content_encoder": _Choice(("official", "starter")),
    "data.sampling_rate": _Whole(100, 192_000),
    "data.filter_length": _Whole(16, 1 << 16),
    "data.hop_length": _Whole(1, 1 << 14),
    "data.win_length": _Whole(16, 1 << 16),
    "data.n_mel_channels": _Whole(1, 1024),
    "data.n_speakers": _Whole(0, 1 << 20),
    "train.segment_size": _Whole(1, 1 << 24),
}
_HUBERT: dict[str, _Rule] = {
    "conv_dim": _List(_WIDTH, 16),
    "conv_kernel": _List(_KERNEL, 16),
    "conv_stride": _List(_Whole(1, 320), 16),
    "conv_bias": _FLAG,
    "feat_extract_norm": _Choice(("group", "layer")),
    "feat_proj_layer_norm": _FLAG,
    "hidden_size": _WIDTH,
    "intermediate_size": _Whole(1, 1 << 17),
    "num_attention_heads": _HEADS,
    "num_hidden_layers": _LAYERS,
    "num_conv_pos_embeddings": _KERNEL,
    "num_conv_pos_embedding_groups": _WIDTH,
    "do_stable_layer_norm": _FLAG,
    "layer_norm_eps": _PART,
}
_BERT: dict[str, _Rule] = {
    "hidden_size": _WIDTH,
    "intermediate_size": _Whole(1, 1 << 17),
    "num_attention_heads": _HEADS,
    "num_hidden_layers": _LAYERS,
    "max_position_embeddings": _Whole(1, 1 << 16),
    "type_vocab_size": _Whole(1, 1024),
    "vocab_size": _ROWS,
    "layer_norm_eps": _PART,
}
_SPEAKER: dict[str, _Rule] = {
    "baseWidth": _Whole(1, 1024),
    "scale": _Whole(1, 64),
    "expansion": _Whole(1, 64),
    "m_channels": _Whole(1, 1024),
    "feat_dim": _Whole(8, 1024),
    "num_blocks": _List(_LAYERS, 8),
    "embedding_size": _WIDTH,
}
_RULES: dict[str, dict[str, _Rule]] = {
    "t2s": _T2S,
    "sovits": _SOVITS,
    "hubert": _HUBERT,
    "bert": _BERT,
    "eres2netv2": _SPEAKER,
    "bigvgan": _GENERATOR | {"num_mels": _Whole(1, 1024), "sampling_rate": _Whole(100, 192_000)},
    "hifigan": _GENERATOR | {"initial_channel": _WIDTH},
    "ap_bwe": {
        "n_fft": _Whole(16, 1 << 14),
        "hop_size": _Whole(1, 1 << 13),
        "win_size": _Whole(4, 1 << 14),
        "hr_sampling_rate": _Whole(100, 192_000),
        "ConvNeXt_channels": _WIDTH,
        "ConvNeXt_layers": _LAYERS,
    },
}
# Width and the heads that share it evenly.
_SHARED = (
    ("model.hidden_dim", "model.head"),
    ("model.hidden_channels", "model.n_heads"),
    ("model.mrte_hidden", "model.mrte_heads"),
    ("hidden_size", "num_attention_heads"),
)
_PAIRED = (
    ("upsample_rates", "upsample_kernel_sizes"),
    ("resblock_kernel_sizes", "resblock_dilation_sizes"),
    ("conv_dim", "conv_kernel"),
    ("conv_dim", "conv_stride"),
)


def as_json(node: Any) -> Any:
    """Copy a configuration into what JSON can hold, so that it is the same before and after conversion.

    Raises:
        ConfigurationError: it has NaN or infinity, or is nested or large as no configuration is.
    """
    return _Copy().copy(node, "")


class _Copy:
    def __init__(self) -> None:
        self._left = MAX_VALUES

    def copy(self, node: Any, field: str, depth: int = 0) -> Any:
        self._left -= 1
        if depth > MAX_DEPTH or self._left < 0:
            raise ConfigurationError(
                f"the configuration is nested more than {MAX_DEPTH} levels deep or has more than {MAX_VALUES} values"
            )
        if isinstance(node, Mapping):
            return {
                str(key): self.copy(value, f"{field}.{printable(key, 40)}" if field else printable(key, 40), depth + 1)
                for key, value in node.items()
            }
        if isinstance(node, list | tuple):
            return [self.copy(value, field, depth + 1) for value in node]
        if isinstance(node, float) and not isfinite(node):
            raise ConfigurationError(f"configuration field {field} is {node}; expected a finite number")
        return node if isinstance(node, str | int | float | None) else None


def _found(config: Mapping[str, Any], field: str) -> tuple[bool, Any]:
    node: Any = config
    for name in field.split("."):
        if not isinstance(node, Mapping):
            raise ConfigurationError(
                f"the part of the configuration that should hold {field} is {shown(node)}; expected a table"
            )
        if name not in node:
            return False, None
        node = node[name]
    return True, node


def check_config(kind: str, config: Mapping[str, Any]) -> None:
    """Hold a configuration against what its fields may be; fields that are absent are the network's own affair.

    Args:
        kind: One of :data:`convert.keymap.KINDS`.
        config: As :func:`as_json` returns it.

    Raises:
        ConfigurationError: a field has another type or lies outside its range, or two do not go together.
    """
    for field, rule in _RULES.get(kind, {}).items():
        present, value = _found(config, field)
        if present and not rule.holds(value):
            raise ConfigurationError(f"configuration field {field} is {shown(value)}; expected {rule}")
    for width, heads in _SHARED:
        if width in _RULES.get(kind, {}):
            _check_shared(config, width, heads)
    section = "model." if kind == "sovits" else ""
    for one, other in _PAIRED:
        if f"{section}{one}" in _RULES.get(kind, {}):
            _check_paired(config, section + one, section + other)


def _check_shared(config: Mapping[str, Any], width: str, heads: str) -> None:
    (known, channels), (also, count) = _found(config, width), _found(config, heads)
    if known and also and channels % count:
        raise ConfigurationError(f"configuration field {width} is {channels}; expected a multiple of {heads}, {count}")


def _check_paired(config: Mapping[str, Any], one: str, other: str) -> None:
    (known, first), (also, second) = _found(config, one), _found(config, other)
    if known and also and len(first) != len(second):
        raise ConfigurationError(
            f"configuration field {one} has {len(first)} entries; expected as many as {other}, {len(second)}"
        )
