"""Endpoints that open and close the further pages; each name of the pair does either, as in the official page."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import gradio as gr

from webui.actions.choices import Choices
from webui.actions.dataset import Texts
from webui.actions.running import clean
from webui.actions.updates import buttons
from webui.service import Service, ServiceCallError
from webui.serving import Site
from webui.words import Words

_HOST = re.compile(r"[A-Za-z0-9.:_-]+")


class Opening:
    """Opens and closes pages. Whether one is open is asked of its server, so a page that failed counts as closed.

    Args:
        words: Of status texts.
        sites: The pages: label, uvr5, tts, and tts-parallel.
        service: Loads the weights that the inference page begins with.
        choices: Know names of published weights.
    """

    def __init__(self, words: Words, sites: dict[str, Site], service: Service, choices: Choices) -> None:
        self._words, self._sites, self._service, self._choices = words, sites, service, choices
        self.list_file = ""
        """The list that the page for proofreading begins with."""

    async def change_label(self, path_list: str) -> AsyncIterator[Texts]:
        """Open or close the page for proofreading."""
        self.list_file = clean(path_list)
        yield await self._changed("label", "label")

    async def change_uvr5(self) -> AsyncIterator[Texts]:
        """Open or close the page for separating voices."""
        yield await self._changed("uvr5", "uvr5")

    async def change_tts_inference(
        self,
        bert_path: str,
        cnhubert_base_path: str,
        gpu_number: Any,
        gpt_path: str,
        sovits_path: str,
        batched_infer_enabled: bool,
    ) -> AsyncIterator[Texts]:
        """Open or close the inference page; opening, the service is asked for the weights."""
        del bert_path, cnhubert_base_path, gpu_number  # the service's own settings
        if self._is_open("tts"):
            for site in self._of("tts"):
                await site.close()
            yield self._words.state("tts", "closed"), *buttons(False)
            return

        async def load() -> None:
            paths = {
                "gpt_model_path": self._choices.path_of(gpt_path, "gpt"),
                "sovits_model_path": self._choices.path_of(sovits_path, "sovits"),
            }
            if any(paths.values()):
                await self._service.post("/set_model", {name: path for name, path in paths.items() if path})

        yield await self._changed("tts-parallel" if batched_infer_enabled else "tts", "tts", load)

    def told(self, step: str) -> Texts | None:
        """Return what is told of a page that is open; None where it is closed."""
        return (self._words.state(step, "opened"), *buttons(True)) if self._is_open(step) else None

    def link_to(self, step: str) -> Callable[[gr.Request], str]:
        """Return what gives a page's address in Markdown, on the machine that the browser reached this one by."""

        def link(request: gr.Request) -> str:
            site = next((site for site in self._of(step) if site.is_open), None)
            host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
            if site is None or not _HOST.fullmatch(host):
                return ""
            named = f"[{host}]" if ":" in host else host
            return self._words.text("open_page", address=f"<{request.url.scheme}://{named}:{site.port}>")

        return link

    def _is_open(self, step: str) -> bool:
        return any(site.is_open for site in self._of(step))

    def _of(self, step: str) -> list[Site]:
        return [site for name, site in self._sites.items() if name.split("-")[0] == step]

    async def close(self) -> None:
        """Close every page for good."""
        for site in self._sites.values():
            await site.end()

    async def _changed(self, name: str, step: str, then: Callable[[], Awaitable[None]] | None = None) -> Texts:
        site = self._sites[name]
        try:
            if not await site.toggle():
                return self._words.state(step, "closed"), *buttons(False)
        except OSError as error:
            gr.Warning(str(error))
            return self._words.state(step, "failed"), *buttons(False)
        if then is not None:
            try:
                await then()
            except ServiceCallError as failure:
                gr.Warning(str(failure))
        return self._words.state(step, "opened"), *buttons(True)
