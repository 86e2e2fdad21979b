"""Which weights and language data there are, and the command that brings what is missing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from GPT_SoVITS import _commands
from GPT_SoVITS.doctor.findings import Finding, State
from GPT_SoVITS.engine.errors import WeightsMissingError
from GPT_SoVITS.resources.locate import ResourceCheck, check, project_root
from GPT_SoVITS.resources.manifest import Resource, load_manifest
from GPT_SoVITS.resources.own import SUPER_SAMPLING
from GPT_SoVITS.say.weights import FEATURE_VARIABLES, find_weights

AREA = "resources"
FETCH = _commands.module("GPT_SoVITS.resources", "fetch")


def examine(root: Path | None = None, variables: Mapping[str, str] = os.environ) -> list[Finding]:
    """Look at the resources, by presence and size; contents are checked by ``GPT_SoVITS.resources check``."""
    folder = project_root() if root is None else root
    manifest = load_manifest()
    findings = [_feature(manifest.get(name), folder, variables) for name in FEATURE_VARIABLES]
    findings.append(_weights(folder, variables))
    findings += [_optional(resource, folder) for resource in manifest.resources if _is_optional(resource)]
    return [*findings, _super_sampling()]


def _feature(resource: Resource, root: Path, variables: Mapping[str, str]) -> Finding:
    what, given = resource.description["en"], variables.get(FEATURE_VARIABLES[resource.id])
    if given and Path(given).is_dir():
        return Finding(AREA, resource.id, State.OK, f"{given} (${FEATURE_VARIABLES[resource.id]})")
    found = check(resource, root, checksum=False)
    if found.good:
        return Finding(AREA, resource.id, State.OK, str(found.folder))
    if resource.id == "roberta":
        return Finding(AREA, resource.id, State.NOTE, f"{_wrong(found)}: {what}; Chinese cannot be spoken",
                       f"{FETCH} {resource.id}")  # fmt: skip
    return Finding(AREA, resource.id, State.BAD, f"{_wrong(found)}: {what}", f"{FETCH} {resource.id}")


def _weights(root: Path, variables: Mapping[str, str]) -> Finding:
    try:
        pair = find_weights(root=root, variables=variables)
    except WeightsMissingError as error:
        return Finding(AREA, "weights", State.BAD, str(error).splitlines()[0], f"{FETCH} --version v2")
    return Finding(AREA, "weights", State.OK, f"{Path(pair.gpt).name} and {Path(pair.sovits).name}")


def _super_sampling() -> Finding:
    found = SUPER_SAMPLING.located()
    if found is not None:
        return Finding(AREA, "super-sampling", State.OK, str(found.parent))
    files = " and ".join((SUPER_SAMPLING.name, *SUPER_SAMPLING.beside))
    return Finding(
        AREA, "super-sampling", State.NOTE,
        f"not installed: AP-BWE, with which v3 speaks at 48 kHz (optional; put {files} of {SUPER_SAMPLING.origin} into "
        f"{SUPER_SAMPLING.folder})",
    )  # fmt: skip


def _is_optional(resource: Resource) -> bool:
    return resource.use == "synthesis" and not resource.versions


def _optional(resource: Resource, root: Path) -> Finding:
    found = check(resource, root, checksum=False)
    if found.good:
        return Finding(AREA, resource.id, State.OK, str(found.folder))
    return Finding(
        AREA, resource.id, State.NOTE, f"{_wrong(found)}: {resource.description['en']}", f"{FETCH} {resource.id}"
    )


def _wrong(found: ResourceCheck) -> str:
    return "damaged" if found.damaged else "not installed"
