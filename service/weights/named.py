"""Weight files that clients name: within the weight folders, and of the network that they are named for."""

from __future__ import annotations

from pathlib import Path

from convert import CheckpointError, identify
from service.errors import ParameterError
from service.paths import confined
from service.settings import Settings
from service.weights.catalogue import KINDS
from service.weights.choice import relative


def named_weights(settings: Settings, path: str, kind: str) -> Path:
    """Return the real path of a weight file.

    Args:
        settings: Where weights may lie.
        path: As a client wrote it.
        kind: ``gpt`` or ``sovits``.

    Raises:
        ParameterError: it lies elsewhere, cannot be read, or holds another network.
        MissingError: there is no such file.
    """
    field = f"{kind}_model_path"
    real = confined(path, settings.weight_places, settings.root, field)
    try:
        identity = identify(real)
    except CheckpointError as error:
        # Not where on the server it lies.
        told = str(error).replace(str(real), relative(real, settings.root.resolve()))
        raise ParameterError(f"{field} cannot be used: {told}") from None
    if KINDS.get(identity.kind) != kind:
        raise ParameterError(f"{field} names weights of another network ({identity.kind})")
    return real
