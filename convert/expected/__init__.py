"""Which keys and shapes a network has, computed from its configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from convert.errors import UnsupportedCheckpointError
from convert.expected.features import bert, eres2netv2, hubert
from convert.expected.shapes import Shapes
from convert.expected.sovits import sovits
from convert.expected.t2s import t2s
from convert.expected.vocoders import ap_bwe, bigvgan, discriminator, hifigan
from convert.printing import printable, shown

Config = Mapping[str, Any]

_NETWORKS: dict[str, Callable[[Shapes, Config], None]] = {
    "t2s": t2s,
    "sovits": sovits,
    "hubert": hubert,
    "bert": bert,
    "eres2netv2": eres2netv2,
    "bigvgan": bigvgan,
    "hifigan": hifigan,
    "ap_bwe": ap_bwe,
    "discriminator": discriminator,
}


def expected_keys(kind: str, config: Config, training: bool = False) -> dict[str, tuple[int, ...]]:
    """Return our network's key to shape for a configuration.

    Args:
        kind: One of :data:`convert.keymap.KINDS`.
        config: The checkpoint's own configuration (``config["model"]`` for t2s and sovits, ``config.json`` for others).
            For sovits ``config["model"]["version"]`` must be there; ``config["model"]["dit_depth"]`` defaults to 22.
        training: With the modules that only training needs, and with weight norm as ``weight_g`` and ``weight_v``.

    Raises:
        UnsupportedCheckpointError: the kind is unknown, or the configuration lacks a size or has an impossible one.
    """
    if kind not in _NETWORKS:
        raise UnsupportedCheckpointError(f"unknown kind of network {shown(kind)}; known are {', '.join(_NETWORKS)}")
    shapes = Shapes(training)
    try:
        _NETWORKS[kind](shapes, config)
    except KeyError as error:
        raise UnsupportedCheckpointError(f"the configuration of the {kind} network lacks {error}") from error
    except (TypeError, ValueError, IndexError, ZeroDivisionError, AttributeError) as error:
        raise UnsupportedCheckpointError(
            f"the configuration of the {kind} network makes no sense ({printable(error, 200)})"
        ) from error
    return shapes.found
