"""What the page knows of model versions: published files by their usual paths, and how long is trained by default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_FOLDER = "GPT_SoVITS/pretrained_models"
ROBERTA = f"{_FOLDER}/chinese-roberta-wwm-ext-large"
HUBERT = f"{_FOLDER}/chinese-hubert-base"
DEFAULT = "v2"
_PRO = ("1a", "1b", "1b", "1c")


@dataclass(frozen=True)
class Version:
    """A model version as the page offers it.

    Attributes:
        gpt: Published GPT weights.
        sovits: Published SoVITS weights (the generator).
        epochs: Of SoVITS, by default.
        most_epochs: That the slider offers.
        save_every: Epochs from save to save, by default.
        most_save_every: That the slider offers.
        memory_divisor: Gigabytes of a graphics card for one recording of a batch.
        has_lora: Whether LoRA is trained.
        sample_steps: Choices of diffusion steps; empty where there are none.
        parts: Which part of the features each pass through a list belongs to; the speaker verifier's is 1b's second.
    """

    gpt: str
    sovits: str
    epochs: int = 8
    most_epochs: int = 25
    save_every: int = 4
    most_save_every: int = 25
    memory_divisor: int = 2
    has_lora: bool = False
    sample_steps: tuple[int, ...] = ()
    parts: tuple[str, ...] = ("1a", "1b", "1c")

    @property
    def discriminator(self) -> str:
        """Published discriminator, which lies beside the generator."""
        return self.sovits.replace("s2G", "s2D")


def _diffusion(sovits: str, sample_steps: tuple[int, ...]) -> Version:
    return Version(f"{_FOLDER}/s1v3.ckpt", f"{_FOLDER}/{sovits}", 2, 16, 1, 10, 8, True, sample_steps)


VERSIONS: Mapping[str, Version] = {
    "v1": Version(f"{_FOLDER}/s1bert25hz-2kh-longer-epoch=68e-step=50232.ckpt", f"{_FOLDER}/s2G488k.pth"),
    "v2": Version(
        f"{_FOLDER}/gsv-v2final-pretrained/s1bert25hz-5kh-longer-epoch=12-step=369668.ckpt",
        f"{_FOLDER}/gsv-v2final-pretrained/s2G2333k.pth",
    ),
    "v3": _diffusion("s2Gv3.pth", (4, 8, 16, 32, 64, 128)),
    "v4": _diffusion("gsv-v4-pretrained/s2Gv4.pth", (4, 8, 16, 32)),
    "v2Pro": Version(f"{_FOLDER}/s1v3.ckpt", f"{_FOLDER}/v2Pro/s2Gv2Pro.pth", parts=_PRO),
    "v2ProPlus": Version(f"{_FOLDER}/s1v3.ckpt", f"{_FOLDER}/v2Pro/s2Gv2ProPlus.pth", parts=_PRO),
}


@dataclass(frozen=True)
class Hardware:
    """What batch sizes and precisions are chosen for.

    Attributes:
        memory_gb: Whole gigabytes of the smallest accelerator; of the machine where there is none.
        accelerated: Whether there is an accelerator.
    """

    memory_gb: int
    accelerated: bool = False

    def batch_size(self, version: str) -> int:
        """Return the batch size to begin with."""
        divisor = VERSIONS[version].memory_divisor if self.accelerated else 4
        return max(1, self.memory_gb // divisor)

    @property
    def gpt_batch_size(self) -> int:
        """The same for the GPT, whose size no version changes."""
        return max(1, self.memory_gb // (2 if self.accelerated else 4))
