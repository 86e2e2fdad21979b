"""The page on the real engine in a process of its own, with small weights in the official formats."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from GPT_SoVITS.opening import open_engine
from tests.engine.small import SmallInstallation
from tests.page.conftest import Opener, Sites, choose_first_voice
from tests.page.serving import Site


def _speaking(sites: Sites, folder: Path, max_rows: int) -> Site:
    """A service that finds the encoder where its engine has it: a ready engine without one is refused texts."""
    installation = SmallInstallation(folder / "weights")
    return sites(open_engine(installation.settings(max_rows=max_rows)), hubert_path=str(installation.folder / "hubert"))


def test_a_text_is_spoken_and_heard(sites: Sites, open_page: Opener, tmp_path: Path) -> None:
    """The short form, for every run: the page, the service and the engine's own process, once through."""
    site = _speaking(sites, tmp_path, max_rows=1)
    site.voice("narrator", "Narrator", text="This is what the reference says.")
    site.data("PATCH", "/voice-models/narrator", json={"prompt_language": "en"})
    # The engine may be starting: a text may be submitted before it is ready.
    page = open_page(site)
    choose_first_voice(page)
    page.locator("#c-text").fill("Good morning.")
    page.locator("#c-text").press("Control+Enter")
    row = page.locator(".task").filter(has_text="Good morning.")
    expect(row).to_be_visible()
    expect(row.locator(".play")).to_be_visible(timeout=180_000)
    row.locator(".play").click()
    expect(page.locator(".player")).to_contain_text("Good morning.")
    entry = site.data("GET", "/voice-tasks", params={"status": "done"})["data"][0]
    assert (entry["version"], entry["segments_done"]) == ("v2", 1)


@pytest.mark.full
def test_a_text_is_spoken_heard_and_another_cancelled(sites: Sites, open_page: Opener, tmp_path: Path) -> None:
    site = _speaking(sites, tmp_path, max_rows=2)
    site.voice("narrator", "Narrator", text="This is what the reference says.")
    site.data("PATCH", "/voice-models/narrator", json={"prompt_language": "en"})
    page = open_page(site)
    expect(page.locator(".service")).to_contain_text("Ready", timeout=60_000)
    choose_first_voice(page)
    page.get_by_label("Split into sentences").select_option("cut4")
    page.locator("#c-text").fill("Good morning. How are you.")
    page.locator("#c-text").press("Control+Enter")
    row = page.locator(".task").filter(has_text="Good morning.")
    expect(row).to_be_visible()
    page.locator("#c-text").fill("Never heard. " * 40)
    page.locator("#c-text").press("Control+Enter")
    other = page.locator(".task").filter(has_text="Never heard.")
    other.get_by_role("button", name="Cancel this task").click()
    expect(other).to_contain_text("Cancelled")
    expect(row.locator(".play")).to_be_visible(timeout=90_000)
    row.locator(".play").click()
    expect(page.locator(".player")).to_contain_text("Good morning.")
    entry = site.data("GET", "/voice-tasks", params={"status": "done"})["data"][0]
    assert entry["version"] == "v2"
    assert entry["audio_seconds"] > 0.2
