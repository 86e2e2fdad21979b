"""Endpoints that answer at once: choices of lists, and the model version."""

from __future__ import annotations

import re
from collections.abc import Iterable

import gradio as gr

from webui.actions.updates import Update, refusal, update
from webui.recognisers import RECOGNISERS, Recogniser, precision_for
from webui.service import Service, ServiceCallError
from webui.versions import DEFAULT, VERSIONS, Hardware, Version
from webui.words import Words


class Choices:
    """What can be chosen.

    Args:
        service: Knows the weights.
        words: Of names of published weights.
        hardware: What batch sizes are chosen for.
    """

    def __init__(self, service: Service, words: Words, hardware: Hardware) -> None:
        self._service, self._words, self.hardware = service, words, hardware
        self.version = DEFAULT
        """The version last switched to, by whichever client: requests that name none mean this one."""

    def change_lang_choices(self, key: str) -> Update:
        """Return a recogniser's languages."""
        languages = _recogniser(key).languages
        return update(choices=list(languages), value=languages[0])

    def change_size_choices(self, key: str) -> Update:
        """Return a recogniser's sizes."""
        sizes = _recogniser(key).sizes
        return update(choices=list(sizes), value=sizes[-1])

    def change_precision_choices(self, key: str) -> Update:
        """Return a recogniser's precisions."""
        return update(choices=list(_recogniser(key).precisions), value=precision_for(key, self.hardware))

    def sync(self, text: str) -> Update:
        """Return the same path for a second box."""
        return update(value=text)

    def switch_version(self, version_: str) -> tuple[Update, ...]:
        """Return the twelve updates of a switch: paths, batch size, epochs, and what this version has."""
        version = version_entry(version_)
        self.version = version_
        batch_size = self.hardware.batch_size(version_)
        return (
            update(value=version.sovits),
            update(value=version.discriminator),
            update(value=version.gpt),
            update(value=version.gpt),
            update(value=version.sovits),
            update(value=batch_size, maximum=3 * batch_size),
            update(value=version.epochs, maximum=version.most_epochs),
            update(value=version.save_every, maximum=version.most_save_every),
            update(visible=not version.has_lora),
            update(value=False, interactive=True),
            update(value=False, interactive=True),
            update(visible=version.has_lora),
        )

    async def change_choices(self) -> tuple[Update, Update]:
        """Return the weights that the service has: SoVITS, then GPT.

        Raises:
            gr.Error: the service does not say.
        """
        try:
            sovits, gpt, _ = await self._weights()
        except ServiceCallError as failure:
            raise refusal(self._words.text("unreachable", reason=failure)) from None
        return update(choices=sovits), update(choices=gpt)

    async def choices_in_use(self) -> tuple[Update, Update]:
        """Return the same with those chosen that the service speaks with, whoever switched to them.

        Where the service does not say, the lists are empty and the page warns.
        """
        try:
            sovits, gpt, current = await self._weights()
        except ServiceCallError as failure:
            gr.Warning(self._words.text("unreachable", reason=failure))
            return update(choices=[]), update(choices=[])
        chosen = {kind: {"value": current[kind]} if current.get(kind) else {} for kind in ("sovits", "gpt")}
        return update(choices=sovits, **chosen["sovits"]), update(choices=gpt, **chosen["gpt"])

    async def _weights(self) -> tuple[list[str], list[str], dict[str, str]]:
        """Return the paths of SoVITS and GPT weights, and those in use by kind.

        Published ones come first, then by name with numbers as numbers.
        """
        found = (await self._service.get("/models"))["data"]
        paths = {kind: _sorted(file["path"] for file in found[kind]) for kind in ("sovits", "gpt")}
        return paths["sovits"], paths["gpt"], found.get("current") or {}

    def path_of(self, weights: str, kind: str) -> str:
        """Return the path of weights that are named by path, or as the newer page names published ones."""
        for name, version in VERSIONS.items():
            if weights in (Words(language).text("base_model", version=name) for language in ("zh", "en")):
                return version.gpt if kind == "gpt" else version.sovits
        return weights


def version_entry(name: str) -> Version:
    """Return a version.

    Raises:
        gr.Error: there is none of that name.
    """
    try:
        return VERSIONS[name]
    except (KeyError, TypeError):
        raise refusal(f"{name!r}: {', '.join(VERSIONS)}") from None


def _recogniser(key: str) -> Recogniser:
    try:
        return RECOGNISERS[key]
    except (KeyError, TypeError):
        raise refusal(f"{key!r}: {', '.join(RECOGNISERS)}") from None


def _sorted(paths: Iterable[str]) -> list[str]:
    def order(path: str) -> tuple[bool, list[tuple[bool, int, str]]]:
        parts = re.split(r"(\d+)", path)
        return "pretrained_models" not in path, [(p.isdigit(), int(p) if p.isdigit() else 0, p) for p in parts]

    return sorted(paths, key=order)
