"""Options that every launcher of the service has."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_folders(parser: argparse.ArgumentParser) -> None:
    """Add the folders that whoever starts the service allows; relative ones lie where the command is typed."""
    for name, what in (
        ("--audio-root", "in which reference audio may be named by path"),
        ("--weights-root", "in which weights are looked for, and where links may lead"),
    ):
        parser.add_argument(
            name,
            action="append",
            type=_from_here,
            metavar="FOLDER",
            help=f"a folder {what}; may be given several times",
        )


def _from_here(folder: str) -> Path:
    return Path(folder).absolute()
