"""Which resources are installed: where the configuration says, else where `GPT_SoVITS.resources` puts them.

Installed means that the engine would load it. Whether it is the published file is what `resources check` says.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path

from GPT_SoVITS.resources import loads_from, locate
from service.settings import Settings

_TRUSTED_S = 1.0
"""How long an answer holds: many requests may ask, and files come seldom."""


class Presence:
    """Knows what is installed. Threads may share it; asking costs a few looks at the disk once a second.

    Args:
        root: The project.
        given: Where the configuration says that a resource lies, by its id.
    """

    def __init__(self, root: Path, given: Mapping[str, str | None] | None = None) -> None:
        self._root = root
        self._given = {name: root / path for name, path in (given or {}).items() if path}
        self._known: dict[str, tuple[float, bool]] = {}
        self._lock = threading.Lock()

    @classmethod
    def of(cls, settings: Settings) -> Presence:
        """Return the presence that settings describe."""
        return cls(settings.root, {"hubert": settings.hubert_path, "roberta": settings.bert_path})

    def has(self, name: str) -> bool:
        """Whether a resource is installed."""
        now = time.monotonic()
        with self._lock:
            known = self._known.get(name)
        if known is not None and now - known[0] < _TRUSTED_S:
            return known[1]
        given = self._given.get(name)
        found = locate(name, self._root) is not None if given is None else loads_from(name, given)
        with self._lock:
            self._known[name] = (now, found)
        return found
