"""The second tab: features, fine-tuning, speech."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from webui.eras import MARKER
from webui.fields import Radio, Slider, suggestions
from webui.pages.parts import LIST, StepBox, checkbox, path_box, step_box
from webui.versions import DEFAULT, HUBERT, ROBERTA, VERSIONS, Hardware
from webui.words import Words

_LIST = "D:\\RVC1006\\GPT-SoVITS\\raw\\xxx.list"


@dataclass(frozen=True)
class ModelBox:
    """What is trained, and what it begins with.

    Attributes:
        meant: The version that this page's user chose; for clients of the API the one last switched to.
    """

    exp_name: Any
    version: Any
    meant: Any
    s2g: Any
    s2d: Any
    s1: Any
    s2g_copy: Any


@dataclass(frozen=True)
class FeatureBoxes:
    """Features: inputs of all, of each part, and the steps.

    Attributes:
        unasked: The folder of recordings for 1c, which the older form does not have: clients can fill it in.
    """

    inp_text: Any
    inp_wav_dir: Any
    unasked: Any
    devices: dict[str, Any]
    bert: Any
    hubert: Any
    steps: dict[str, StepBox]


@dataclass(frozen=True)
class SovitsBox:
    """Fine-tuning of SoVITS."""

    batch_size: Any
    total_epoch: Any
    text_low_lr_rate: Any
    lora_rank: Any
    save_every_epoch: Any
    if_save_latest: Any
    if_save_every_weights: Any
    if_grad_ckpt: Any
    devices: Any
    step: StepBox


@dataclass(frozen=True)
class GptBox:
    """Fine-tuning of the GPT; ``inputs`` in the order of the endpoint without the experiment's name and the weights."""

    batch_size: Any
    total_epoch: Any
    if_dpo: Any
    if_save_latest: Any
    if_save_every_weights: Any
    save_every_epoch: Any
    devices: Any
    step: StepBox


def model_box(words: Words) -> ModelBox:
    """Lay out what is trained."""
    text, preset = words.text, VERSIONS[DEFAULT]
    with gr.Accordion(text("model_box")), gr.Row():
        exp_name = gr.Textbox(label=text("exp_name"), value="xxx", scale=3)
        version = Radio(list(VERSIONS), label=text("version"), value=DEFAULT, scale=5)
        meant = suggestions([MARKER, *VERSIONS], label=text("version"), value=MARKER, visible=False)
    with gr.Accordion(text("base_box"), open=False), gr.Row():
        s1 = path_box(text("s1"), preset.gpt)
        s2g = path_box(text("s2g"), preset.sovits)
        s2d = path_box(text("s2d"), preset.discriminator)
    s2g_copy = gr.Textbox(label=text("s2g"), value=preset.sovits, visible=False)
    return ModelBox(exp_name, version, meant, s2g, s2d, s1, s2g_copy)


def feature_boxes(words: Words) -> FeatureBoxes:
    """Lay out the parts of the features."""
    text = words.text
    with gr.Row():
        inp_text = path_box(text("list_file"), _LIST, LIST)
        inp_wav_dir = path_box(text("wav_dir"), example="output/slicer_opt")
    unasked = gr.Textbox(value="", visible=False)
    devices: dict[str, Any] = {}
    steps: dict[str, StepBox] = {}
    with gr.Accordion(words.name("1a"), open=False):
        with gr.Row():
            devices["1a"] = gr.Textbox(label=text("devices"), value="0-0")
            bert = path_box(text("bert"), ROBERTA)
        steps["1a"] = step_box(words, "1a")
    with gr.Accordion(words.name("1b"), open=False):
        with gr.Row():
            devices["1b"] = gr.Textbox(label=text("devices"), value="0-0")
            hubert = path_box(text("hubert"), HUBERT)
        steps["1b"] = step_box(words, "1b")
    with gr.Accordion(words.name("1c"), open=False):
        devices["1c"] = gr.Textbox(label=text("devices"), value="0-0")
        steps["1c"] = step_box(words, "1c")
    with gr.Accordion(words.name("1abc")):
        steps["1abc"] = step_box(words, "1abc")
    return FeatureBoxes(inp_text, inp_wav_dir, unasked, devices, bert, hubert, steps)


def sovits_box(words: Words, hardware: Hardware) -> SovitsBox:
    """Lay out the fine-tuning of SoVITS."""
    text, preset, batch = words.text, VERSIONS[DEFAULT], hardware.batch_size(DEFAULT)
    with gr.Accordion(words.name("1Ba")):
        with gr.Row():
            batch_size = Slider(1, 3 * batch, step=1, label=text("batch_size"), value=batch)
            total_epoch = Slider(1, preset.most_epochs, step=1, label=text("epochs"), value=preset.epochs)
            save_every = Slider(1, preset.most_save_every, step=1, label=text("save_every"), value=preset.save_every)
            text_rate = Slider(0.2, 0.6, step=0.05, label=text("text_rate"), value=0.4)
            lora_rank = Radio(["16", "32", "64", "128"], label=text("lora_rank"), value="32", visible=False)
        with gr.Row():
            save_latest = checkbox(text("save_latest"), True)
            save_weights = checkbox(text("save_weights"), True)
            grad_ckpt = checkbox(text("grad_ckpt"), False, visible=False)
            devices = gr.Textbox(label=text("devices"), value="0")
        step = step_box(words, "1Ba")
    return SovitsBox(
        batch_size, total_epoch, text_rate, lora_rank, save_every, save_latest, save_weights, grad_ckpt, devices, step
    )


def gpt_box(words: Words, hardware: Hardware) -> GptBox:
    """Lay out the fine-tuning of the GPT."""
    text = words.text
    with gr.Accordion(words.name("1Bb")):
        with gr.Row():
            batch_size = Slider(1, 40, step=1, label=text("batch_size"), value=hardware.gpt_batch_size)
            total_epoch = Slider(2, 50, step=1, label=text("epochs"), value=15)
            save_every = Slider(1, 50, step=1, label=text("save_every"), value=5)
        with gr.Row():
            dpo = checkbox(text("dpo"), False)
            save_latest = checkbox(text("save_latest"), True)
            save_weights = checkbox(text("save_weights"), True)
            devices = gr.Textbox(label=text("devices"), value="0")
        step = step_box(words, "1Bb")
    return GptBox(batch_size, total_epoch, dpo, save_latest, save_weights, save_every, devices, step)
