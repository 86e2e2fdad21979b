"""The engine's networks for a step, with what can go wrong as failures of the step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, cast

import numpy as np

from convert.base import OFFICIAL_ENCODER, sovits_base
from convert.errors import CheckpointError
from convert.official import find
from convert.reader import load
from GPT_SoVITS import backend
from GPT_SoVITS.dataset.features.options import FeatureOptions
from GPT_SoVITS.dataset.problems import StepError
from GPT_SoVITS.engine.errors import WeightsInvalidError, WeightsMissingError
from GPT_SoVITS.inference.features import Features
from GPT_SoVITS.inference.installed import resource_file
from GPT_SoVITS.sovits.semantic import KEYS, SemanticTokens
from GPT_SoVITS.versions import version_of

T = TypeVar("T")


def networks(options: FeatureOptions, number: int) -> Features:
    """Return the networks of a process, none loaded yet.

    Args:
        options: Of the step.
        number: Of the process, from 0.
    """
    settings = replace(options.settings, device_id=options.devices[number % len(options.devices)])
    target = cast("backend.DeviceTarget | None", settings.device_target)
    try:
        backend.configure(target, settings.device_id)
    except backend.BackendError as error:
        raise StepError("model_unusable", reason=str(error)) from error
    return Features(settings)


def loaded(load: Callable[[], T]) -> T:
    """Load a network.

    Raises:
        StepError: it is missing or cannot be used; the message has the command that mends it.
    """
    try:
        return load()
    except WeightsMissingError as error:
        raise StepError("model_missing", reason=str(error)) from error
    except WeightsInvalidError as error:
        raise StepError("model_unusable", reason=str(error)) from error


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Read SoVITS weights.

    Raises:
        StepError: they are missing or cannot be used.
    """
    try:
        yield
    except OSError as error:
        raise StepError("model_missing", reason=f"{path.name!r} cannot be opened: {error.strerror or error}") from error
    except CheckpointError as error:
        raise StepError("model_unusable", reason=str(error)) from error
    except KeyError as error:
        raise StepError("model_unusable", reason=f"{path.name!r} has no {error}: it is no SoVITS file") from error


def content_encoder(options: FeatureOptions) -> str:
    """Return the name of the content encoder that the weights were trained with: tokens of another mean nothing.

    Without weights of the user's own it is the official one. Published weights need not be there for that.

    Raises:
        StepError: the weights are missing or cannot be used.
    """
    if options.sovits is None:
        return OFFICIAL_ENCODER
    with reading(options.sovits):
        return sovits_base(options.sovits).content_encoder


def semantic_tokens(options: FeatureOptions) -> SemanticTokens:
    """Return the quantizer of the weights.

    Raises:
        StepError: they are missing or cannot be used.
    """
    path = options.sovits or loaded(lambda: resource_file(version_of(options.version).sovits))
    with reading(path):
        # Only what is needed is read: the rest of the network is hundreds of megabytes.
        weights = find(load(path)).weights
        arrays = {key: np.asarray(weights[key].array(), np.float32) for key in KEYS}
    bad = [key for key, array in arrays.items() if not np.isfinite(array).all()]
    if bad:
        raise StepError("model_unusable", reason=f"{path.name!r} holds values in {bad[0]} that are not numbers")
    return SemanticTokens(arrays)
