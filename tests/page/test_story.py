"""The whole story of a user, from an empty service to a cleaned-up one."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.page.conftest import Opener, Sites
from tests.page.serving import Site, clip, fake_engine, picture


def _create_category(page: Page, name: str) -> None:
    page.goto(page.url.split("#")[0] + "#/voices")
    page.get_by_role("button", name="Manage categories").click()
    dialog = page.get_by_role("dialog", name="Categories")
    dialog.get_by_label("Name", exact=True).fill(name)
    dialog.get_by_role("button", name="Add").click()
    expect(dialog.get_by_label(f"Name of {name}")).to_have_value(name)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def _create_voice(page: Page, folder: Path) -> None:
    sound, portrait = folder / "voice.wav", folder / "face.png"
    sound.write_bytes(clip(14.0))
    portrait.write_bytes(picture())
    page.get_by_role("button", name="New voice").first.click()
    dialog = page.get_by_role("dialog", name="New voice")
    page.set_input_files("#clip-file", sound)
    # Fourteen seconds are too long: eight of them are proposed, and the handles make it nine and a half.
    expect(dialog.locator(".length")).to_contain_text("8.0 s")
    handle = dialog.get_by_label("End of the selection")
    before = float(handle.get_attribute("aria-valuenow") or 0)
    for _ in range(15):
        handle.press("ArrowLeft" if before > 12 else "ArrowRight")
    expect(dialog.locator(".length")).to_contain_text("6.5 s" if before > 12 else "9.5 s")
    dialog.get_by_label("What is said in the audio").fill("The words that are heard.")
    expect(dialog.get_by_label("Language").locator("option:checked")).to_have_text("Auto: English")
    dialog.get_by_label("Name", exact=True).fill("Narrator One")
    expect(dialog.get_by_label("ID", exact=True)).to_have_attribute("placeholder", "narrator-one")
    page.set_input_files("#avatar-file", portrait)
    expect(dialog.locator("avatar-crop")).to_be_visible()
    dialog.get_by_role("button", name="Audio books").click()
    dialog.get_by_role("button", name="Create voice").click()
    expect(dialog.get_by_text("Audio check")).to_be_visible()
    dialog.get_by_role("button", name="Speak").click()
    expect(page.locator("#voice-picker")).to_contain_text("Narrator One")


def _submit(page: Page, text: str) -> None:
    page.locator("#c-text").fill(text)
    expect(page.locator("#c-count")).to_contain_text(f"{len(text)} characters")
    page.locator("#c-text").press("Control+Enter")


def test_from_an_empty_service_to_a_result_and_back(sites: Sites, open_page: Opener, tmp_path: Path) -> None:
    site = sites(fake_engine(seconds=0.8, parallel=1))
    page = open_page(site)
    expect(page.get_by_role("heading", name="Welcome. Add your first voice.")).to_be_visible()
    _create_category(page, "Audio books")
    _create_voice(page, tmp_path)
    record = site.data("GET", "/voice-models/narrator-one")
    assert record["prompt_language"] == "en"
    assert 6.4 < record["reference_report"]["seconds"] < 9.6
    assert record["categories"] == [site.data("GET", "/voice-categories")[0]["category_id"]]

    page.get_by_label("Split into sentences").select_option("cut4")
    page.get_by_role("button", name="Preview the sentences").click()
    page.locator("#c-text").fill("One short sentence. Another one follows.")
    expect(page.locator(".preview li")).to_have_count(2)
    _submit(page, "One short sentence. Another one follows.")
    first = page.locator(".task").filter(has_text="One short sentence")
    expect(first).to_be_visible()
    _submit(page, "This one is cancelled. It has sentences. Many of them. And one more.")
    second = page.locator(".task").filter(has_text="This one is cancelled")
    expect(second).to_be_visible()
    expect(first.get_by_role("progressbar")).to_be_visible()
    second.get_by_role("button", name="Cancel this task").click()
    expect(second).to_contain_text("Cancelled")

    expect(first.get_by_role("button", name=re.compile("^Play"))).to_be_visible()
    first.get_by_role("button", name=re.compile("^Play")).click()
    player = page.get_by_role("region", name="Player")
    expect(player).to_contain_text("One short sentence")
    expect(player.get_by_role("slider")).to_be_visible()
    page.wait_for_function("document.querySelector('.player .time').textContent.match(/0:0[1-9]|0:00 \\/ 0:0[1-9]/)")

    _download_in_formats(page, first)
    _look_inside(page, site)
    _delete_with_undo(page, site)
    _delete_voice(page, site)


def _download_in_formats(page: Page, row: Locator) -> None:
    for name, magic in (("MP3", b"\xff"), ("WAV", b"RIFF"), ("FLAC", b"fLaC")):
        row.get_by_role("button", name="Download").click()
        with page.expect_download() as download:
            row.get_by_role("button", name=re.compile(f"^{name}")).click()
        content = Path(download.value.path()).read_bytes()
        assert download.value.suggested_filename == f"One short sentence. Another one follows.{name.lower()}"
        assert content.startswith((magic, b"ID3")), f"{name} begins with {content[:4]!r}"
        assert len(content) > 2000


def _look_inside(page: Page, site: Site) -> None:
    page.locator(".task-text").filter(has_text="One short sentence").click()
    drawer = page.get_by_role("dialog", name="Details")
    expect(drawer.locator(".segment")).to_have_count(2)
    expect(drawer.locator(".story li").first).to_contain_text("Accepted")
    expect(drawer.locator(".story li").last).to_contain_text("Done")
    task_id = drawer.locator("dd").first.inner_text()
    before = site.client.get(f"/done/{task_id}.wav").content
    drawer.get_by_role("button", name="Speak segment 2 again").click()
    expect(drawer.locator(".story li").last).to_contain_text("Segment spoken again")
    assert site.client.get(f"/done/{task_id}.wav").content != before
    drawer.get_by_role("button", name="Play segment 2").click()
    with page.expect_download() as download:
        drawer.get_by_role("button", name="SRT subtitles").click()
    assert "Another one follows." in Path(download.value.path()).read_text("utf-8")
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()


def _delete_with_undo(page: Page, site: Site) -> None:
    row = page.locator(".task").filter(has_text="This one is cancelled")
    row.get_by_role("button", name="Delete this task").click()
    expect(row).to_be_hidden()
    page.get_by_role("button", name="Undo").click()
    expect(row).to_be_visible()
    assert len(site.data("GET", "/voice-tasks")["data"]) == 2
    row.get_by_role("button", name="Delete this task").click()
    # Leaving the page carries out what could still be taken back.
    page.reload()
    expect(page.locator(".task").filter(has_text="One short sentence")).to_be_visible()
    expect(row).to_be_hidden()
    assert len(site.data("GET", "/voice-tasks")["data"]) == 1


def _delete_voice(page: Page, site: Site) -> None:
    page.goto(site.url + "/index#/voices")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export Narrator One").click()
    assert zipfile.is_zipfile(download.value.path())
    archive = Path(download.value.path())
    page.get_by_role("button", name="Delete Narrator One").click()
    expect(page.locator(".voice-card")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("heading", name="No voices yet")).to_be_visible()
    renamed = archive.with_suffix(".zip")
    archive.rename(renamed)
    page.set_input_files(".toolbar input[type=file]", renamed)
    expect(page.locator(".voice-card")).to_contain_text("Narrator One")


def test_a_voice_is_recorded_and_edited(sites: Sites, open_page: Opener) -> None:
    site = sites()
    page = open_page(site, "voices")
    page.keyboard.press("n")
    dialog = page.get_by_role("dialog", name="New voice")
    dialog.get_by_role("button", name="Record").click()
    expect(dialog.get_by_role("timer")).to_have_text("0:03")
    dialog.get_by_role("button", name="Stop").click()
    expect(dialog.locator(".length")).to_contain_text("a good length")
    dialog.get_by_label("Name", exact=True).fill("小雨")
    dialog.get_by_label("ID", exact=True).fill("rain")
    dialog.get_by_role("button", name="Create voice").click()
    expect(dialog.get_by_text("Audio check")).to_be_visible()
    dialog.locator(".outcome").get_by_role("button", name="Close").click()
    # Without a picture of its own it got one with its first letter.
    assert (
        site.client.get(site.data("GET", "/voice-models/rain")["avatar_url"])
        .headers["content-type"]
        .startswith("image/")
    )

    page.get_by_role("button", name="Edit 小雨").click()
    dialog = page.get_by_role("dialog", name="Edit 小雨")
    dialog.get_by_label("Name", exact=True).fill("大雨")
    dialog.get_by_role("button", name="Save changes").click()
    expect(page.locator(".voice-card")).to_contain_text("大雨")
    assert site.data("GET", "/voice-models/rain")["model_name"] == "大雨"


def test_errors_are_told_where_they_happened(sites: Sites, open_page: Opener, tmp_path: Path) -> None:
    site = sites()
    site.voice("narrator")
    page = open_page(site)
    page.get_by_role("button", name="Generate speech").click()
    expect(page.locator(".composer [role=alert]")).to_have_text("Write a text first.")
    page.locator("#c-text").fill("？！……")
    page.locator("#voice-picker").click()
    page.keyboard.type("narr")
    expect(page.locator("#voice-options [role=option]")).to_have_count(1)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Generate speech").click()
    expect(page.locator(".composer [role=alert]")).not_to_have_text("Write a text first.")
    expect(page.locator(".composer [role=alert]")).to_be_visible()
    assert page.locator("#c-text").input_value() == "？！……"

    short = tmp_path / "short.wav"
    short.write_bytes(clip(1.5))
    page.keyboard.press("Escape")
    page.locator("main").focus()
    page.keyboard.press("n")
    page.set_input_files("#clip-file", short)
    expect(page.locator(".voice-editor [role=alert]")).to_have_text("The audio is 1.5 s long. At least 3 s are needed.")
    short.write_bytes(clip(4))
    page.set_input_files("#clip-file", short)
    page.locator("#e-name").fill("x")
    page.locator("#e-id").fill("narrator")
    page.get_by_role("button", name="Create voice").click()
    expect(page.locator(".voice-editor [role=alert]")).to_contain_text("narrator")
    assert page.locator("#e-name").input_value() == "x"
