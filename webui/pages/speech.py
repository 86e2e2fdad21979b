"""Components of speech: the usual page, the page of parallel inference, and the tab of the main page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from webui.actions.choices import Choices
from webui.actions.speech import Speech
from webui.fields import Radio, Slider, suggestions
from webui.pages.parts import WIDE, checkbox, sound
from webui.speaking import CUTS, LANGUAGES, names
from webui.versions import DEFAULT, VERSIONS
from webui.words import Words

_AT_ONCE = 4  # calls of one endpoint; the service shares its device among them


class References:
    """Components of a voice and a text, which both pages have."""

    def __init__(self, words: Words) -> None:
        text, language = words.text, words.language
        languages = names(LANGUAGES, language)
        with gr.Row():
            with gr.Column():
                self.reference = sound(text("reference"), type="filepath")
                self.more = gr.File(label=text("more_references"), file_count="multiple", type="filepath")
            with gr.Column():
                self.prompt_text = gr.Textbox(label=text("prompt_text"), value="", lines=3)
                self.prompt_language = suggestions(languages, label=text("prompt_language"), value=languages[0])
                self.ref_free = checkbox(text("ref_free"), False)
            with gr.Column():
                self.text = gr.Textbox(label=text("text"), value="", lines=6)
                self.text_language = suggestions(languages, label=text("text_language"), value=languages[0])
                cuts = names(CUTS, language)
                self.cut = suggestions(cuts, label=text("cut"), value=cuts[1])


class UsualSpeech:
    """The usual options. Laid out when it is made; events are registered by :meth:`connect`."""

    def __init__(self, words: Words) -> None:
        text = words.text
        self.parts = References(words)
        with gr.Row():
            self.speed = Slider(0.6, 1.65, step=0.05, label=text("speed"), value=1)
            self.pause = Slider(0.1, 0.5, step=0.01, label=text("pause"), value=0.3)
            self.top_k = Slider(1, 100, step=1, label="top_k", value=15)
            self.top_p = Slider(0, 1, step=0.05, label="top_p", value=1)
            self.temperature = Slider(0, 1, step=0.05, label="temperature", value=1)
        with gr.Row():
            self.steps = Radio([4, 8, 16, 32], label=text("steps"), value=8, visible=False)
            self.super_sampling = checkbox(text("super_sampling"), False, visible=False)
            self.freeze = checkbox(text("freeze"), False)
            self.graph = checkbox("CUDA Graph", False, visible=False)
        with gr.Row():
            self.button = gr.Button(text("speak"), variant="primary", scale=1)
            self.output = sound(text("speech"), scale=2)

    def connect(self, speech: Speech, sovits: Any, gpt: Any) -> None:
        """Register the events, in the order of the official page."""
        parts = self.parts
        self.button.click(
            speech.get_tts_wav,
            [
                *(parts.reference, parts.prompt_text, parts.prompt_language, parts.text, parts.text_language),
                *(parts.cut, self.top_k, self.top_p, self.temperature, parts.ref_free, self.speed, self.freeze),
                *(parts.more, self.steps, self.super_sampling, self.pause, self.graph),
            ],
            [self.output],
            api_name="get_tts_wav",
            concurrency_limit=_AT_ONCE,
        )
        sovits.input(
            speech.change_sovits_weights,
            [sovits, parts.prompt_language, parts.text_language],
            [
                *(parts.prompt_language, parts.text_language, parts.prompt_text, parts.prompt_language),
                *(parts.text, parts.text_language, self.steps, parts.more, parts.ref_free, self.super_sampling),
                self.button,
            ],
            api_name="change_sovits_weights",
        )
        gpt.input(speech.change_gpt_weights, [gpt], [], api_name="change_gpt_weights")


class ParallelSpeech:
    """The options of parallel inference."""

    def __init__(self, words: Words) -> None:
        text = words.text
        self.parts = References(words)
        with gr.Row():
            self.batch_size = Slider(1, 200, step=1, label=text("batch_size"), value=20)
            self.steps = Radio([4, 8, 16, 32, 64, 128], label=text("steps"), value=32)
            self.pause = Slider(0.01, 1, step=0.01, label=text("pause"), value=0.3)
            self.speed = Slider(0.6, 1.65, step=0.05, label=text("speed"), value=1.0)
        with gr.Row():
            self.top_k = Slider(1, 100, step=1, label="top_k", value=15)
            self.top_p = Slider(0, 1, step=0.05, label="top_p", value=1)
            self.temperature = Slider(0, 1, step=0.05, label="temperature", value=1)
            self.penalty = Slider(0, 2, step=0.05, label="repetition_penalty", value=1.35)
        with gr.Row():
            self.super_sampling = checkbox(text("super_sampling"), False)
            self.parallel = checkbox(text("batched"), True, visible=False)
            self.bucket = checkbox("split_bucket", True, visible=False)
            self.seed = gr.Number(label=text("seed"), value=-1)
            self.random = checkbox(text("random_seed"), True)
        with gr.Row():
            self.button = gr.Button(text("speak"), variant="primary")
            self.stop = gr.Button(text("stop"), variant="stop")
        self.output = sound(text("speech"))

    def connect(self, speech: Speech, sovits: Any, gpt: Any) -> None:
        """Register the events, in the order of the official page."""
        parts = self.parts
        self.button.click(
            speech.inference,
            [
                *(parts.text, parts.text_language, parts.reference, parts.more, parts.prompt_text),
                *(parts.prompt_language, self.top_k, self.top_p, self.temperature, parts.cut, self.batch_size),
                *(self.speed, parts.ref_free, self.bucket, self.pause, self.seed, self.random, self.parallel),
                *(self.penalty, self.steps, self.super_sampling),
            ],
            [self.output, self.seed],
            api_name="inference",
            concurrency_limit=_AT_ONCE,
        )
        self.stop.click(speech.stop, [], [], api_name="stop")
        sovits.input(
            speech.change_sovits_weights_of_parallel,
            [sovits, parts.prompt_language, parts.text_language],
            [
                *(parts.prompt_language, parts.text_language, parts.prompt_text, parts.prompt_language),
                *(parts.text, parts.text_language, self.steps, parts.more, parts.ref_free, self.button),
            ],
            api_name="change_sovits_weights",
        )
        gpt.input(speech.change_gpt_weights, [gpt], [], api_name="change_gpt_weights")


def speech_page(
    words: Words, choices: Choices, speech: Speech, layout: Callable[[Words], UsualSpeech | ParallelSpeech]
) -> gr.Blocks:
    """Return an inference page of its own."""
    preset = VERSIONS[DEFAULT]
    page = gr.Blocks(title=words.name("tts"), analytics_enabled=False, delete_cache=(3600, 86400))
    with page:
        with gr.Row():
            gpt = suggestions([preset.gpt], label=words.text("gpt_weights"), value=preset.gpt, min_width=WIDE)
            sovits = suggestions(
                [preset.sovits], label=words.text("sovits_weights"), value=preset.sovits, min_width=WIDE
            )
            refresh = gr.Button(words.text("refresh"))
        refresh.click(choices.change_choices, [], [sovits, gpt], api_name="change_choices")
        layout(words).connect(speech, sovits, gpt)
        page.load(choices.choices_in_use, [], [sovits, gpt], api_visibility="private")
    return page
