"""From a bare machine to a voice that speaks, on the page alone; and what the page says of a language that cannot."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from GPT_SoVITS.testing.fake import FakeEngine
from service.keys.store import KeyStore
from tests.page.conftest import Opener, Sites, choose_first_voice
from tests.resources.shelf import fill
from tests.resources.stand_in import StandIn


@pytest.fixture
def hub() -> Iterator[StandIn]:
    """A hub on this machine."""
    server = StandIn()
    yield server
    server.close()


def needing() -> FakeEngine:
    """An engine without weights that reads HuBERT and RoBERTa."""
    engine = FakeEngine(weights=None, seconds_per_segment=0.05)
    engine.needs = ("hubert", "roberta")
    return engine


def test_models_are_downloaded_paused_resumed_and_speak_without_a_reload(
    sites: Sites, open_page: Opener, hub: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(hub, tmp_path, monkeypatch)
    site = sites(needing())
    site.voice("narrator", "Narrator")
    page = open_page(site, "weights")
    page.evaluate("window.untouched = true")
    expect(page.locator("#install-title")).to_contain_text("still need downloading")
    expect(page.locator("[data-resource=hubert]")).to_contain_text("licence: MIT")
    page.get_by_label("Download from").select_option("modelscope")
    hub.behaviour.pause_s = 0.04
    page.get_by_role("button", name=re.compile(r"^Download \(")).click()
    panel = page.locator(".loading-panel")
    bar = panel.get_by_role("progressbar", name="Download progress")
    expect(bar).not_to_have_attribute("aria-valuenow", "0")
    panel.get_by_role("button", name="Pause").click()
    expect(panel).to_contain_text("Download paused")
    hub.behaviour.pause_s = 0.0
    panel.get_by_role("button", name="Resume").click()
    # Found, chosen and loaded by itself.
    expect(page.locator(".weight").filter(has_text="official.ckpt")).to_contain_text("In use", timeout=40_000)
    expect(page.locator(".service")).to_contain_text("Ready")
    expect(page.locator(".install")).to_contain_text("Everything that speech needs is installed.")
    page.evaluate("location.hash = '#/studio'")
    choose_first_voice(page)
    page.locator("#c-text").fill("你好，世界。")
    page.locator("#c-text").press("Control+Enter")
    expect(page.locator(".task.done").filter(has_text="你好")).to_be_visible()
    assert page.evaluate("window.untouched") is True
    # Language data in the same way.
    page.evaluate("location.hash = '#/weights'")
    page.locator(".install-group summary").filter(has_text="Language data").click()
    page.locator("[data-resource=naist-jdic]").get_by_role("button").click()
    expect(page.locator("[data-resource=naist-jdic]")).to_contain_text("Installed")


def test_a_download_that_fails_says_why_and_goes_on(
    sites: Sites, open_page: Opener, hub: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(hub, tmp_path, monkeypatch)
    hub.behaviour.status = 404
    site = sites(needing())
    page = open_page(site, "weights", settings={"language": "zh"})
    page.get_by_label("下载来源").select_option("modelscope")
    page.get_by_role("button", name=re.compile("^下载（")).click()
    expect(page.locator(".install-errors")).to_contain_text("返回 404")
    hub.behaviour.status = None
    page.locator(".loading-panel").get_by_role("button", name="重试").click()
    expect(page.locator(".weight").filter(has_text="official.ckpt")).to_contain_text("使用中", timeout=40_000)


def test_a_language_that_cannot_be_spoken_is_told_before_it_is_sent(
    sites: Sites, open_page: Opener, hub: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = fill(hub, tmp_path, monkeypatch)
    root = tmp_path / "service0" / "GPT_SoVITS" / "pretrained_models"
    for name in ("hubert/model.bin", "gpt/official.ckpt", "sovits/official.pth"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(files[name])
    site = sites(needing())
    site.voice("narrator", "Narrator", text="Good morning.", language="en")
    page = open_page(site)
    # The files lie there already: they are loaded by themselves.
    expect(page.locator(".service")).to_contain_text("Cannot speak Chinese yet")
    choose_first_voice(page)
    page.locator("#c-text").fill("你好。")
    expect(page.locator(".submit .note")).to_contain_text("Chinese cannot be spoken yet")
    page.get_by_role("button", name="Generate speech").click()
    expect(page.locator(".composer [role=alert]")).to_contain_text("roberta (roberta in English) is not installed")
    page.locator("#c-text").fill("Hello.")
    expect(page.locator(".submit .note")).to_have_count(0)
    page.get_by_role("button", name="Generate speech").click()
    expect(page.locator(".task.done")).to_be_visible()
    (root / "roberta").mkdir()
    (root / "roberta/model.bin").write_bytes(files["roberta/model.bin"])
    expect(page.locator(".service")).to_contain_text("Ready")


def test_who_is_no_administrator_sees_the_command_instead(
    sites: Sites, open_page: Opener, hub: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(hub, tmp_path, monkeypatch)
    site = sites(needing())
    key = site.app.state.container.get(KeyStore).create("reader")  # type: ignore[union-attr]
    site.stop()
    site.start()
    page = open_page(site, "weights", settings={"key": key})
    expect(page.locator(".install")).to_contain_text("Only an administrator can install from here.")
    expect(page.locator(".install code")).to_contain_text("fetch hubert roberta gpt-v2 sovits-v2")
    expect(page.get_by_role("button", name="Download")).to_have_count(0)
