"""Which weights are current at start, and remembering a choice in the files that existing installations have."""

from __future__ import annotations

import contextlib
import logging
import secrets
from pathlib import Path

from convert.atomic import sync_folder
from GPT_SoVITS.engine.messages import WeightsPair
from GPT_SoVITS.resources import load_manifest, locate
from service.folders import write_synced
from service.settings import Settings

logger = logging.getLogger(__name__)

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


def is_open(settings: Settings) -> bool:
    """Whether nobody has chosen any weights: neither the configuration nor an earlier switch names one."""
    named = (settings.gpt_path, settings.sovits_path)
    return not any((*named, *(remembered(settings.root / name) for name in (GPT_FILE, SOVITS_FILE))))


class Remembered:
    """A choice for the next start that is on the disk, under other names as yet: what may fail has been done.

    Args:
        root: The project.
        weights: The choice; paths within the root are kept relative to it.
    """

    def __init__(self, root: Path, weights: WeightsPair) -> None:
        self._staged: list[tuple[Path, Path]] = []
        try:
            for name, path in ((GPT_FILE, weights.gpt), (SOVITS_FILE, weights.sovits)):
                part = root / f".{name}.{secrets.token_hex(6)}.part"
                self._staged.append((part, root / name))
                write_synced(part, f"{relative(Path(path), root)}\n".encode())
        except BaseException:
            self.discard()
            raise

    def keep(self) -> None:
        """Put it in the place of the one before; both files or none."""
        before = [target.read_bytes() if target.is_file() else None for _, target in self._staged]
        done: list[tuple[Path, bytes | None]] = []
        try:
            for (part, target), content in zip(self._staged, before, strict=True):
                part.replace(target)
                done.append((target, content))
        except BaseException:
            for target, content in done:
                _put_back(target, content)
            self.discard()
            raise
        try:
            sync_folder(self._staged[0][1].parent)
        except OSError as error:  # both names are there, and a disk that refuses this may refuse to put them back
            logger.warning("the choice of weights may be lost by a power cut: %s", error)

    def discard(self) -> None:
        """Forget it."""
        for part, _ in self._staged:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)


def _put_back(target: Path, content: bytes | None) -> None:
    with contextlib.suppress(OSError):
        if content is None:
            target.unlink(missing_ok=True)
        else:
            with target.open("r+b") as file:  # in place: a disk that fails may still take what it has room for
                file.write(content)
                file.truncate()


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
