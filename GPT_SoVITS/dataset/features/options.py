"""What the steps of features need to know: the folder, the list, the models."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from GPT_SoVITS.dataset.features.training_folder import TrainingFolder
from GPT_SoVITS.dataset.labels.lists import Line, Places
from GPT_SoVITS.engine.messages import EngineSettings

STEPS = ("text", "hubert", "speaker", "semantic")
"""In the order in which they need each other."""


@dataclass(frozen=True)
class FeatureOptions:
    """One run.

    Attributes:
        folder: What is made.
        places: Where recordings are.
        version: Model version; its phoneme set decides texts.
        settings: Where networks are, on what they compute and how exactly.
        sovits: Weights whose quantizer makes semantic tokens; None for the version's published ones.
        devices: Number of the device for each process; one process unless several are named.
        parts: Parts that the official program would divide the list into; decides the order of lines.
    """

    folder: TrainingFolder
    places: Places
    version: str
    settings: EngineSettings
    sovits: Path | None = None
    devices: tuple[int, ...] = (0,)
    parts: int = 1

    @property
    def is_half(self) -> bool:
        """Whether features are written in half precision, as the official program does on a GPU."""
        return self.settings.precision == "float16"


@dataclass(frozen=True)
class Labelled:
    """A line and its recording.

    Attributes:
        line: Of the list.
        recording: The file.
    """

    line: Line
    recording: Path
