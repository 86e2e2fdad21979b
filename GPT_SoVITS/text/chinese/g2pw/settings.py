"""Settings of the network, read from the ``config.py`` of its folder as data: the file is never executed."""

from __future__ import annotations

import ast
from dataclasses import dataclass, fields
from pathlib import Path

from GPT_SoVITS.text.chinese.g2pw.errors import G2pwFolderError

_LARGEST = 64 * 1024  # bytes; the published file has about one thousand


@dataclass(frozen=True)
class Settings:
    """The settings that change how the network is asked (the others belong to its training).

    Attributes:
        use_mask: Tell the network which readings the character has.
        use_char_phoneme: Its labels are pairs of character and reading instead of readings.
    """

    use_mask: bool = True
    use_char_phoneme: bool = False


def read_settings(path: Path) -> Settings:
    """Return the settings that a file assigns at its top level; the defaults stand for what it does not say.

    Raises:
        G2pwFolderError: the file is no Python source of a sensible size, or a setting is not True or False.
    """
    if not path.is_file():
        return Settings()
    if path.stat().st_size > _LARGEST:
        raise G2pwFolderError(f"{path} has {path.stat().st_size} bytes; expected a configuration under {_LARGEST}")
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise G2pwFolderError(f"{path} is not readable as Python source: {error}") from error
    known = {field.name for field in fields(Settings)}
    found = {}
    for statement in tree.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else ()
        for target in targets:
            if isinstance(target, ast.Name) and target.id in known and isinstance(statement, ast.Assign):
                found[target.id] = _flag(statement.value, target.id, path)
    return Settings(**found)


def _flag(value: ast.expr, name: str, path: Path) -> bool:
    if isinstance(value, ast.Constant) and isinstance(value.value, bool):
        return value.value
    raise G2pwFolderError(f"{path}: {name} is {ast.unparse(value)[:60]}, expected True or False")
