"""Commands that messages tell people to run: they work as printed, whichever Python runs and whether it is on PATH."""

from __future__ import annotations

import functools
import shlex
import shutil
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[1]


@functools.lru_cache(maxsize=1)
def python() -> str:
    """Return how a person starts the running interpreter from the project's folder, quoted for a shell.

    That is ``python`` where PATH finds this very interpreter, else its path below the project (``.venv/bin/python``),
    else its full path.
    """
    running = Path(sys.executable)
    for name in ("python", "python3"):
        found = shutil.which(name)
        if found is not None and Path(found) == running:
            return name
    if running.is_relative_to(_ROOT):
        return shlex.quote(str(running.relative_to(_ROOT)))
    return shlex.quote(str(running))


def module(name: str, *arguments: str) -> str:
    """Return the command that runs one of our modules, such as ``python -m GPT_SoVITS.resources fetch hubert``."""
    return " ".join((python(), "-m", name, *map(shlex.quote, arguments)))


def pip_install(*requirements: str) -> str:
    """Return the command that installs packages into the running environment."""
    return module("pip", "install", *requirements)
