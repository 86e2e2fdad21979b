"""Paths that clients name: only files within configured folders, after every link is resolved."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from service.errors import MissingError, ParameterError

_MAX_LENGTH = 4096


def confined(
    path: str,
    roots: Iterable[Path],
    base: Path,
    what: str = "path",
    *,
    also_from: Path | None = None,
    outside: str = "path_outside",
    missing: str = "file_missing",
    is_there: Callable[[Path], bool] = Path.is_file,
) -> Path:
    """Return the real path of an existing file that a client named.

    Args:
        path: Absolute, or relative to ``base``.
        roots: Folders it may lie in; links in them are resolved too.
        base: The project's folder.
        what: Name of the field, for messages.
        also_from: Relative paths that lead nowhere from ``base`` are taken from here.
        outside: Code of the words that say that it lies elsewhere.
        missing: Code of the words that say that nothing of the kind is there.
        is_there: Tells what is meant: a file, or a folder.

    Raises:
        ParameterError: it lies elsewhere; also where nothing is there, so that nobody can ask what exists outside.
        MissingError: it lies within the folders, and is no file.
    """
    if not path or len(path) > _MAX_LENGTH or not path.isprintable():
        raise ParameterError("path_malformed", field=what)
    allowed = [root.resolve() for root in roots]
    try:
        real = (base / path).resolve()
        if also_from is not None and not is_there(real):
            real = (also_from / path).resolve()
        found = is_there(real)
    except (OSError, RuntimeError, ValueError):  # a name over 255 bytes, a link to itself
        raise ParameterError("path_unresolvable", field=what) from None
    if not any(real.is_relative_to(root) for root in allowed):
        folders = ", ".join(dict.fromkeys(_named(root, base) for root in allowed))
        raise ParameterError(outside, field=what, folders=folders)
    if not found:
        raise MissingError(missing, field=what, name=_named(real, base))
    return real


def _named(path: Path, base: Path) -> str:
    """Return a path as clients may see it: relative to the project, or its last name."""
    base = base.resolve()
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else path.name
