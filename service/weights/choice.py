"""Which weights are current at start, and remembering a choice in the files that existing installations have."""

from __future__ import annotations

from pathlib import Path

from GPT_SoVITS.engine.messages import WeightsPair
from GPT_SoVITS.resources import load_manifest, locate
from service.folders import write_atomically
from service.settings import Settings

GPT_FILE, SOVITS_FILE = "gweight.txt", "sweight.txt"
# Official weights that serve when nothing was chosen, the first pair that is installed: resources and their files.
_PRETRAINED = (
    ("gpt-v2", "sovits-v2"),
    ("gpt-v3", "sovits-v2proplus"),
    ("gpt-v3", "sovits-v2pro"),
    ("gpt-v1", "sovits-v1"),
)


def initial_weights(settings: Settings) -> WeightsPair | None:
    """Return the weights to start with: configured, else remembered, else the official ones; None without any."""
    gpt = settings.gpt_path or remembered(settings.root / GPT_FILE)
    sovits = settings.sovits_path or remembered(settings.root / SOVITS_FILE)
    if gpt and sovits:
        return WeightsPair(str(settings.root / gpt), str(settings.root / sovits))
    official = _installed(settings.root)
    if official is None or not (gpt or sovits):
        return official
    return WeightsPair(
        str(settings.root / gpt) if gpt else official.gpt, str(settings.root / (sovits or official.sovits))
    )


def remember(root: Path, weights: WeightsPair) -> None:
    """Write a choice for the next start; paths within the root are kept relative to it."""
    for name, path in ((GPT_FILE, weights.gpt), (SOVITS_FILE, weights.sovits)):
        write_atomically(root / name, f"{relative(Path(path), root)}\n".encode())


def relative(path: Path, root: Path) -> str:
    """Return a path as people write it: relative to the project where it lies within."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def shown(path: str, root: Path) -> str:
    """Return a path as answers have it, wherever it is relative to."""
    return relative(root / path, root)


def remembered(path: Path) -> str | None:
    """Return what a file of a choice names; one written on Windows may have its slashes."""
    try:
        named = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError):
        return None
    if "\\" in named and not (path.parent / named).exists():
        named = named.replace("\\", "/")
    return named or None


def _installed(root: Path) -> WeightsPair | None:
    for pair in _PRETRAINED:
        paths = [_file_of(resource, root) for resource in pair]
        if all(paths):
            return WeightsPair(str(paths[0]), str(paths[1]))
    return None


def _file_of(resource: str, root: Path) -> Path | None:
    folder = locate(resource, root)
    return None if folder is None else folder / load_manifest().get(resource).files[0].name
