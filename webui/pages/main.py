"""The main page: what lies where, and every endpoint in the order in which clients number them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from webui.actions.choices import Choices
from webui.actions.dataset import Dataset
from webui.actions.opening import Opening
from webui.actions.running import Runner
from webui.actions.speech import Speech
from webui.actions.training import Training
from webui.fields import suggestions
from webui.pages.dataset import DatasetTab, dataset_tab
from webui.pages.parts import WIDE, PageBox, checkbox, page_box
from webui.pages.resuming import AT_ONCE, resume_pages, resume_steps
from webui.pages.speech import UsualSpeech
from webui.pages.training import (
    FeatureBoxes,
    GptBox,
    ModelBox,
    SovitsBox,
    feature_boxes,
    gpt_box,
    model_box,
    sovits_box,
)
from webui.versions import VERSIONS, Hardware
from webui.watching import running_work
from webui.words import Words

_LOOK_S = 3.0


@dataclass(frozen=True)
class Actions:
    """What the endpoints do."""

    choices: Choices
    dataset: Dataset
    training: Training
    opening: Opening
    speech: Speech
    runner: Runner


@dataclass(frozen=True)
class SpeechTab:
    """Weights, further pages, and speech on this page."""

    gpt: Any
    sovits: Any
    refresh: Any
    device: Any
    batched: Any
    opening: PageBox
    usual: UsualSpeech


def main_page(words: Words, hardware: Hardware, admin: str, make: Callable[[dict[str, Any]], Actions]) -> gr.Blocks:
    """Return the page.

    Args:
        words: Of labels.
        hardware: What batch sizes are chosen for.
        admin: Address of the service's own page.
        make: Returns what the endpoints do, given their announced defaults.
    """
    text = words.text
    page = gr.Blocks(title=text("title"), analytics_enabled=False, delete_cache=(3600, 86400))
    with page:
        gr.Markdown(f"# {text('title')}\n{text('intro', address=admin)}")
        with gr.Accordion(text("jobs"), open=False):
            work = gr.Markdown(text("idle"))
        with gr.Tab(text("dataset_tab")):
            dataset = dataset_tab(words)
        with gr.Tab(text("training_tab")):
            model = model_box(words)
            with gr.Tab(text("format_tab")):
                features = feature_boxes(words)
            with gr.Tab(text("train_tab")):
                sovits, gpt = sovits_box(words, hardware), gpt_box(words, hardware)
            with gr.Tab(text("speak_tab")):
                speech = _speech_tab(words)
        actions = make(_announced(model, features, sovits))
        _connect_dataset(actions, dataset, features, model)
        _connect_features(actions, model, features)
        _connect_training(actions, model, features, sovits, gpt, speech)
        speech.usual.connect(actions.speech, speech.sovits, speech.gpt)
        # Registered after the endpoints, so that these keep their numbers.
        model.version.input(lambda version: version, [model.version], [model.meant], **AT_ONCE)
        features.inp_wav_dir.change(lambda path: path, [features.inp_wav_dir], [features.unasked], **AT_ONCE)

        async def look() -> str:
            return await running_work(actions.runner.jobs, words)

        gr.Timer(_LOOK_S).tick(
            look, [], [work], api_visibility="private", queue=False, show_progress="hidden", concurrency_limit=None
        )
        page.load(actions.choices.choices_in_use, [], [speech.sovits, speech.gpt], api_visibility="private")
        # What clients of the API fill in are folders of another machine; people begin with empty boxes.
        examples = [dataset.asr_folder, dataset.path_list, features.inp_text]
        page.load(lambda: [""] * len(examples), [], examples, api_visibility="private", queue=False)
        steps = {"slice": dataset.slice, "denoise": dataset.denoise, "asr": dataset.asr, **features.steps}
        resume_steps(page, actions.runner, {**steps, "1Ba": sovits.step, "1Bb": gpt.step})
        resume_pages(page, actions.opening, {"label": dataset.label, "uvr5": dataset.uvr5, "tts": speech.opening})
    return page


def _speech_tab(words: Words) -> SpeechTab:
    text, first = words.text, VERSIONS["v1"]
    with gr.Row():
        gpt = suggestions([first.gpt], label=text("gpt_weights"), value=first.gpt, interactive=True, min_width=WIDE)
        sovits = suggestions(
            [first.sovits], label=text("sovits_weights"), value=first.sovits, interactive=True, min_width=WIDE
        )
        refresh = gr.Button(text("refresh"))
    usual = UsualSpeech(words)
    with gr.Accordion(words.name("tts"), open=False):
        with gr.Row():
            device = gr.Textbox(label=text("devices"), value="0")
            batched = checkbox(text("batched"), False)
        opening = page_box(words, "tts")
    return SpeechTab(gpt, sovits, refresh, device, batched, opening, usual)


def _announced(model: ModelBox, features: FeatureBoxes, sovits: SovitsBox) -> dict[str, Any]:
    """Return what clients fill in for what a call leaves out: the components' first values."""
    shared = {"inp_text": features.inp_text, "exp_name": model.exp_name, "version": model.meant}
    devices = features.devices
    boxes = {
        "open1b": {**shared, "gpu_numbers": devices["1b"], "ssl_pretrained_dir": features.hubert},
        "open1c": {**shared, "gpu_numbers": devices["1c"], "pretrained_s2G_path": model.s2g},
        "open1abc": {
            **shared,
            "gpu_numbers1a": devices["1a"],
            "gpu_numbers1Ba": devices["1b"],
            "gpu_numbers1c": devices["1c"],
            "bert_pretrained_dir": features.bert,
            "ssl_pretrained_dir": features.hubert,
            "pretrained_s2G_path": model.s2g,
        },
        "open1Ba": {
            "batch_size": sovits.batch_size,
            "total_epoch": sovits.total_epoch,
            "exp_name": model.exp_name,
            "text_low_lr_rate": sovits.text_low_lr_rate,
            "if_save_latest": sovits.if_save_latest,
            "if_save_every_weights": sovits.if_save_every_weights,
            "save_every_epoch": sovits.save_every_epoch,
            "gpu_numbers1Ba": sovits.devices,
            "pretrained_s2G": model.s2g,
            "pretrained_s2D": model.s2d,
            "if_grad_ckpt": sovits.if_grad_ckpt,
            "lora_rank": sovits.lora_rank,
            "version": model.meant,
        },
    }
    found = {name: {field: box.value for field, box in fields.items()} for name, fields in boxes.items()}
    found["open1c"]["inp_wav_dir"] = ""
    return found


def _connect_dataset(actions: Actions, tab: DatasetTab, features: FeatureBoxes, model: ModelBox) -> None:
    choices, opening, dataset = actions.choices, actions.opening, actions.dataset
    _, _, recogniser, size, language, precision = tab.asr_inputs
    recogniser.change(choices.change_lang_choices, [recogniser], [language], api_name="change_lang_choices")
    recogniser.change(choices.change_size_choices, [recogniser], [size], api_name="change_size_choices")
    recogniser.change(choices.change_precision_choices, [recogniser], [precision], api_name="change_precision_choices")
    tab.label.when_opened(opening.change_label, [tab.path_list], "change_label")
    tab.label.when_closed(opening.change_label, "change_label_1", [tab.path_list])
    tab.uvr5.when_opened(opening.change_uvr5, [], "change_uvr5")
    tab.uvr5.when_closed(opening.change_uvr5, "change_uvr5_1")
    model.s2g.change(choices.sync, [model.s2g], [model.s2g_copy], api_name="sync")
    lists = [tab.path_list, features.inp_text, features.inp_wav_dir]
    tab.asr.when_opened(dataset.open_asr, tab.asr_inputs, "open_asr", lists)
    tab.asr.when_closed(dataset.close_asr, "close_asr")
    folders = [tab.asr_folder, tab.denoise_folder, features.inp_wav_dir]
    tab.slice.when_opened(dataset.open_slice, tab.slice_inputs, "open_slice", folders)
    tab.slice.when_closed(dataset.close_slice, "close_slice")
    folders = [tab.asr_folder, features.inp_wav_dir]
    tab.denoise.when_opened(dataset.open_denoise, tab.denoise_inputs, "open_denoise", folders)
    tab.denoise.when_closed(dataset.close_denoise, "close_denoise")


def _connect_features(actions: Actions, model: ModelBox, features: FeatureBoxes) -> None:
    training, steps, devices = actions.training, features.steps, features.devices
    common = [features.inp_text, features.inp_wav_dir, model.exp_name]
    steps["1a"].when_opened(training.open1a, [*common, devices["1a"], features.bert], "open1a")
    steps["1a"].when_closed(training.close1a, "close1a")
    steps["1b"].when_opened(training.open1b, [*common, devices["1b"], features.hubert, model.meant], "open1b")
    steps["1b"].when_closed(training.close1b, "close1b")
    inputs = [features.inp_text, model.exp_name, devices["1c"], model.s2g, features.unasked, model.meant]
    steps["1c"].when_opened(training.open1c, inputs, "open1c")
    steps["1c"].when_closed(training.close1c, "close1c")
    inputs = [*common, *(devices[part] for part in ("1a", "1b", "1c")), features.bert, features.hubert, model.s2g]
    steps["1abc"].when_opened(training.open1abc, [*inputs, model.meant], "open1abc")
    steps["1abc"].when_closed(training.close1abc, "close1abc")


def _connect_training(
    actions: Actions, model: ModelBox, features: FeatureBoxes, sovits: SovitsBox, gpt: GptBox, speech: SpeechTab
) -> None:
    training, choices, lists = actions.training, actions.choices, [speech.sovits, speech.gpt]
    sovits.step.when_closed(training.close1Ba, "close1Ba")
    gpt.step.when_closed(training.close1Bb, "close1Bb")
    speech.refresh.click(choices.change_choices, [], lists, api_name="change_choices")
    inputs = [features.bert, features.hubert, speech.device, speech.gpt, speech.sovits, speech.batched]
    speech.opening.when_opened(actions.opening.change_tts_inference, inputs, "change_tts_inference")
    speech.opening.when_closed(actions.opening.change_tts_inference, "change_tts_inference_1", inputs)
    inputs = [
        *(sovits.batch_size, sovits.total_epoch, model.exp_name, sovits.text_low_lr_rate, sovits.if_save_latest),
        *(sovits.if_save_every_weights, sovits.save_every_epoch, sovits.devices, model.s2g, model.s2d),
        *(sovits.if_grad_ckpt, sovits.lora_rank, model.meant),
    ]
    sovits.step.when_opened(training.open1Ba, inputs, "open1Ba", lists)
    inputs = [
        *(gpt.batch_size, gpt.total_epoch, model.exp_name, gpt.if_dpo, gpt.if_save_latest),
        *(gpt.if_save_every_weights, gpt.save_every_epoch, gpt.devices, model.s1),
    ]
    gpt.step.when_opened(training.open1Bb, inputs, "open1Bb", lists)
    model.version.input(
        choices.switch_version,
        [model.version],
        [
            *(model.s2g, model.s2d, model.s1, speech.gpt, speech.sovits, sovits.batch_size, sovits.total_epoch),
            *(sovits.save_every_epoch, sovits.text_low_lr_rate, sovits.if_grad_ckpt, speech.batched),
            sovits.lora_rank,
        ],
        api_name="switch_version",
    )
