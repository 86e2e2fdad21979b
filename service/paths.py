"""Paths that clients name: only files within configured folders, after every link is resolved."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from service.errors import MissingError, ParameterError

_MAX_LENGTH = 4096


def confined(path: str, roots: Iterable[Path], base: Path, what: str = "path") -> Path:
    """Return the real path of an existing file that a client named.

    Args:
        path: Absolute, or relative to ``base``.
        roots: Folders it may lie in; links in them are resolved too.
        base: The project's folder.
        what: Name of the field, for messages.

    Raises:
        ParameterError: it lies elsewhere; also where nothing is there, so that nobody can ask what exists outside.
        MissingError: it lies within the folders, and is no file.
    """
    if not path or len(path) > _MAX_LENGTH or not path.isprintable():
        raise ParameterError(f"{what} is empty, too long, or has characters that paths do not have")
    allowed = [root.resolve() for root in roots]
    try:
        real = (base / path).resolve()
    except (OSError, RuntimeError, ValueError):
        raise ParameterError(f"{what} cannot be resolved") from None
    if not any(real.is_relative_to(root) for root in allowed):
        raise ParameterError(
            f"{what} must lie in one of the folders {', '.join(_named(root, base) for root in allowed)}"
        )
    if not real.is_file():
        raise MissingError(f"{what}: there is no file {_named(real, base)}")
    return real


def _named(path: Path, base: Path) -> str:
    """Return a path as clients may see it: relative to the project, or its last name."""
    base = base.resolve()
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else path.name
