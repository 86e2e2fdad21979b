"""Switching weights: how far it is, what became of it, and what other pages see of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from GPT_SoVITS.engine.errors import WeightsInvalidError
from GPT_SoVITS.engine.messages import WeightsPair
from GPT_SoVITS.testing.fake import FakeEngine
from tests.page.conftest import Opener, Sites, choose_first_voice
from tests.page.serving import Site
from tests.service.weights.test_weights import write_gpt, write_sovits


@pytest.fixture
def installed(sites: Sites, tmp_path: Path) -> Site:
    """A service with two pairs of weights, whose engine needs a moment to load."""
    root = tmp_path / "service0"
    for name in ("old", "new"):
        write_gpt(root / "GPT_weights" / f"{name}.ckpt")
        write_sovits(root / "SoVITS_weights" / f"{name}.pth")
    (root / "GPT_weights" / "a-broken.ckpt").write_bytes(b"not weights")
    pair = WeightsPair(str(root / "GPT_weights/old.ckpt"), str(root / "SoVITS_weights/old.pth"))
    return sites(FakeEngine(weights=pair, seconds_per_load=0.4))


def engine_of(site: Site) -> FakeEngine:
    """The engine, which tests give orders."""
    assert isinstance(site.engine, FakeEngine)
    return site.engine


def choose(page: Page, *names: str) -> None:
    """Choose files and switch."""
    for name in names:
        page.get_by_role("radio", name=name).check()
    page.get_by_role("button", name="Switch", exact=True).click()


def in_use(page: Page, name: str) -> None:
    """Wait until a file is marked as the one that speaks."""
    expect(page.locator(".weight").filter(has_text=name).first).to_contain_text("In use")


def test_a_switch_says_how_far_it_is(installed: Site, open_page: Opener) -> None:
    engine = engine_of(installed)
    engine.loads.hold(0.4)
    page = open_page(installed, "weights")
    in_use(page, "old.ckpt")
    assert (
        page.locator(".weight").last.inner_text()
        and "a-broken" in page.locator("fieldset").first.locator(".weight").last.inner_text()
    ), "what cannot be used stands last"
    choose(page, "new.ckpt", "new.pth")
    panel = page.locator(".loading-panel")
    expect(panel.get_by_role("progressbar", name="Loading models")).to_have_attribute("aria-valuenow", "40")
    expect(panel).to_contain_text("new.ckpt + new.pth")
    expect(panel).to_contain_text("preparing new.ckpt")
    in_use(page, "old.ckpt")
    page.goto(f"{installed.url}/index#/studio")
    expect(page.locator(".loading-note")).to_contain_text("40 %")
    # What is being loaded is known to a page that comes later, too.
    page.reload()
    expect(page.locator(".loading-note")).to_contain_text("40 %")
    page.locator(".loading-note").click()
    expect(page.locator(".loading-panel")).to_contain_text("40 %")
    engine.loads.release()
    expect(page.locator(".loading-panel")).to_have_count(0)
    in_use(page, "new.ckpt")
    in_use(page, "new.pth")


def test_a_switch_that_fails_keeps_the_old_and_says_why(installed: Site, open_page: Opener) -> None:
    engine = engine_of(installed)
    engine.unloadable[str(installed.root / "GPT_weights/new.ckpt")] = WeightsInvalidError(
        "new.ckpt: 3 keys are missing"
    )
    page = open_page(installed, "weights")
    choose(page, "new.ckpt")
    error = page.locator(".apply-bar [role=alert]")
    expect(error).to_contain_text("new.ckpt: 3 keys are missing")
    expect(error).to_contain_text("The models in use have not changed.")
    in_use(page, "old.ckpt")
    expect(page.locator(".loading-panel")).to_have_count(0)
    # The way on: again when it has been mended, or something else.
    engine.unloadable.clear()
    write_gpt(installed.root / "GPT_weights" / "new.ckpt")
    page.get_by_role("button", name="Try again").click()
    in_use(page, "new.ckpt")
    expect(page.locator(".apply-bar")).to_have_count(0)


def test_a_switch_in_another_tab_is_seen(installed: Site, open_page: Opener) -> None:
    engine = engine_of(installed)
    engine.loads.hold(0.6)
    first = open_page(installed, "weights")
    second = open_page(installed, context=first.context)
    elsewhere = open_page(installed, "weights", width=390)
    choose(first, "new.ckpt")
    expect(second.locator(".loading-note")).to_contain_text("60 %")
    expect(elsewhere.locator(".loading-panel")).to_contain_text("60 %")
    elsewhere.goto(f"{installed.url}/index#/voices")
    expect(elsewhere.locator(".banner.info")).to_contain_text("60 %")
    engine.loads.release()
    expect(second.locator(".toast")).to_contain_text("new.ckpt and old.pth are in use now.")
    expect(second.locator(".loading-note")).to_have_count(0)
    expect(elsewhere.locator(".banner.info")).to_have_count(0)
    expect(first.locator(".toast.good")).to_contain_text("The new models are in use.")
    expect(first.locator(".toast")).to_have_count(1)


def test_an_engine_that_is_still_starting_is_no_missing_engine(installed: Site, open_page: Opener) -> None:
    engine = engine_of(installed)
    installed.voice("narrator", "Narrator")
    engine.starting(0.3, "warming up")
    page = open_page(installed)
    expect(page.locator(".banner.info")).to_contain_text("The speech engine is starting")
    expect(page.locator(".banner.info").get_by_role("progressbar")).to_have_attribute("aria-valuenow", "30")
    expect(page.locator(".service")).to_contain_text("Starting")
    expect(page.locator(".welcome")).to_have_count(0)
    choose_first_voice(page)
    page.locator("#c-text").fill("Early.")
    page.locator("#c-text").press("Control+Enter")
    row = page.locator(".task").filter(has_text="Early.")
    expect(row).to_be_visible()
    engine.starting(0.8, "warming up")
    expect(page.locator(".banner.info")).to_contain_text("80 %")
    page.goto(f"{installed.url}/index#/weights")
    expect(page.locator(".loading-panel")).to_contain_text("warming up")
    engine.starting(None)
    expect(page.locator(".loading-panel")).to_have_count(0)
    expect(page.locator(".service")).to_contain_text("Ready")
    page.goto(f"{installed.url}/index#/studio")
    expect(page.locator(".task.done").filter(has_text="Early.")).to_be_visible()


def test_progress_is_seen_without_the_stream(installed: Site, open_page: Opener) -> None:
    engine = engine_of(installed)
    page = open_page(installed, "settings")
    page.context.route("**/events", lambda route: route.fulfill(status=404, body=""))
    page.reload()
    expect(page.locator(".about")).to_contain_text("Polling")
    engine.starting(0.5)
    expect(page.locator(".banner.info")).to_contain_text("50 %")
    engine.starting(None)
    expect(page.locator(".banner.info")).to_have_count(0)
