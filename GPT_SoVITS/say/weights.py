"""Which weights to speak with when the command line names none."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from GPT_SoVITS.engine.errors import WeightsMissingError
from GPT_SoVITS.engine.messages import WeightsPair
from GPT_SoVITS.resources.locate import locate, project_root
from GPT_SoVITS.resources.manifest import load_manifest

REMEMBERED = ("gweight.txt", "sweight.txt")
VARIABLES = ("gpt_path", "sovits_path")
FEATURE_VARIABLES = {"hubert": "cnhubert_base_path", "roberta": "bert_path"}
"""Feature network -> environment variable that names its folder."""
INSTALLED = {
    "v2": ("gpt-v2", "sovits-v2"),
    "v2ProPlus": ("gpt-v3", "sovits-v2proplus"),
    "v2Pro": ("gpt-v3", "sovits-v2pro"),
    "v1": ("gpt-v1", "sovits-v1"),
}
"""Model version -> resources of its weights; the first that is installed serves."""
FETCH = "python -m GPT_SoVITS.resources fetch --version"


def find_weights(
    gpt: str | None = None,
    sovits: str | None = None,
    *,
    version: str | None = None,
    root: Path | None = None,
    variables: Mapping[str, str] = os.environ,
) -> WeightsPair:
    """Return the weights to speak with.

    Each of the two is the first there is of: the path given; the variables ``gpt_path`` and ``sovits_path``; what
    ``gweight.txt`` and ``sweight.txt`` name; the installed base weights, both of one version.

    Args:
        gpt: GPT weights asked for.
        sovits: SoVITS weights asked for.
        version: Take the installed base weights of this version, a key of :data:`INSTALLED`, where no path is given.
        root: Where the two text files lie; the project by default.
        variables: The environment.

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


def installed_weights(root: Path | None = None, version: str | None = None) -> WeightsPair | None:
    """Return the installed base weights of a version, by default the preferred one; None when there are none."""
    for resources in INSTALLED.values() if version is None else [INSTALLED[version]]:
        files = [_file(resource, root) for resource in resources]
        if all(files):
            return WeightsPair(str(files[0]), str(files[1]))
    return None


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
    raise WeightsMissingError(f"the weights {name!r} are not there; check the path")
