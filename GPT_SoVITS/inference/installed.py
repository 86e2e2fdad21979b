"""Where the engine's networks lie, and what is said when one is not there or cannot be used."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from convert import CheckpointError, Weights, open_weights
from convert.printing import printable
from GPT_SoVITS import _commands
from GPT_SoVITS.cfm.config import CfmConfigError
from GPT_SoVITS.engine.errors import WeightsInvalidError, WeightsMissingError
from GPT_SoVITS.features.errors import FeatureError
from GPT_SoVITS.layers.weights import NotFiniteResultsError
from GPT_SoVITS.resources.locate import locate, project_root
from GPT_SoVITS.resources.manifest import load_manifest
from GPT_SoVITS.resources.own import SUPER_SAMPLING
from GPT_SoVITS.sovits.config import ConfigError
from GPT_SoVITS.t2s.choose import WeightsError
from GPT_SoVITS.t2s.config import T2SConfigError

logger = logging.getLogger(__name__)


@contextmanager
def loading(what: str, path: Path) -> Iterator[None]:
    """Turn what can go wrong while weights are read into errors of the engine that name the file."""
    try:
        yield
    except FileNotFoundError as error:
        raise WeightsMissingError(f"{what}: {path.name!r} is not there; check the path") from error
    except OSError as error:
        raise WeightsMissingError(f"{what}: {path.name!r} cannot be opened: {error.strerror or error}") from error
    except NotFiniteResultsError as error:
        raise WeightsInvalidError(f"{what}: {path.name!r} {error}") from error
    except (CheckpointError, WeightsError, FeatureError, T2SConfigError, ConfigError, CfmConfigError) as error:
        raise WeightsInvalidError(f"{what}: {_placeless(error, path)}") from error
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:  # a network that its own numbers contradict
        logger.exception("%s: %s cannot be used", what, path.name)
        raise WeightsInvalidError(f"{what}: {path.name!r} cannot be used ({type(error).__name__}: {error})") from error


def _placeless(error: Exception, path: Path) -> str:
    """What an error says, without where on this machine the file and the project lie: clients read it."""
    text = str(error)
    for place in dict.fromkeys((str(path), printable(path))):
        text = text.replace(place, path.name)
    return text.replace(f"{printable(project_root())}/", "")


def folder_of(resource: str, given: str | None) -> Path:
    """Return the folder of a network: the one given, else where the resource is installed.

    Raises:
        WeightsMissingError: it is not installed.
    """
    path = Path(given) if given is not None else resource_file(resource)
    return path.parent if path.name == "pytorch_model.bin" else path


def resource_file(resource: str) -> Path:
    """Return the weight file of an installed resource.

    Raises:
        WeightsMissingError: it is not installed; the message says how to fetch it.
    """
    folder = locate(resource)
    if folder is None:
        description = load_manifest().get(resource).description["en"]
        raise WeightsMissingError(
            f"{description}: not installed; fetch it with: "
            + _commands.module("GPT_SoVITS.resources", "fetch", resource)
        )
    files = load_manifest().get(resource).files
    return folder / next(file.name for file in files if file.name.endswith((".bin", ".ckpt", ".pth", ".pt")))


def extension_file(given: str | None) -> Path:
    """Return the file of AP-BWE: the one given, else the one that the user has put there.

    Raises:
        WeightsMissingError: there is none.
    """
    path = Path(given) if given is not None else SUPER_SAMPLING.located()
    if path is None:
        files = " and ".join((SUPER_SAMPLING.name, *SUPER_SAMPLING.beside))
        raise WeightsMissingError(
            f"super_sampling: AP-BWE is not installed; put {files} ({SUPER_SAMPLING.origin}) into "
            f"{SUPER_SAMPLING.folder}, or speak without it, or with v4, which makes 48 kHz"
        )
    return path


def open_network(path: Path, kind: str) -> Weights:
    """Open the weights of a network.

    Raises:
        FeatureError: they are of another kind.
        CheckpointError: see :func:`convert.open_weights`.
    """
    weights = open_weights(path)
    if weights.kind != kind:
        raise FeatureError(f"{path.name} holds a network of kind {weights.kind!r}, expected {kind!r}")
    return weights
