"""The networks that make the features of semantic tokens, each loaded when weights that were trained with it speak.

A weight file names its content encoder, since tokens of another one mean nothing to it. The names are those below, and
the folders are the program's own: a file cannot make the engine open anything else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from GPT_SoVITS import starter
from GPT_SoVITS.engine.errors import WeightsInvalidError
from GPT_SoVITS.execution import Execution
from GPT_SoVITS.features.host_frames import frame_matrices
from GPT_SoVITS.features.hubert_config import HubertConfig
from GPT_SoVITS.features.hubert_extractor import Hubert
from GPT_SoVITS.features.stack import LayerStack, hubert_layers
from GPT_SoVITS.inference.companions import OFFICIAL
from GPT_SoVITS.inference.idle_unload import IdleUnloadStack
from GPT_SoVITS.inference.installed import folder_of, loading, open_network
from GPT_SoVITS.inference.native_parts import native_products, native_stack
from GPT_SoVITS.native.encoder import EncoderSizes

Arrays = Mapping[str, np.ndarray[Any, np.dtype[Any]]]


class ContentEncoders:
    """Those of one engine, each loaded once.

    Args:
        execution: Says what computes what; asked when one is loaded.
        official: Folder of chinese-hubert-base; None looks where ``GPT_SoVITS.resources`` puts it.
        threads: CPU threads; 0 takes what the process may use.
    """

    def __init__(self, execution: Callable[[], Execution], official: str | None, threads: int) -> None:
        self._execution, self._threads = execution, threads
        self._folders: Mapping[str, Callable[[], Path]] = {
            OFFICIAL: lambda: folder_of("hubert", official),
            "starter": lambda: starter.CONTENT_ENCODER,
        }
        self._loaded: dict[str, Hubert] = {}
        self._idle_layers: dict[str, IdleUnloadStack] = {}
        self._lock = threading.Lock()

    def get(self, name: str = OFFICIAL) -> Hubert:
        """Return a content encoder.

        Raises:
            WeightsMissingError: it is not installed.
            WeightsInvalidError: there is none of that name, or its files cannot be used.
        """
        with self._lock:
            if name not in self._loaded:
                self._loaded[name] = self._load(name)
            return self._loaded[name]

    def unloaded(self, name: str = OFFICIAL) -> IdleUnloadStack | None:
        """Return a content encoder's layers where they are not in memory: any thread may load them before it runs."""
        layers = self._idle_layers.get(name)
        return layers if layers is not None and not layers.is_loaded else None

    def _load(self, name: str) -> Hubert:
        if name not in self._folders:
            raise WeightsInvalidError(
                f"the weights need the content encoder {name!r}; known are {', '.join(self._folders)}"
            )
        path = self._folders[name]()
        with loading("HuBERT", path):
            weights = open_network(path, "hubert")
            return self._built(name, HubertConfig.from_official(weights.config), weights.arrays)

    def _built(self, name: str, config: HubertConfig, arrays: Arrays) -> Hubert:
        execution, threads = self._execution(), self._threads
        precision = execution.hubert_precision
        stack: LayerStack | None = native_stack(execution, threads, _sizes(config), hubert_layers(arrays), precision)
        products = native_products(execution, threads, lambda: frame_matrices(config, arrays))
        if stack is not None and precision != "fp32":
            stack = self._idle_layers[name] = IdleUnloadStack(lambda: self._layers_again(name), first=stack)
        return Hubert(config, arrays, stack=stack, products=products)

    def _layers_again(self, name: str) -> LayerStack:
        path, execution = self._folders[name](), self._execution()
        with loading("HuBERT", path):
            weights = open_network(path, "hubert")
            sizes, layers = _sizes(HubertConfig.from_official(weights.config)), hubert_layers(weights.arrays)
            again = native_stack(execution, self._threads, sizes, layers, execution.hubert_precision)
        if again is None:
            raise WeightsInvalidError(f"HuBERT: {path.name!r} can no longer be loaded")
        return again


def _sizes(config: HubertConfig) -> EncoderSizes:
    return EncoderSizes(
        config.hidden_size, config.heads, config.layers, config.intermediate_size, config.layer_norm_eps
    )
