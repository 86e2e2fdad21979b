"""Weight files that clients name: within the weight folders, and of the network that they are named for."""

from __future__ import annotations

from pathlib import Path

from GPT_SoVITS import _commands
from GPT_SoVITS.resources import load_manifest, locate
from GPT_SoVITS.resources.pairing import KINDS
from service.errors import MissingError, ParameterError, UnavailableError
from service.paths import confined
from service.settings import Settings
from service.weights.examination import Examiner, base_of


def named_weights(settings: Settings, examiner: Examiner, path: str, kind: str) -> Path:
    """Return the real path of a weight file.

    Args:
        settings: Where weights may lie.
        examiner: Looks at the file.
        path: As a client wrote it.
        kind: ``gpt`` or ``sovits``.

    Raises:
        ParameterError: it lies elsewhere, cannot be loaded, or holds another network.
        MissingError: there is no such file, or it changes published weights that are not installed.
        UnavailableError: files cannot be examined now.
    """
    field = f"{kind}_model_path"
    real = confined(path, settings.weight_places, settings.root, field, outside="weights_path_outside")
    found = examiner.examine([real])[real]
    if found.kind and KINDS.get(found.kind) != kind:
        raise ParameterError("weights_other_network", field=field, found=found.kind)
    if found.problem and not found.settled:
        raise UnavailableError("weights_unexamined", retry_after=10, field=field, detail=found.problem)
    if found.problem:
        raise ParameterError("weights_unusable", field=field, name=real.name, detail=found.problem)
    base = base_of(found)
    if base and locate(base, settings.root) is None:
        command, name = _commands.module("GPT_SoVITS.resources", "fetch", base), load_manifest().get(base).files[0].name
        raise MissingError("pretrained_missing", field=field, name=Path(name).name, command=command)
    return real
