"""Finds weights, configuration and remarks in the several layouts of official files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from convert.errors import CorruptCheckpointError, UnsupportedCheckpointError
from convert.printing import listed, shown
from convert.safetensors import parse_json
from convert.storage import Tensor
from convert.tree import Checkpoint

# Where the weights are: exported weights, training checkpoint, Lightning, published vocoder.
_CONTAINERS = ("weight", "model", "state_dict", "generator")

# A key that only one kind of network has -> kind.
_SIGNS = {
    "ar_text_embedding.": "t2s",
    "enc_p.": "sovits",
    "cfm.": "sovits",
    "feature_extractor.conv_layers.": "hubert",
    "embeddings.word_embeddings.": "bert",
    "fuse34.": "eres2netv2",
    "activation_post.": "bigvgan",
    "discriminators.": "discriminator",
    "resblocks.0.": "hifigan",
    "convnext_mag.": "ap_bwe",
}
_PREFIXES = ("", "model.", "hubert.", "bert.")
# What torch.compile and data-parallel training put around a network, or around a part of it.
_WRAPPER = re.compile(r"(?:^|(?<=\.))(?:module|_orig_mod)\.")


@dataclass(frozen=True)
class Official:
    """Weights of an official file.

    Attributes:
        weights: Official key to tensor.
        config: Configuration found in the file, empty if there is none.
        lora_rank: What a LoRA file says that its rank is; None where it says nothing.
        info: Free text of the file.
    """

    weights: Mapping[str, Tensor]
    config: Mapping[str, Any]
    lora_rank: int | None
    info: str


def _tensors(node: Any) -> dict[str, Tensor]:
    if not isinstance(node, Mapping):
        return {}
    tensors: dict[str, Tensor] = {}
    for key, value in node.items():
        if isinstance(value, Tensor):
            name = _WRAPPER.sub("", str(key))
            if name in tensors:
                raise CorruptCheckpointError(f"{shown(key)} and another key both mean {shown(name)}")
            tensors[name] = value
    return tensors


def _config(tree: Mapping[str, Any]) -> Mapping[str, Any]:
    config = tree.get("config")
    if isinstance(config, str):  # as the earlier MindSpore port keeps it
        return parse_json(config, "the configuration in it")
    if not isinstance(config, Mapping):
        parameters = tree.get("hyper_parameters")
        config = parameters.get("config") if isinstance(parameters, Mapping) else None
    return config if isinstance(config, Mapping) else {}


def find(checkpoint: Checkpoint) -> Official:
    """Return the weights of a checkpoint with what is known about them.

    Raises:
        UnsupportedCheckpointError: there are none where official files have them.
    """
    tree = checkpoint.tree if isinstance(checkpoint.tree, Mapping) else {}
    for name in _CONTAINERS:
        weights = _tensors(tree.get(name))
        if weights:
            break
    else:
        weights = _tensors(tree)
    if not weights:
        raise UnsupportedCheckpointError(
            f"{checkpoint.path}: holds no weights under {', '.join(_CONTAINERS)} nor at the top"
        )
    rank, info = tree.get("lora_rank"), tree.get("info")
    told = rank if isinstance(rank, int) else None
    return Official(weights, _config(tree), told, info if isinstance(info, str) else "")


def kind_of(keys: Mapping[str, object]) -> str:
    """Return the kind of network that has these keys.

    Raises:
        UnsupportedCheckpointError: none of the known kinds has.
    """
    for sign, kind in _SIGNS.items():
        starts = tuple(prefix + sign for prefix in _PREFIXES)
        if any(key.startswith(starts) for key in keys):
            return kind
    raise UnsupportedCheckpointError(f"the weights ({listed(keys)}) are of no network of GPT-SoVITS")
