"""Which weights to speak with when the command line names none."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from convert.errors import CheckpointError
from convert.identity import identify
from GPT_SoVITS import _commands, starter
from GPT_SoVITS.engine.errors import WeightsMissingError
from GPT_SoVITS.engine.messages import WeightsPair
from GPT_SoVITS.resources.locate import locate, project_root
from GPT_SoVITS.resources.manifest import load_manifest
from GPT_SoVITS.resources.pairing import KINDS, WEIGHTS_ROOTS, newest_pair, weight_files
from GPT_SoVITS.versions import VERSIONS

REMEMBERED = ("gweight.txt", "sweight.txt")
VARIABLES = ("gpt_path", "sovits_path")
FEATURE_VARIABLES = {"hubert": "cnhubert_base_path", "roberta": "bert_path"}
"""Feature network -> environment variable that names its folder."""
_PREFERRED = ("v2", "v2ProPlus", "v2Pro", "v1")
INSTALLED = {name: (VERSIONS[name].gpt, VERSIONS[name].sovits) for name in _PREFERRED}
"""Model version -> resources of its weights; the first that is installed serves."""
FETCH = _commands.module("GPT_SoVITS.resources", "fetch", "--version")


def find_weights(
    gpt: str | None = None,
    sovits: str | None = None,
    *,
    version: str | None = None,
    root: Path | None = None,
    variables: Mapping[str, str] = os.environ,
    spare: WeightsPair | None = None,
) -> WeightsPair:
    """Return the weights to speak with.

    Each of the two is the first there is of: the path given; the variables ``gpt_path`` and ``sovits_path``; what
    ``gweight.txt`` and ``sweight.txt`` name; the installed base weights, both of one version. Where nothing at all was
    named or installed, it is the newest pair in the weight folders, as where the service starts.

    Args:
        gpt: GPT weights asked for.
        sovits: SoVITS weights asked for.
        version: Take the installed base weights of this version, a key of :data:`INSTALLED`, where no path is given.
        root: Where the two text files lie; the project by default.
        variables: The environment.
        spare: What serves where nothing was named and nothing is there.

    Raises:
        WeightsMissingError: a file that was named is not there, or nothing was named and nothing is installed.
    """
    folder = project_root() if root is None else root
    variables, remembered = (variables, folder) if version is None else ({}, folder / "nowhere")
    named = [
        given or variables.get(variable) or _remembered(remembered / file)
        for given, variable, file in zip((gpt, sovits), VARIABLES, REMEMBERED, strict=True)
    ]
    if None in named:
        installed = installed_weights(folder, version)
        if installed is None and version is None and not any(named):
            installed = pair_put_there(folder) or spare
        if installed is not None:
            named = [name or base for name, base in zip(named, (installed.gpt, installed.sovits), strict=True)]
    for what, name in zip(("GPT", "SoVITS"), named, strict=True):
        if name is None:
            raise WeightsMissingError(
                f"there are no {what} weights{f' of {version}' if version else ''}\n"
                f"fetch the base weights: {FETCH} {version or 'v2'}\nor name your own with --{what.lower()}"
            )
    paths = [_existing(str(name), folder) for name in named]
    return WeightsPair(*paths)


def starter_weights() -> WeightsPair | None:
    """Return the weights that come with the program; None where they were left out."""
    found = starter.pair()
    return WeightsPair(*found) if found else None


def installed_weights(root: Path | None = None, version: str | None = None) -> WeightsPair | None:
    """Return the installed base weights of a version, by default the preferred one; None when there are none."""
    for resources in INSTALLED.values() if version is None else [INSTALLED[version]]:
        files = [_file(resource, root) for resource in resources]
        if all(files):
            return WeightsPair(str(files[0]), str(files[1]))
    return None


@dataclass(frozen=True)
class _Found:
    """A weight file that was put there by hand; see :class:`GPT_SoVITS.resources.pairing.Candidate`."""

    kind: str
    path: str
    version: str
    modified_at: int
    lora: bool
    problem: str | None


def pair_put_there(root: Path) -> WeightsPair | None:
    """Return the newest pair of the highest version in the weight folders of a project; None without one."""
    found = []
    for path in weight_files(root / folder for folder in WEIGHTS_ROOTS):
        try:
            network, changed = identify(path), int(path.stat().st_mtime)
        except (CheckpointError, OSError):  # no weights, or damaged: others may do
            continue
        kind, problem = KINDS.get(network.kind, ""), network.problem or None
        found.append(_Found(kind, str(path), network.version, changed, network.lora, problem))
    pair = newest_pair(found, lambda resource: locate(resource, root) is not None)
    return WeightsPair(*(file.path for file in pair)) if pair else None


def _file(resource: str, root: Path | None) -> Path | None:
    folder = locate(resource, root)
    if folder is None:
        return None
    names = [file.name for file in load_manifest().get(resource).files]
    return folder / next(name for name in names if name.endswith((".ckpt", ".pth")))


def _remembered(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def _existing(name: str, folder: Path) -> str:
    """A path as given when it is there, else relative to the project, as the text files may have it."""
    for path in (Path(name).expanduser(), folder / name):
        if path.is_file():
            return str(path)
    raise WeightsMissingError(f"there are no weights {name!r}; check the path")
