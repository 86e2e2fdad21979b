"""Layers and products of the feature networks, held natively where the engine's plan says so."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np

from GPT_SoVITS.execution import Execution, Holding
from GPT_SoVITS.features.stack import LayerTensors
from GPT_SoVITS.layers.products import Layers
from GPT_SoVITS.layers.weights import WeightsError
from GPT_SoVITS.native import library
from GPT_SoVITS.native.decoder import NativeError, Precision
from GPT_SoVITS.native.encoder import EncoderSizes, NativeEncoder
from GPT_SoVITS.native.products import NativeProducts

logger = logging.getLogger(__name__)


def native_products(
    execution: Execution, threads: int, layers: Callable[[], Layers], holding: Holding = "fp32"
) -> NativeProducts | None:
    """Return matrices held natively, None where features are graphs.

    Raises:
        WeightsError: they cannot be packed.
    """
    handle = library.load().handle if execution.features == "native" else None
    if handle is None:
        return None
    try:
        return NativeProducts(handle, layers(), holding, threads=threads)
    except NativeError as error:
        raise WeightsError(str(error)) from error
    except (AttributeError, MemoryError) as error:
        logger.warning("native products cannot be used (%s); compiling graphs instead", error)
        return None


def native_stack(
    execution: Execution, threads: int, sizes: EncoderSizes, layers: LayerTensors, precision: Precision
) -> NativeEncoder | None:
    """Return native layers, None where there are none; matrices whose file is float16 are never held wider.

    Raises:
        WeightsError: they cannot be packed.
    """
    handle = library.load().handle if execution.features == "native" else None
    if handle is None:
        return None
    is_half = layers(0)["query.weight"].dtype == np.float16
    held: Precision = "fp16" if precision == "fp32" and is_half else precision
    try:
        return NativeEncoder(handle, sizes, layers, held, threads=threads)
    except NativeError as error:
        raise WeightsError(str(error)) from error
    except (AttributeError, MemoryError) as error:
        logger.warning("the native encoder cannot be used (%s); compiling graphs instead", error)
        return None
