"""A recording is judged as it is, cut at its own quality, and refused at once when it is none."""

from __future__ import annotations

import io
from pathlib import Path

import soundfile
from playwright.sync_api import expect

from tests.page.conftest import Opener, Sites
from tests.page.serving import clip, picture


def test_telephone_audio_is_called_what_it_is(sites: Sites, open_page: Opener, tmp_path: Path) -> None:
    site = sites()
    sound = tmp_path / "call.wav"
    sound.write_bytes(clip(14, rate=8000))
    page = open_page(site, "voices")
    page.get_by_role("button", name="New voice").first.click()
    dialog = page.get_by_role("dialog", name="New voice")
    page.set_input_files("#clip-file", sound)
    expect(dialog.locator(".judged")).to_contain_text("telephone quality")
    expect(dialog.locator(".judged")).to_contain_text("8000 Hz")
    dialog.get_by_label("Name", exact=True).fill("Caller")
    dialog.get_by_role("button", name="Create voice").click()
    expect(dialog.locator(".doctor")).to_contain_text("telephone quality")
    # Eight seconds were cut out of the original, at its own rate.
    record = site.data("GET", "/voice-models/caller")
    stored = site.client.get(record["refer_wav_url"]).content
    samples, rate = soundfile.read(io.BytesIO(stored))
    assert rate == 8000 and abs(len(samples) / rate - 8) < 0.01
    assert record["reference_report"]["rate"] == 8000


def test_a_bad_file_is_refused_at_once_and_a_good_one_takes_its_place(
    sites: Sites, open_page: Opener, tmp_path: Path
) -> None:
    site = sites()
    tiny, photo, good = (tmp_path / name for name in ("tiny.wav", "photo.wav", "good.wav"))
    tiny.write_bytes(b"RIF")
    photo.write_bytes(picture())
    good.write_bytes(clip(5))
    page = open_page(site, "voices")
    page.get_by_role("button", name="New voice").first.click()
    dialog = page.get_by_role("dialog", name="New voice")
    for path in (tiny, photo):
        page.set_input_files("#clip-file", path)
        expect(dialog.get_by_role("alert")).to_contain_text(f"{path.name} cannot be used: ")
        expect(dialog.locator("clip-trimmer")).to_have_count(0)
    dialog.get_by_role("button", name="Create voice").click()
    expect(dialog.locator(".modal-foot [role=alert]")).to_contain_text("Add reference audio first.")
    page.set_input_files("#clip-file", good)
    expect(dialog.locator("clip-trimmer")).to_be_visible()
    expect(dialog.get_by_role("alert")).to_have_count(0)
    expect(dialog.locator(".judged")).to_be_visible()


def test_a_name_that_is_taken_names_the_other_voice(sites: Sites, open_page: Opener, tmp_path: Path) -> None:
    site = sites()
    site.voice("anna-1", "Anna")
    sound = tmp_path / "a.wav"
    sound.write_bytes(clip(5))
    page = open_page(site, "voices")
    page.get_by_role("button", name="New voice").click()
    dialog = page.get_by_role("dialog", name="New voice")
    page.set_input_files("#clip-file", sound)
    expect(dialog.locator("clip-trimmer")).to_be_visible()
    dialog.get_by_label("Name", exact=True).fill("anna")
    dialog.get_by_role("button", name="Create voice").click()
    expect(dialog.locator(".modal-foot [role=alert]")).to_contain_text("already a voice called “Anna” (ID anna-1)")
    expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    # Another name whose id would be the same gets one that is free.
    dialog.get_by_label("Name", exact=True).fill("Anna 1")
    dialog.get_by_role("button", name="Create voice").click()
    expect(dialog.get_by_text("Audio check")).to_be_visible()
    assert site.client.get("/voice-models/anna-1-2").status_code == 200


def test_an_imported_voice_that_is_here_can_be_kept_beside_it(sites: Sites, open_page: Opener, tmp_path: Path) -> None:
    site = sites()
    site.voice("anna", "Anna")
    archive = tmp_path / "Anna.zip"
    archive.write_bytes(site.client.get("/voice-models/anna/export").content)
    page = open_page(site, "voices")
    page.set_input_files(".toolbar input[type=file]", archive)
    expect(page.get_by_role("alert")).to_contain_text("The voice in Anna.zip is here already.")
    page.get_by_role("button", name="Import as a copy").click()
    expect(page.locator(".voice-card").filter(has_text="Anna (2)")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    assert {each["model_name"] for each in site.data("GET", "/voice-models")["data"]} == {"Anna", "Anna (2)"}


def test_a_deleted_voice_keeps_its_name_in_its_tasks(sites: Sites, open_page: Opener) -> None:
    site = sites()
    site.voice("anna", "Anna the narrator")
    site.wait(site.task("Spoken once.", "anna")["task_id"])
    site.data("DELETE", "/voice-models/anna")
    page = open_page(site)
    expect(page.locator(".task .who")).to_contain_text("Anna the narrator")
    page.locator(".task-text").click()
    expect(page.locator(".drawer h2")).to_have_text("Anna the narrator")


def test_a_search_finds_text_transcript_and_pinyin(sites: Sites, open_page: Opener) -> None:
    site = sites()
    site.voice("narrator", "Narrator", text="今天天气很好。")
    site.voice("xiaoyu", "小雨", text="The quick fox.", language="en")
    site.wait(site.task("The harbour at night.", "narrator", task_id="one")["task_id"])
    site.wait(site.task("春眠不觉晓。", "xiaoyu", task_id="two", text_language="zh")["task_id"])
    page = open_page(site)
    expect(page.locator(".task")).to_have_count(2)
    page.locator("main").focus()
    page.keyboard.press("/")
    search = page.locator("#task-search")
    expect(search).to_be_focused()
    for words, found in (
        ("harbour", "The harbour"),
        ("chunmian", "春眠"),
        ("cmbjx", "春眠"),
        ("天气", "The harbour"),
        ("xiaoyu", "春眠"),
        ("NIGHT harbour", "The harbour"),
    ):
        search.fill(words)
        expect(page.locator(".task")).to_have_count(1)
        expect(page.locator(".task-text")).to_contain_text(found)
    search.fill("nowhere")
    expect(page.locator(".empty")).to_contain_text("No task matches")
    page.get_by_role("button", name="Clear the filter").click()
    expect(page.locator(".task")).to_have_count(2)
    page.goto(f"{site.url}/index#/voices")
    page.keyboard.press("/")
    for words, name in (("xy", "小雨"), ("xiao yu", "小雨"), ("天气", "Narrator"), ("quick", "小雨")):
        page.locator("#voice-search").fill(words)
        expect(page.locator(".voice-card")).to_have_count(1)
        expect(page.locator(".voice-card")).to_contain_text(name)
