"""Finds weights, configuration and remarks in the several layouts of official files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from convert.errors import UnsupportedCheckpointError
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
}
_PREFIXES = ("", "model.", "hubert.", "bert.")


@dataclass(frozen=True)
class Official:
    """Weights of an official file.

    Attributes:
        weights: Official key to tensor.
        config: Configuration found in the file, empty if there is none.
        lora_rank: Rank of a LoRA file, 0 otherwise.
        info: Free text of the file.
    """

    weights: Mapping[str, Tensor]
    config: Mapping[str, Any]
    lora_rank: int
    info: str


def _tensors(node: Any) -> dict[str, Tensor]:
    if not isinstance(node, Mapping):
        return {}
    return {str(key): value for key, value in node.items() if isinstance(value, Tensor)}


def _config(tree: Mapping[str, Any]) -> Mapping[str, Any]:
    config = tree.get("config")
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
    return Official(weights, _config(tree), rank if isinstance(rank, int) else 0, info if isinstance(info, str) else "")


def kind_of(keys: Mapping[str, object]) -> str:
    """Return the kind of network that has these keys.

    Raises:
        UnsupportedCheckpointError: none of the known kinds has.
    """
    for sign, kind in _SIGNS.items():
        starts = tuple(prefix + sign for prefix in _PREFIXES)
        if any(key.startswith(starts) for key in keys):
            return kind
    some = ", ".join(list(keys)[:3])
    raise UnsupportedCheckpointError(f"the weights ({some}, ...) are of no network of GPT-SoVITS")
