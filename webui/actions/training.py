"""Endpoints of features and fine-tuning."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from webui.actions.choices import Choices, version_entry
from webui.actions.dataset import Texts
from webui.actions.running import Runner, Stage, clean, devices, number
from webui.actions.updates import buttons, update
from webui.eras import MARKER, Signature
from webui.versions import DEFAULT, VERSIONS

PARTS = ("1a", "1b", "1c")
_PATHS = ("inp_text", "inp_wav_dir")
Announced = Mapping[str, Any]

OPEN1B = Signature(
    ("inp_text", "inp_wav_dir", "exp_name", "gpu_numbers", "ssl_pretrained_dir", "version"),
    ("version", "inp_text", "inp_wav_dir", "exp_name", "gpu_numbers", "ssl_pretrained_dir"),
)
OPEN1C = Signature(
    ("inp_text", "exp_name", "gpu_numbers", "pretrained_s2G_path", "inp_wav_dir", "version"),
    ("version", "inp_text", "inp_wav_dir", "exp_name", "gpu_numbers", "pretrained_s2G_path"),
)
_ABC = (
    *("inp_text", "inp_wav_dir", "exp_name", "gpu_numbers1a", "gpu_numbers1Ba", "gpu_numbers1c"),
    *("bert_pretrained_dir", "ssl_pretrained_dir", "pretrained_s2G_path"),
)
OPEN1ABC = Signature((*_ABC, "version"), ("version", *_ABC))
_BA = (
    *("batch_size", "total_epoch", "exp_name", "text_low_lr_rate", "if_save_latest", "if_save_every_weights"),
    *("save_every_epoch", "gpu_numbers1Ba", "pretrained_s2G", "pretrained_s2D", "if_grad_ckpt", "lora_rank"),
)
OPEN1BA = Signature((*_BA, "version"), ("version", *_BA))


class Training:
    """From a list to a voice.

    Args:
        runner: Runs the steps.
        choices: Know the version last switched to, and the weights.
        announced: Endpoint -> the defaults that clients fill in, by parameter.
    """

    def __init__(self, runner: Runner, choices: Choices, announced: Mapping[str, Announced]) -> None:
        self._runner, self._choices, self._announced = runner, choices, announced

    # --- features ---

    async def open1a(
        self, inp_text: str, inp_wav_dir: str, exp_name: str, gpu_numbers: Any, bert_pretrained_dir: str
    ) -> AsyncIterator[Texts]:
        """Make phonemes and text features."""
        fields = {
            "inp_text": inp_text, "inp_wav_dir": inp_wav_dir, "exp_name": exp_name,
            "gpu_numbers1a": devices(gpu_numbers), "bert_pretrained_dir": bert_pretrained_dir,
        }  # fmt: skip
        async for told in self._part("1a", fields):
            yield told

    async def open1b(
        self, inp_text: str, inp_wav_dir: str, exp_name: str, gpu_numbers: Any, ssl_pretrained_dir: str, version: str
    ) -> AsyncIterator[Texts]:
        """Make 32 kHz copies and HuBERT's features, and the speaker verifier's where the version has them."""
        values = (inp_text, inp_wav_dir, exp_name, gpu_numbers, ssl_pretrained_dir, version)
        fields = OPEN1B.settle(values, self._announced["open1b"])
        fields["gpu_numbers1Ba"] = devices(fields.pop("gpu_numbers"))
        async for told in self._part("1b", fields):
            yield told

    async def open1c(
        self,
        inp_text: str,
        exp_name: str,
        gpu_numbers: Any,
        pretrained_s2G_path: str,
        inp_wav_dir: str,
        version: str,
    ) -> AsyncIterator[Texts]:
        """Make semantic tokens."""
        values = (inp_text, exp_name, gpu_numbers, pretrained_s2G_path, inp_wav_dir, version)
        fields = OPEN1C.settle(values, self._announced["open1c"])
        fields["gpu_numbers1c"] = devices(fields.pop("gpu_numbers"))
        async for told in self._part("1c", fields):
            yield told

    async def open1abc(
        self,
        inp_text: str,
        inp_wav_dir: str,
        exp_name: str,
        gpu_numbers1a: Any,
        gpu_numbers1Ba: Any,
        gpu_numbers1c: Any,
        bert_pretrained_dir: str,
        ssl_pretrained_dir: str,
        pretrained_s2G_path: str,
        version: str,
    ) -> AsyncIterator[Texts]:
        """Make all features; what is there already is passed over quickly."""
        values = (
            *(inp_text, inp_wav_dir, exp_name, gpu_numbers1a, gpu_numbers1Ba, gpu_numbers1c),
            *(bert_pretrained_dir, ssl_pretrained_dir, pretrained_s2G_path, version),
        )
        fields = OPEN1ABC.settle(values, self._announced["open1abc"])
        for name in ("gpu_numbers1a", "gpu_numbers1Ba", "gpu_numbers1c"):
            fields[name] = devices(fields[name])
        settled = self._settled(fields)
        shown = Parts(self._runner.words.text("progress"), VERSIONS[settled["version"]].parts)
        async for stage in self._runner.run("1abc", settled | {"parts": list(PARTS)}):
            for text in shown.news(stage):
                yield text, *buttons(True)
            if stage.state != "running":
                yield self._told("1abc", stage.state)

    async def close1a(self) -> Texts:
        """Cancel it."""
        return await self._runner.close("1a"), *buttons(False)

    async def close1b(self) -> Texts:
        """Cancel it."""
        return await self._runner.close("1b"), *buttons(False)

    async def close1c(self) -> Texts:
        """Cancel it."""
        return await self._runner.close("1c"), *buttons(False)

    async def close1abc(self) -> Texts:
        """Cancel it."""
        return await self._runner.close("1abc"), *buttons(False)

    # --- fine-tuning ---

    async def open1Ba(  # noqa: N802
        self,
        batch_size: Any,
        total_epoch: Any,
        exp_name: str,
        text_low_lr_rate: Any,
        if_save_latest: Any,
        if_save_every_weights: Any,
        save_every_epoch: Any,
        gpu_numbers1Ba: Any,
        pretrained_s2G: str,
        pretrained_s2D: str,
        if_grad_ckpt: Any,
        lora_rank: Any,
        version: str,
    ) -> AsyncIterator[tuple[Any, ...]]:
        """Train SoVITS. Status, buttons, and the lists of weights at the end."""
        values = (
            *(batch_size, total_epoch, exp_name, text_low_lr_rate, if_save_latest, if_save_every_weights),
            *(save_every_epoch, gpu_numbers1Ba, pretrained_s2G, pretrained_s2D, if_grad_ckpt, lora_rank, version),
        )
        fields = OPEN1BA.settle(values, self._announced["open1Ba"])
        fields["gpu_numbers1Ba"] = devices(fields["gpu_numbers1Ba"])
        for name in ("batch_size", "total_epoch", "save_every_epoch", "text_low_lr_rate"):
            fields[name] = number(fields[name])
        async for told in self._trained("1Ba", self._settled(fields)):
            yield told

    async def close1Ba(self) -> Texts:  # noqa: N802
        """Cancel it; its last state remains."""
        return await self._runner.close("1Ba"), *buttons(False)

    async def open1Bb(  # noqa: N802
        self,
        batch_size: Any,
        total_epoch: Any,
        exp_name: str,
        if_dpo: Any,
        if_save_latest: Any,
        if_save_every_weights: Any,
        save_every_epoch: Any,
        gpu_numbers: Any,
        pretrained_s1: str,
    ) -> AsyncIterator[tuple[Any, ...]]:
        """Train the GPT. Status, buttons, and the lists of weights at the end."""
        fields = {
            "batch_size": batch_size, "total_epoch": total_epoch, "exp_name": exp_name, "if_dpo": if_dpo,
            "if_save_latest": if_save_latest, "if_save_every_weights": if_save_every_weights,
            "save_every_epoch": save_every_epoch, "gpu_numbers": devices(gpu_numbers), "pretrained_s1": pretrained_s1,
        }  # fmt: skip
        async for told in self._trained("1Bb", self._settled(fields)):
            yield told

    async def close1Bb(self) -> Texts:  # noqa: N802
        """Cancel it; its last state remains."""
        return await self._runner.close("1Bb"), *buttons(False)

    # --- both ---

    async def _part(self, name: str, fields: Mapping[str, Any]) -> AsyncIterator[Texts]:
        async for stage in self._runner.ends(name, self._settled(fields) | {"parts": [name]}):
            yield self._told(name, stage.state)

    async def _trained(self, name: str, fields: Mapping[str, Any]) -> AsyncIterator[tuple[Any, ...]]:
        async for stage in self._runner.ends(name, fields):
            text, *shown = self._told(name, stage.state)
            if stage.state == "running":
                text = self._runner.words.state(name, "opened")
            ended = stage.state in ("finished", "failed", "closed")
            lists = await self._choices.change_choices() if ended else (update(), update())
            yield text, *shown, *lists

    def _told(self, name: str, state: str) -> Texts:
        return self._runner.words.state(name, state), *buttons(state in ("running", "busy"))

    def _settled(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return fields with the version that is meant, its own published weights, and clean names."""
        found = dict(fields)
        version = found.get("version") or MARKER
        found["version"] = version if version != MARKER else self._choices.version
        entry, preset = version_entry(found["version"]), VERSIONS[DEFAULT]
        published = {
            "pretrained_s2G": (preset.sovits, entry.sovits),
            "pretrained_s2G_path": (preset.sovits, entry.sovits),
            "pretrained_s2D": (preset.discriminator, entry.discriminator),
            "pretrained_s1": (preset.gpt, entry.gpt),
        }
        for name, (announced, own) in published.items():
            if found.get(name) == announced:  # what a client fills in, whatever version is trained
                found[name] = own
        found["exp_name"] = str(found["exp_name"]).strip()
        return found | {name: clean(found[name]) for name in _PATHS if name in found}


class Parts:
    """The progress texts of the three parts of features, each once and in order.

    Args:
        label: Before each text.
        parts: Which part each of the service's passes through the list belongs to.
    """

    def __init__(self, label: str, parts: Sequence[str]) -> None:
        self._label, self._parts = label, parts
        self._told = 0
        self._texts = [text for number in range(len(PARTS)) for text in self._of(number)]

    def news(self, stage: Stage) -> list[str]:
        """Return the texts that a stage adds."""
        reached = len(self._texts) if stage.state == "finished" else self._reached(stage.job.share)
        told, self._told = self._told, max(self._told, reached)
        return self._texts[told : self._told]

    def _reached(self, share: float | None) -> int:
        if share is None:
            return 0
        part = self._parts[min(int(share * len(self._parts)), len(self._parts) - 1)]
        return 2 * PARTS.index(part) + 1

    def _of(self, number: int) -> tuple[str, str]:
        done = [f"{part.upper()}-Done" for part in PARTS[: number + 1]]
        doing = [*done[:-1], f"{PARTS[number].upper()}-Doing"]
        return f"{self._label}: {', '.join(doing)}", f"{self._label}: {', '.join(done)}"
