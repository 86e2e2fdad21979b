"""A fresh installation speaks: a click to a sound, plain words about what speaks, the way to the official models."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from GPT_SoVITS import starter
from GPT_SoVITS.opening import open_engine
from GPT_SoVITS.testing.fake import FakeEngine
from service.settings import load_settings
from service.weights.starter import first_weights
from tests.engine.boxed import boxed
from tests.engine.small_own import OwnInstallation
from tests.page.conftest import Opener, Sites

SLOW = 240_000
"""Milliseconds for an engine's process to start, and for a first sentence; it takes seconds on a machine of its own."""


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OwnInstallation:
    """Small networks in its place."""
    return boxed(tmp_path / "box", monkeypatch)


def test_the_page_says_what_speaks_and_offers_an_example_and_the_official_models(
    sites: Sites, open_page: Opener, box: OwnInstallation
) -> None:
    site = sites(FakeEngine(weights=box.pair, languages=("en",)), starter=True)
    page = open_page(site)
    note = page.locator(".starter-note")
    expect(note).to_contain_text("A small demonstration model is speaking.")
    expect(note).to_contain_text("in English only")
    expect(note.get_by_role("button", name="Download the official models")).to_be_visible()
    expect(page.locator(".service")).to_contain_text("Partly ready")
    note.get_by_role("button", name="Hear it").click()
    row = page.locator(".task").filter(has_text="a small voice that was made")
    expect(row.locator(".play")).to_be_visible()
    assert site.data("GET", "/voice-tasks")["data"][0]["model_id"] == "starter-main"
    page.locator("#c-text").fill("今天天气不错。")
    expect(page.locator(".composer .note.warn")).to_contain_text("Chinese")
    page.evaluate("location.hash = '#/weights'")
    expect(page.locator(".starter-note")).to_be_visible()
    expect(page.locator(".starter-note").get_by_role("button", name="Hear it")).to_have_count(0)


def test_the_example_is_in_the_language_of_the_page_and_in_a_voice_that_speaks_it(
    sites: Sites, open_page: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = boxed(tmp_path / "box", monkeypatch, others=["ja", "zh"])
    site = sites(FakeEngine(weights=own.pair, languages=("en", "ja", "zh")), starter=True)
    page = open_page(site, settings={"language": "zh"})
    hear = page.locator(".starter-note").get_by_role("button", name="听一听")
    hear.click()
    expect(page.locator(".task").filter(has_text="这是为这个程序制作的小声音")).to_have_count(1)
    assert site.data("GET", "/voice-tasks")["data"][0]["model_id"] == "starter-fourth"
    # What is written already is spoken by a voice of its language, where none was chosen.
    page = open_page(site)
    page.locator("#c-text").fill("ありがとう。")
    page.locator(".starter-note").get_by_role("button", name="Hear it").click()
    expect(page.locator(".task").filter(has_text="ありがとう。")).to_have_count(1)
    assert site.data("GET", "/voice-tasks")["data"][0]["model_id"] == "starter-third"


def test_other_weights_have_no_such_note(sites: Sites, open_page: Opener) -> None:
    page = open_page(sites(starter=True))
    expect(page.locator(".composer")).to_be_visible()
    expect(page.locator(".starter-note")).to_have_count(0)


@pytest.mark.skipif(starter.pair() is None, reason="this installation has left the starter out")
def test_a_fresh_installation_speaks_with_the_real_engine(sites: Sites, open_page: Opener, tmp_path: Path) -> None:
    """Weights, voices and sampling as they are shipped; nothing is fetched, and no other network is there."""
    settings = load_settings(root=tmp_path / "service0", starter=True, max_rows=1)
    site = sites(open_engine(settings.engine_settings(first_weights(settings))), starter=True)
    page = open_page(site)
    page.get_by_role("button", name="Hear it").click(timeout=SLOW)
    row = page.locator(".task").filter(has_text="a small voice that was made")
    expect(row.locator(".play")).to_be_visible(timeout=SLOW)
    row.locator(".play").click()
    expect(page.locator(".player")).to_contain_text("a small voice that was made")
    entry = site.data("GET", "/voice-tasks", params={"status": "done"})["data"][0]
    assert entry["version"] == "v2" and 2 < entry["audio_seconds"] < 10
