"""The weight files that are installed, each with what it is."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from convert.printing import printable
from GPT_SoVITS import _commands, starter
from GPT_SoVITS.resources import load_manifest
from GPT_SoVITS.resources.pairing import KINDS, weight_files
from service.presence import Presence
from service.weights.choice import relative
from service.weights.examination import Examiner, Finding, base_of

logger = logging.getLogger(__name__)

# What a synthesis needs besides a pair of weights, and one pair.
_NEEDED = ("hubert", "roberta")
_PAIR = ("gpt-v2", "sovits-v2")


@dataclass(frozen=True)
class WeightFile:
    """A weight file.

    Attributes:
        kind: ``gpt`` or ``sovits``.
        path: Relative to the project where it lies within.
        name: Last part of the path.
        version: v1, v2, v2Pro, v2ProPlus, v3 or v4; "" where the file does not tell.
        size: Bytes.
        modified_at: Unix seconds.
        lora: Whether it holds only changes to published weights.
        problem: Why it cannot be used, None where nothing is known against it.
        starter: Whether it is one of those that come with the program.
    """

    kind: str
    path: str
    name: str
    version: str
    size: int
    modified_at: int
    lora: bool = False
    problem: str | None = None
    starter: bool = False


@dataclass(frozen=True)
class MissingResource:
    """Something that is not installed and a synthesis needs, but for one with the weights of the program.

    Attributes:
        name: Its id.
        description: What it is.
        description_zh: The same in Chinese.
        size: Bytes to be fetched, None where that is not known.
        command: What fetches it.
    """

    name: str
    description: str
    description_zh: str
    size: int | None
    command: str


class Catalogue:
    """Looks through the weight folders; what a file is stays known until it changes. Blocks. Threads may share it.

    Args:
        root: The project.
        folders: Where weights lie; may also name files.
        presence: Says which resources are installed.
        examiner: Looks at the files.
    """

    def __init__(
        self,
        root: Path,
        folders: Iterable[Path],
        presence: Presence | None = None,
        examiner: Examiner | None = None,
    ) -> None:
        self._root, self._folders = root, tuple(folders)
        self._presence = presence or Presence(root)
        self._examiner = examiner or Examiner()
        self._told: set[tuple[str, str]] = set()

    def files(self) -> list[WeightFile]:
        """Return all weights of the two networks that can be chosen, by kind and name."""
        paths = list(weight_files(self._folders))
        allowed = [folder.resolve() for folder in self._folders]
        findings = {path: _refused(path, allowed) for path in paths}
        findings |= self._examiner.examine([path for path, refused in findings.items() if refused is None])
        found = [self._described(path, findings[path] or _BAD_NAME) for path in paths]
        return sorted((file for file in found if file is not None), key=lambda file: (file.kind, file.path))

    def missing(self) -> list[MissingResource]:
        """Return what a synthesis needs and is not installed."""
        needed = list(_NEEDED)
        kinds = {file.kind for file in self.files() if file.problem is None and not file.starter}
        needed += [name for name, kind in zip(_PAIR, ("gpt", "sovits"), strict=True) if kind not in kinds]
        manifest = load_manifest()
        missing = [manifest.get(name) for name in needed if not self._presence.has(name)]
        return [
            MissingResource(
                each.id,
                each.description["en"],
                each.description["zh"],
                each.size,
                _commands.module("GPT_SoVITS.resources", "fetch", each.id),
            )
            for each in missing
        ]

    def signature(self) -> tuple[tuple[str, int, int], ...]:
        """Return what tells whether any weight file came, went or changed; reads no file."""
        found = []
        for path in weight_files(self._folders):
            with contextlib.suppress(OSError):  # removed meanwhile
                status = path.stat()
                found.append((str(path), status.st_mtime_ns, status.st_size))
        return tuple(found)

    def _described(self, path: Path, finding: Finding) -> WeightFile | None:
        try:
            # Nothing of what a link leads to outside is told, not even its size.
            status = path.lstat() if finding is _LEADS_OUT or (path.is_symlink() and not path.exists()) else path.stat()
        except FileNotFoundError:  # removed meanwhile
            return None
        except OSError:
            status = path.lstat()
        shown = printable(relative(path, self._root))
        # By the folders' names; a file elsewhere that is no weights is none of ours.
        by_folder = "sovits" if "sovits_weights" in shown.lower() else "gpt" if "gpt_weights" in shown.lower() else None
        kind = KINDS.get(finding.kind) if finding.kind else by_folder
        if kind is None:
            return None
        finding = self._with_base(finding)
        self._tell(shown, finding)
        name, size, modified_at = printable(path.name), status.st_size, int(status.st_mtime)
        own, problem = path.parent == starter.FOLDER, finding.problem or None
        return WeightFile(kind, shown, name, finding.version, size, modified_at, finding.lora, problem, own)

    def _with_base(self, finding: Finding) -> Finding:
        """Return what is known of a file, with what is missing where it changes weights that are not installed."""
        base = base_of(finding)
        if finding.problem or not base or self._presence.has(base):
            return finding
        command = _commands.module("GPT_SoVITS.resources", "fetch", base)
        problem = f"a LoRA of {finding.version}, whose base is not installed; fetch it with: {command}"
        return replace(finding, problem=problem)

    def _tell(self, shown: str, finding: Finding) -> None:
        """Say once on the console what is wrong with a file."""
        if finding.problem and finding.settled and (shown, finding.problem) not in self._told:
            self._told.add((shown, finding.problem))
            logger.warning("weights %s cannot be used: %s", shown, finding.problem)


_BAD_NAME = Finding(problem="its name is not UTF-8 text; rename the file")
_LEADS_OUT = Finding(
    problem="it is a link that leads out of the weight folders; put the file itself there, or start the service with "
    "--weights-root FOLDER to allow the folder where it lies"
)


def _refused(path: Path, allowed: Iterable[Path]) -> Finding | None:
    """Why a file is not even opened: what `named_weights` would refuse is not looked at either."""
    if not _is_utf8(path):
        return _BAD_NAME
    try:
        real = path.resolve()
    except (OSError, RuntimeError):  # a link to itself, of which the examiner says so
        return None
    return None if any(real.is_relative_to(folder) for folder in allowed) else _LEADS_OUT


def _is_utf8(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True
