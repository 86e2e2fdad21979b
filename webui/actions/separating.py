"""Separating voices from music and echo, file by file in the service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from webui.actions.running import Runner, clean

MODELS = (
    "HP2_all_vocals",
    "HP3_all_vocals",
    "HP5_only_main_vocal",
    "VR-DeEchoAggressive",
    "VR-DeEchoDeReverb",
    "VR-DeEchoNormal",
    "onnx_dereverb_By_FoxJoy",
)
FORMATS = ("wav", "flac", "mp3", "m4a")


class Separating:
    """Separates.

    Args:
        runner: Runs the step.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def uvr_convert(
        self, model_name: str, inp_root: str, save_root_vocal: str, save_root_ins: str, agg: Any, format0: str
    ) -> AsyncIterator[str]:
        """Separate the recordings of a folder."""
        fields = {
            "model_name": model_name, "input_root": clean(inp_root), "agg": agg, "format0": format0,
            "vocal_root": clean(save_root_vocal), "ins_root": clean(save_root_ins),
        }  # fmt: skip
        async for stage in self._runner.ends("uvr5", fields):
            made = "\n".join(sorted(set(stage.job.artefacts.values()))) if stage.state == "finished" else ""
            yield f"{self._runner.words.state('uvr5', stage.state)}\n{made}".rstrip()

    async def close_uvr_convert(self) -> str:
        """Cancel it."""
        return await self._runner.close("uvr5")
