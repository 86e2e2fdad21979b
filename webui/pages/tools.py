"""Pages of their own: proofreading, and separating voices from music."""

from __future__ import annotations

from collections.abc import Callable

import gradio as gr

from webui.actions.labels import COLUMNS, Labels, Rows
from webui.actions.separating import FORMATS, MODELS, Separating
from webui.fields import Radio, Slider, suggestions
from webui.pages.parts import sound
from webui.words import Words


def label_page(words: Words, labels: Labels, begin_with: Callable[[], str]) -> gr.Blocks:
    """Return the page on which transcripts are proofread.

    Args:
        words: Of labels.
        labels: Reads and writes lists.
        begin_with: Returns the list that whoever opens the page sees; empty for none.
    """
    text = words.text
    page = gr.Blocks(title=words.name("label"), analytics_enabled=False, delete_cache=(3600, 86400))
    with page:
        gr.Markdown(f"## {text('label_title')}")
        with gr.Row():
            path_list = gr.Textbox(label=text("list_file"), value="", scale=4)
            load = gr.Button(text("load"))
            save = gr.Button(text("save"), variant="primary")
        status = gr.Textbox(label=text("status"), interactive=False)
        player = sound(text("listen"), interactive=False, autoplay=True)
        rows = gr.Dataframe(
            headers=list(COLUMNS),
            column_widths=["24%", "14%", "14%", "48%"],
            datatype="str",
            type="array",
            interactive=True,
            wrap=True,
        )
        revision = gr.State("")
        load.click(labels.load, [path_list], [rows, status, revision], api_name="load_list")
        save.click(labels.save, [path_list, rows, revision], [status, revision], api_name="save_list")

        async def begin() -> tuple[str, Rows, str, str]:
            path = begin_with()
            return path, *await labels.begin(path)

        page.load(begin, [], [path_list, rows, status, revision], api_visibility="private")
        rows.select(labels.listen, [path_list, rows], [player], api_visibility="private")
    return page


def separating_page(words: Words, separating: Separating) -> gr.Blocks:
    """Return the page on which voices are separated from music and echo."""
    text = words.text
    page = gr.Blocks(title=words.name("uvr5"), analytics_enabled=False)
    with page:
        gr.Markdown(f"## {text('uvr5_title')}")
        with gr.Row():
            model = suggestions(list(MODELS), label=text("uvr5_model"), value=MODELS[0])
            folder = gr.Textbox(label=text("input_folder"), value="")
            strength = Slider(0, 20, step=1, label=text("aggressiveness"), value=10)
            form = Radio(list(FORMATS), label=text("format"), value="flac")
        with gr.Row():
            vocals = gr.Textbox(label=text("vocal_folder"), value="output/uvr5_opt")
            rest = gr.Textbox(label=text("instrument_folder"), value="output/uvr5_opt")
        with gr.Row():
            start = gr.Button(text("convert"), variant="primary")
            stop = gr.Button(text("stop"), variant="stop")
        status = gr.Textbox(label=text("status"), lines=3, interactive=False)
        start.click(
            separating.uvr_convert, [model, folder, vocals, rest, strength, form], [status], api_name="uvr_convert"
        )
        stop.click(separating.close_uvr_convert, [], [status], api_name="close_uvr_convert")
    return page
