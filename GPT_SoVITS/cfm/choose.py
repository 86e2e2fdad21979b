"""Chooses what computes the flow-matching decoder of v3 and v4 on this machine."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from GPT_SoVITS.cfm.condition import Condition, HostCondition, condition_matrices
from GPT_SoVITS.cfm.config import CfmConfig
from GPT_SoVITS.cfm.estimator import Estimator
from GPT_SoVITS.cfm.host import HostEstimator, keys_of, matrices
from GPT_SoVITS.cfm.shapes import CONDITION, ESTIMATOR, condition_shapes, estimator_shapes
from GPT_SoVITS.execution import Holding, SamplerHolding, host_or_graph
from GPT_SoVITS.layers.products import Change, LayeredProducts, Layers, Part, Products, Stacked
from GPT_SoVITS.layers.weights import check_shapes
from GPT_SoVITS.native.attention import NativeAttention
from GPT_SoVITS.native.library import load
from GPT_SoVITS.sovits.encoders import Choice, hold, hold_exactly

logger = logging.getLogger(__name__)

Array = np.ndarray[Any, np.dtype[Any]]
T = TypeVar("T")


TUNED = (".qkv", ".attn.to_out.0")
"""Ends of the names of matrices that LoRA files change: those of attention."""
_HEAVY = (*TUNED, ".ff.ff.0.0", ".ff.ff.2")
"""Ends of the names of those that every frame of every step is multiplied with; they may be held in bfloat16."""


@dataclass(eq=False)
class BaseMatrices:
    """Packed matrices of published weights that LoRA files leave as they are, for every network made from them.

    Attributes:
        keys: Official keys of what they were made from.
        names: Of the layers.
        products: Hold and multiply them; calls change nothing, so several threads may.
    """

    keys: frozenset[str]
    names: frozenset[str]
    products: Products


def estimator_arrays(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return the estimator's arrays without their prefix."""
    return _without_prefix(arrays)


def _without_prefix(values: Mapping[str, T]) -> dict[str, T]:
    return {key.removeprefix(ESTIMATOR): value for key, value in values.items() if key.startswith(ESTIMATOR)}


def choose_estimator(
    config: CfmConfig,
    arrays: Mapping[str, Array],
    dtype: type = np.float32,
    choice: Choice = "auto",
    holding: SamplerHolding = "fp32",
    threads: int = 0,
    base: BaseMatrices | None = None,
    changed: Collection[str] = (),
    changes: Mapping[str, Change] | None = None,
) -> tuple[Estimator, BaseMatrices | None]:
    """Return the host's formulation on CPU, compiled graphs on Ascend and for other types than float32.

    With the host's formulation come the matrices that another network from the same published weights may share.

    Args:
        config: Sizes.
        arrays: Official arrays, those of the estimator with their prefix.
        dtype: numpy float type that graphs hold and compute in.
        choice: ``host`` and ``graph`` insist.
        holding: How the host's native matrices are held.
        threads: Of the host's products.
        base: What is held already of the weights that these were made from; only the rest is packed.
        changed: Official keys in which these differ from them.
        changes: Official key to what is yet to be added to its array.

    Raises:
        WeightsError: the arrays do not fit the sizes.
    """
    own, added = estimator_arrays(arrays), _without_prefix(changes or {})
    if host_or_graph(choice, dtype) == "graph":
        from GPT_SoVITS.cfm.graphs import GraphEstimator

        own |= {key: Stacked([Part(own[key], change)]).whole() for key, change in added.items()}
        return GraphEstimator(config, own, dtype=dtype), None
    check_shapes("the flow-matching decoder", estimator_shapes(config), own)
    layers = matrices(config, own, added)
    different = {name for name in layers if name.endswith(TUNED) or not _keys(name).isdisjoint(changed)}
    if base is None:
        shared = {name: layer for name, layer in layers.items() if name not in different}
        keys = frozenset(key for name in shared for key in _keys(name))
        base = BaseMatrices(keys, frozenset(shared), _hold(shared, holding, threads))
    different |= layers.keys() - base.names
    tuned = _hold({name: layers[name] for name in different}, holding, threads)
    products = LayeredProducts(tuned, different, base.products)
    return HostEstimator(config, own, products, _attention(config, holding, threads)), base


def _hold(layers: Layers, holding: SamplerHolding, threads: int) -> Products:
    """Pack matrices; in bfloat16 only those for which speed counts."""
    if holding != "bf16":
        return hold(layers, holding, threads)
    heavy = {name: layer for name, layer in layers.items() if name.endswith(_HEAVY)}
    other = {name: layer for name, layer in layers.items() if name not in heavy}
    if not heavy or not other:
        return hold(layers, "bf16", threads) if heavy else hold_exactly(layers, "fp16", threads)
    return LayeredProducts(hold(heavy, "bf16", threads), heavy, hold_exactly(other, "fp16", threads))


def _keys(name: str) -> frozenset[str]:
    return frozenset(ESTIMATOR + key for key in keys_of(name))


def _attention(config: CfmConfig, holding: SamplerHolding, threads: int) -> NativeAttention | None:
    """Native attention, None where there is no native code."""
    library = load()
    if library.handle is None:
        return None
    return NativeAttention(library.handle, config.heads, threads, rounded=holding == "bf16")


def choose_condition(
    config: CfmConfig,
    arrays: Mapping[str, Array],
    dtype: type = np.float32,
    choice: Choice = "auto",
    holding: Holding = "fp32",
    threads: int = 0,
) -> Condition:
    """Return what makes the condition; arguments and errors as of :func:`choose_estimator`."""
    own = {key: array for key, array in arrays.items() if key.startswith(CONDITION)}
    if host_or_graph(choice, dtype) == "graph":
        from GPT_SoVITS.cfm.graphs import GraphCondition

        return GraphCondition(config, own, dtype=dtype)
    check_shapes("the condition of the flow", condition_shapes(config), own)
    return HostCondition(config, hold(condition_matrices(config, own), holding, threads))
