"""The first tab: from recordings to a proofread list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from webui.fields import Slider, suggestions
from webui.pages.parts import LIST, RECORDINGS, PageBox, StepBox, page_box, path_box, step_box
from webui.recognisers import OFFERED, PARAFORMER, RECOGNISERS
from webui.words import Words


@dataclass(frozen=True)
class DatasetTab:
    """Components of the tab; lists are in the order of the endpoint's parameters."""

    uvr5: PageBox
    slice: StepBox
    slice_inputs: list[Any]
    denoise: StepBox
    denoise_inputs: list[Any]
    asr: StepBox
    asr_inputs: list[Any]
    label: PageBox
    path_list: Any

    @property
    def asr_folder(self) -> Any:
        """Where the transcripts' recordings lie."""
        return self.asr_inputs[0]

    @property
    def denoise_folder(self) -> Any:
        """Where the noisy recordings lie."""
        return self.denoise_inputs[0]


def dataset_tab(words: Words) -> DatasetTab:
    """Lay out the tab."""
    text = words.text
    with gr.Accordion(text("separate_box")):
        uvr5 = page_box(words, "uvr5")
    with gr.Accordion(text("slice_box")):
        slice_inputs = _slice_inputs(words)
        slicing = step_box(words, "slice")
    with gr.Accordion(text("denoise_box"), open=False):
        with gr.Row():
            denoise_inputs = [
                path_box(text("input_folder"), "", RECORDINGS),
                path_box(text("output_folder"), "output/denoise_opt"),
            ]
        denoise = step_box(words, "denoise")
    with gr.Accordion(text("asr_box")):
        asr_inputs = _asr_inputs(words)
        asr = step_box(words, "asr")
    with gr.Accordion(text("label_box")):
        path_list = path_box(text("list_file"), "D:\\RVC1006\\GPT-SoVITS\\raw\\xxx.list", LIST)
        label = page_box(words, "label")
    return DatasetTab(uvr5, slicing, slice_inputs, denoise, denoise_inputs, asr, asr_inputs, label, path_list)


def _slice_inputs(words: Words) -> list[Any]:
    text = words.text
    with gr.Row():
        paths = [
            path_box(text("input_path"), "", RECORDINGS),
            path_box(text("output_folder"), "output/slicer_opt"),
        ]
    with gr.Row():
        levels = [
            gr.Textbox(label=text(name), value=value)
            for name, value in (
                ("threshold", "-34"),
                ("min_length", "4000"),
                ("min_interval", "300"),
                ("hop_size", "10"),
                ("max_sil_kept", "500"),
            )
        ]
    with gr.Row():
        mixing = [
            Slider(0, 1, step=0.05, label=text("loudness"), value=0.9),
            Slider(0, 1, step=0.05, label=text("alpha"), value=0.25),
            Slider(1, 64, step=1, label=text("processes"), value=4),
        ]
    return [*paths, *levels, *mixing]


def _asr_inputs(words: Words) -> list[Any]:
    text, preset = words.text, RECOGNISERS[PARAFORMER]
    with gr.Row():
        paths = [
            path_box(text("input_folder"), "D:\\GPT-SoVITS\\raw\\xxx", RECORDINGS),
            path_box(text("output_folder"), "output/asr_opt"),
        ]
    with gr.Row():
        choices = [
            suggestions(list(OFFERED), label=text("asr_model"), value=PARAFORMER, interactive=True),
            suggestions(list(preset.sizes), label=text("asr_size"), value="large", interactive=True),
            suggestions(list(preset.languages), label=text("language"), value="zh", interactive=True),
            suggestions(
                list(preset.precisions),
                label=text("precision"),
                value="float32",
                interactive=True,
            ),
        ]
    return [*paths, *choices]
