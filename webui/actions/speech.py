"""Endpoints of the inference pages: speech, and switching weights."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from typing import Any

import gradio as gr

from webui.actions.choices import Choices
from webui.actions.updates import Update, refusal, update
from webui.service import Service, ServiceCallError
from webui.speaking import CUTS, LANGUAGES, NOT_IN_V1, Audio, Speaker, code_of, names
from webui.versions import VERSIONS
from webui.words import Words

_SEEDS = 2**32


class Speech:
    """Speaks and switches weights, for one page.

    Args:
        service: Does both.
        choices: Know names of published weights.
        words: Of messages.
    """

    def __init__(self, service: Service, choices: Choices, words: Words) -> None:
        self._service, self._choices, self._words = service, choices, words
        self._speaker = Speaker(service)
        self._last_seed = _new_seed()
        self._running: set[asyncio.Task[Audio]] = set()

    async def get_tts_wav(
        self,
        ref_wav_path: str | None,
        prompt_text: str | None,
        prompt_language: str,
        text: str,
        text_language: str,
        how_to_cut: str,
        top_k: Any,
        top_p: Any,
        temperature: Any,
        ref_free: bool,
        speed: Any,
        if_freeze: bool,
        inp_refs: Sequence[str] | None,
        sample_steps: Any,
        if_sr: bool,
        pause_second: Any,
        use_cuda_graph: bool,
    ) -> AsyncIterator[Audio]:
        """Speak with the page's usual options; with ``if_freeze`` the random numbers of the last speech are kept."""
        del use_cuda_graph  # the service chooses what computes
        if not if_freeze:
            self._last_seed = _new_seed()
        fields = {
            "text": text, "text_lang": text_language, "text_split_method": how_to_cut, "top_k": top_k, "top_p": top_p,
            "temperature": temperature, "speed_factor": speed, "sample_steps": sample_steps, "super_sampling": if_sr,
            "fragment_interval": pause_second, "seed": self._last_seed,
        }  # fmt: skip
        yield await self._spoken(ref_wav_path, inp_refs, "" if ref_free else prompt_text, prompt_language, fields)

    async def inference(
        self,
        text: str,
        text_lang: str,
        ref_audio_path: str | None,
        aux_ref_audio_paths: Sequence[str] | None,
        prompt_text: str | None,
        prompt_lang: str,
        top_k: Any,
        top_p: Any,
        temperature: Any,
        text_split_method: str,
        batch_size: Any,
        speed_factor: Any,
        ref_text_free: bool,
        split_bucket: bool,
        fragment_interval: Any,
        seed: Any,
        keep_random: bool,
        parallel_infer: bool,
        repetition_penalty: Any,
        sample_steps: Any,
        super_sampling: bool,
    ) -> AsyncIterator[tuple[Audio, int]]:
        """Speak with the options of parallel inference; the second value is the seed."""
        chosen = _new_seed() if keep_random or seed in (-1, "", None) else int(seed)
        fields = {
            "text": text, "text_lang": text_lang, "text_split_method": text_split_method, "top_k": top_k,
            "top_p": top_p, "temperature": temperature, "batch_size": batch_size, "speed_factor": speed_factor,
            "split_bucket": split_bucket, "fragment_interval": fragment_interval, "seed": chosen,
            "parallel_infer": parallel_infer, "repetition_penalty": repetition_penalty, "sample_steps": sample_steps,
            "super_sampling": super_sampling,
        }  # fmt: skip
        prompt = "" if ref_text_free else prompt_text
        yield await self._spoken(ref_audio_path, aux_ref_audio_paths, prompt, prompt_lang, fields), chosen

    async def change_sovits_weights(
        self, sovits_path: str, prompt_language: str, text_language: str
    ) -> AsyncIterator[tuple[Update, ...]]:
        """Switch SoVITS weights: eleven updates before, with the button at rest, and eleven when it is done."""
        path = self._choices.path_of(sovits_path, "sovits")
        loading = update(value=self._words.text("loading"), interactive=False)
        yield *self._for_version(await self._version_of(path), prompt_language, text_language), loading
        ready = update(value=self._words.text("speak"), interactive=True)
        try:
            version = await self._switch(sovits_model_path=path)
        except gr.Error:  # the older weights go on serving
            yield *(update() for _ in range(10)), ready
            raise
        yield *self._for_version(version, prompt_language, text_language), ready

    async def change_sovits_weights_of_parallel(
        self, sovits_path: str, prompt_language: str, text_language: str
    ) -> AsyncIterator[tuple[Update, ...]]:
        """The same for the page of parallel inference: ten updates."""
        async for told in self.change_sovits_weights(sovits_path, prompt_language, text_language):
            *first, steps, more, free, _, button = told
            if "visible" in steps:
                steps = update(interactive=bool(steps["visible"]), value=32)
                free = update(interactive=free["interactive"])
            yield *first, steps, more, free, button

    async def change_gpt_weights(self, gpt_path: str) -> None:
        """Switch GPT weights."""
        await self._switch(gpt_model_path=self._choices.path_of(gpt_path, "gpt"))

    async def stop(self) -> None:
        """Stop all speech of this page; the service stops computing it."""
        for task in tuple(self._running):
            task.cancel()

    async def _spoken(
        self,
        reference: str | None,
        more: Sequence[str] | None,
        prompt_text: str | None,
        prompt_language: str,
        fields: dict[str, Any],
    ) -> Audio:
        if not reference:
            raise refusal(self._words.text("no_reference"))
        if not str(fields["text"] or "").strip():
            raise refusal(self._words.text("no_text"))
        fields["text_lang"] = code_of(LANGUAGES, fields["text_lang"])
        fields["text_split_method"] = code_of(CUTS, fields["text_split_method"])
        prompt = (prompt_text or "").strip(), code_of(LANGUAGES, prompt_language)
        task = asyncio.create_task(self._speaker.speak(reference, list(more or ()), prompt, fields))
        self._running.add(task)
        try:
            await asyncio.wait([task])
            if task.cancelled():
                raise refusal(self._words.text("stopped"))
            return task.result()
        except ServiceCallError as failure:
            # A failure without a status is one of the connection: the service died, or is starting.
            raise refusal(failure if failure.status else self._words.text("speech_cut_off", reason=failure)) from None
        finally:
            self._running.discard(task)
            task.cancel()  # where the client went away

    async def _version_of(self, path: str) -> str:
        """Return the version of weights that the service lists; empty for others."""
        try:
            found = (await self._service.get("/models"))["data"]["sovits"]
        except ServiceCallError as failure:
            raise refusal(failure) from None
        return next((str(file["version"]) for file in found if file["path"] == path), "")

    async def _switch(self, **paths: str) -> str:
        try:
            return str((await self._service.post("/set_model", paths))["data"]["version"])
        except ServiceCallError as failure:
            raise refusal(failure) from None

    def _for_version(self, version: str, prompt_language: str, text_language: str) -> tuple[Update, ...]:
        languages = names(LANGUAGES, self._words.language, NOT_IN_V1 if version == "v1" else frozenset())
        steps = VERSIONS[version].sample_steps if version in VERSIONS else ()
        return (
            update(choices=languages),
            update(choices=languages),
            *_kept(prompt_language, languages),
            *_kept(text_language, languages),
            update(visible=bool(steps), value=32 if version == "v3" else 8, choices=list(steps or (4, 8, 16, 32))),
            update(visible=not steps),
            update(value=False, interactive=not steps),
            update(visible=version == "v3"),
        )


def _kept(language: str, languages: Sequence[str]) -> tuple[Update, Update]:
    """Return the updates of a text and its language; a text in a language that there is no more is emptied."""
    if language in languages:
        return update(), update(value=language)
    return update(value=""), update(value=languages[0])


def _new_seed() -> int:
    return random.randrange(_SEEDS)  # noqa: S311  (variety, no secret)
