"""Which self-checks a library has passed, noted beside it so that later processes need not repeat them.

Only passes are noted: what failed is checked again. A note names all that the outcome depends on by digest, so one of
another library or processor never counts, and a file that cannot be read counts as empty.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path

from GPT_SoVITS.native.build import BuildError, folder, write_whole

_MOST = 64
"""Notes kept: precisions times numbers of threads, with room to spare."""


def key(*parts: object) -> str:
    """Return the digest of what an outcome depends on; parts must have a lasting ``repr``."""
    return hashlib.sha256("\0".join(map(repr, parts)).encode()).hexdigest()


def passed(library: Path, key: str) -> bool:
    """Say whether a check of this key is noted as passed."""
    return any(key in _read(path) for path in _files(library))


def note(library: Path, key: str) -> None:
    """Note a check as passed; where nothing can be written the next process checks again."""
    for path in _files(library):
        with contextlib.suppress(OSError):
            write_whole(path, json.dumps([*_read(path), key][-_MOST:]))
            return


def _files(library: Path) -> list[Path]:
    """Beside the library; else where libraries would be built, should it lie where nothing can be written."""
    places = [library.parent] if os.access(library.parent, os.W_OK) else []
    with contextlib.suppress(BuildError):
        places.append(folder())
    return [place / f"{library.stem}.checked" for place in dict.fromkeys(places)]


def _read(path: Path) -> list[str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []
