"""Files that users bring themselves: they are published where no program may fetch them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from GPT_SoVITS.resources.locate import project_root


@dataclass(frozen=True)
class OwnFile:
    """A file that a user may bring.

    Attributes:
        folder: Where it is looked for, relative to the project's root: where the official program has it.
        name: Of the file.
        beside: Files that belong to it.
        variable: Of the environment; names the file where it lies elsewhere.
        origin: Where its makers publish it.
        size: Bytes, about.
        licence: Of the network.
    """

    folder: str
    name: str
    beside: tuple[str, ...]
    variable: str
    origin: str
    size: int
    licence: str

    def located(self) -> Path | None:
        """Return the file, None where it is not there."""
        given = os.environ.get(self.variable)
        path = Path(given) if given else project_root() / self.folder / self.name
        return path if path.is_file() else None


SUPER_SAMPLING = OwnFile(
    folder="tools/AP_BWE_main/24kto48k",
    name="g_24kto48k.zip",
    beside=("config.json",),
    variable="GPT_SOVITS_AP_BWE",
    origin="https://github.com/yxlu-0102/AP-BWE",
    size=119_000_000,
    licence="MIT",
)
"""AP-BWE, which raises the 24 kHz of v3 to 48 kHz; 29.7 million parameters in float32."""
