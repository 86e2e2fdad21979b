"""Compile a Japanese user dictionary: ``python -m GPT_SoVITS.text.japanese.userdict userdict.csv user.dict``.

The CSV has MeCab's columns with naist-jdic's word classes, as the official program's ``ja_userdic/userdict.csv``. This
is a command of its own because MeCab's compiler ends the process when it meets a line that it does not understand.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from GPT_SoVITS.text.errors import MissingResourceError, TextError
from GPT_SoVITS.text.japanese.engine import ENGINE_COMMAND, find_build, find_dictionary


def compile_dictionary(table: Path, compiled: Path) -> None:
    """Compile the CSV file ``table`` for the installed engine and dictionary.

    Raises:
        MissingResourceError: the engine cannot compile dictionaries, or there is no engine or system dictionary.
        TextError: the table cannot be read or compiled.
    """
    if not table.is_file():
        raise TextError(f"there is no user dictionary {table}")
    build = find_build()
    if not hasattr(build.module, "mecab_dict_index"):
        raise MissingResourceError(f"this Open JTalk engine compiles no dictionaries; a newer one: {ENGINE_COMMAND}")
    dictionary, _ = find_dictionary(build)
    failed = build.module.mecab_dict_index(str(dictionary).encode(), str(table).encode(), str(compiled).encode())
    if failed or not compiled.is_file():
        raise TextError(f"{table} could not be compiled; its lines need the columns of naist-jdic")


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the two paths from the command line and compile."""
    parser = argparse.ArgumentParser(description="Compile a Japanese user dictionary for Open JTalk.")
    parser.add_argument("table", type=Path, help="CSV file with naist-jdic's columns")
    parser.add_argument("compiled", type=Path, help="file to write, e.g. ja_userdic/user.dict")
    chosen = parser.parse_args(arguments)
    compile_dictionary(chosen.table, chosen.compiled)
    print(f"{chosen.compiled} written")


if __name__ == "__main__":
    main()
