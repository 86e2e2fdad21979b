"""Endpoints of the dataset: slicing, noise, transcripts."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath
from typing import Any

from webui.actions.running import Runner, clean
from webui.actions.updates import Update, buttons, update
from webui.recognisers import RECOGNISERS

Texts = tuple[str, Update, Update]
"""Status text, and the two buttons."""


class Dataset:
    """From recordings to a list with transcripts.

    Args:
        runner: Runs the steps.
        root: Folder that the service's relative paths begin in, where it is on this machine.
    """

    def __init__(self, runner: Runner, root: Path | None = None) -> None:
        self._runner, self._root = runner, root

    async def open_slice(
        self,
        inp: str,
        opt_root: str,
        threshold: Any,
        min_length: Any,
        min_interval: Any,
        hop_size: Any,
        max_sil_kept: Any,
        _max: Any,
        alpha: Any,
        n_parts: Any,
    ) -> AsyncIterator[tuple[Any, ...]]:
        """Cut recordings at silences. Status, buttons, and the output folder for three boxes."""
        inp, opt_root = clean(inp), clean(opt_root)
        if not inp:
            yield self._input_missing()
            return
        fields = {
            "inp": inp, "opt_root": opt_root, "threshold": threshold, "min_length": min_length,
            "min_interval": min_interval, "hop_size": hop_size, "max_sil_kept": max_sil_kept,
            "max": _max, "alpha": alpha, "n_parts": n_parts,
        }  # fmt: skip
        async for stage in self._runner.ends("slice", fields):
            if stage.refusal is not None and _names(str(stage.refusal), "inp"):
                yield self._input_missing()
                return
            done = {"value": opt_root} if stage.state == "finished" else {}
            yield *self._told("slice", stage.state), *(update(**done) for _ in range(3))

    async def close_slice(self) -> Texts:
        """Cancel it."""
        return await self._runner.close("slice"), *buttons(False)

    async def open_denoise(self, denoise_inp_dir: str, denoise_opt_dir: str) -> AsyncIterator[tuple[Any, ...]]:
        """Take noise out. Status, buttons, and the output folder for two boxes."""
        folder = clean(denoise_opt_dir)
        fields = {"denoise_inp_dir": clean(denoise_inp_dir), "denoise_opt_dir": folder}
        async for stage in self._runner.ends("denoise", fields):
            done = {"value": folder} if stage.state == "finished" else {}
            yield *self._told("denoise", stage.state), update(**done), update(**done)

    async def close_denoise(self) -> Texts:
        """Cancel it."""
        return await self._runner.close("denoise"), *buttons(False)

    async def open_asr(
        self,
        asr_inp_dir: str,
        asr_opt_dir: str,
        asr_model: str,
        asr_model_size: str,
        asr_lang: str,
        asr_precision: str,
    ) -> AsyncIterator[tuple[Any, ...]]:
        """Transcribe. Status, buttons, the list for two boxes, and the input folder."""
        folder, output = clean(asr_inp_dir), clean(asr_opt_dir)
        known = RECOGNISERS.get(asr_model)
        fields = {
            "asr_inp_dir": folder, "asr_opt_dir": output, "asr_model": known.service_name if known else asr_model,
            "asr_model_size": asr_model_size, "asr_lang": asr_lang, "asr_precision": asr_precision,
        }  # fmt: skip
        async for stage in self._runner.ends("asr", fields):
            told = self._told("asr", stage.state)
            if stage.state == "finished":
                made = stage.job.artefacts.get("list") or f"{output}/{PurePosixPath(folder).name}.list"
                path = str(self._root / made) if self._root else made
                yield *told, update(value=path), update(value=path), update(value=folder)
            else:
                yield *told, update(), update(), update()

    async def close_asr(self) -> Texts:
        """Cancel it."""
        return await self._runner.close("asr"), *buttons(False)

    def _told(self, step: str, state: str) -> Texts:
        text = self._runner.words.state(step, "opened" if state == "running" else state)
        return text, *buttons(state in ("running", "busy"))

    def _input_missing(self) -> tuple[Any, ...]:
        return self._runner.words.text("input_missing"), *buttons(False), *(update() for _ in range(3))


def _names(message: str, field: str) -> bool:
    """Whether the service's words are about a field."""
    return re.search(rf"(?<![A-Za-z_]){field}(?![A-Za-z_])", message) is not None
