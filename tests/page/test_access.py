"""Everybody can use it: axe on every view, the keyboard alone, every width, reduced motion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from GPT_SoVITS.testing.fake import FakeEngine
from tests.page.conftest import Opener, Sites
from tests.page.serving import Site, clip

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
VIEWS = ("studio", "voices", "training", "weights", "settings")


def _serious(page: Page) -> list[str]:
    """Return axe's findings that matter, a line each."""
    page.evaluate(AXE.read_text("utf-8"))
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']} ({one['impact']}): {one['nodes'][0]['html'][:160]} {one['nodes'][0]['any'][:1]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]


def test_axe_finds_nothing_serious_in_any_view(shared: Site, open_page: Opener, tmp_path: Path) -> None:
    page = open_page(shared)
    # Contrast is measured on what stands still.
    page.evaluate("document.documentElement.dataset.motion = 'reduced'")
    found: dict[str, list[str]] = {}

    def look(name: str) -> None:
        page.wait_for_timeout(150)
        found[name] = _serious(page)

    for view in VIEWS:
        page.goto(f"{shared.url}/index#/{view}")
        expect(page.locator(f"main[data-view={view}] h1").first).to_be_attached()
        look(view)
    page.goto(f"{shared.url}/index#/voices")
    page.locator(".toolbar .segmented label").nth(1).click()
    look("table")
    page.get_by_role("button", name="Manage categories").click()
    look("categories")
    page.keyboard.press("Escape")
    page.locator("main").focus()
    page.keyboard.press("?")
    look("shortcuts")
    page.keyboard.press("Escape")
    page.locator("main").focus()
    page.keyboard.press("n")
    sound = tmp_path / "clip.wav"
    sound.write_bytes(clip(6))
    page.set_input_files("#clip-file", sound)
    expect(page.locator("clip-trimmer")).to_be_visible()
    look("voice editor")
    page.locator(".more-clips summary").click()
    page.set_input_files("#more-clips-file", sound)
    expect(page.locator(".clip-row .checks")).to_be_visible()
    look("voice editor with more clips")
    page.keyboard.press("Escape")
    expect(page.get_by_role("alertdialog")).to_be_visible()
    look("voice editor that asks")
    page.get_by_role("button", name="Discard").click()
    page.goto(f"{shared.url}/index#/studio")
    page.locator("summary").click()
    page.locator("#c-text").fill("你好")
    page.locator("#c-seed").fill("abc")
    page.get_by_role("button", name="Generate speech").click()
    look("composer with everything open")
    page.locator("#voice-picker").click()
    look("voice picker")
    page.keyboard.press("Escape")
    page.locator(".task.done .play").click()
    look("player")
    page.locator(".task-text").first.click()
    expect(page.locator(".story li").first).to_be_visible()
    look("task drawer")
    page.keyboard.press("Escape")
    assert isinstance(shared.engine, FakeEngine)
    shared.engine.starting(0.4)
    expect(page.locator(".banner.info")).to_contain_text("40 %")
    look("starting")
    page.goto(f"{shared.url}/index#/weights")
    expect(page.locator(".loading-panel")).to_be_visible()
    look("starting, weights")
    shared.engine.starting(None)
    assert not [f"{name}: {finding}" for name, findings in found.items() for finding in findings]


@pytest.mark.parametrize(
    "width", [360, 768, 1280, 3840, *(pytest.param(width, marks=pytest.mark.full) for width in (390, 2560))]
)
def test_nothing_sticks_out_at_any_width(width: int, shared: Site, open_page: Opener) -> None:
    page = open_page(shared, width=width, height=900, settings={"language": "zh"})
    for view in VIEWS:
        page.goto(f"{shared.url}/index#/{view}")
        expect(page.locator(f"main[data-view={view}] h1").first).to_be_attached()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{view} at {width} px"
        box = page.locator("nav.nav").bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= width


@pytest.mark.parametrize("width", [360, 1280])
def test_the_first_run_fits_and_explains_itself(width: int, sites: Sites, open_page: Opener) -> None:
    site = sites(FakeEngine(weights=None))
    page = open_page(site, width=width, height=900)
    expect(page.get_by_role("heading", name="Welcome. One thing is missing: the speech models.")).to_be_visible()
    expect(page.locator(".welcome").get_by_role("button", name="Download (1.10 GB)")).to_be_visible()
    for view in VIEWS:
        page.goto(f"{site.url}/index#/{view}")
        expect(page.locator(f"main[data-view={view}] h1").first).to_be_attached()
        if view == "weights":
            page.locator(".install-by-hand summary").click()
            expect(page.locator(".install code")).to_contain_text("fetch hubert roberta gpt-v2 sovits-v2")
        # At one moment: the page renders again whenever the service tells something.
        rights = page.locator(".command").evaluate_all("boxes => boxes.map(box => box.getBoundingClientRect().right)")
        assert all(right <= width for right in rights), view
        assert page.evaluate("document.documentElement.scrollWidth") <= width, view
    assert _serious(page) == []


def test_a_task_is_made_with_the_keyboard_alone(shared: Site, open_page: Opener) -> None:
    page = open_page(shared)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("c")
    expect(page.locator("#c-text")).to_be_focused()
    page.keyboard.type("By keyboard.")
    page.keyboard.press("Shift+Tab")
    if page.evaluate("document.activeElement.id") != "voice-picker":
        page.keyboard.press("Shift+Tab")
    expect(page.locator("#voice-picker")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type("narr")
    expect(page.locator("#voice-options [role=option]")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#voice-picker")).to_be_focused()
    expect(page.locator("#voice-picker")).to_contain_text("Narrator")
    page.keyboard.press("c")
    page.keyboard.press("Control+Enter")
    row = page.locator(".task").filter(has_text="By keyboard.")
    expect(row).to_be_visible()
    expect(page.locator("[role=status].hidden")).to_contain_text("Done: By keyboard.")


def test_focus_is_visible_and_motion_can_be_reduced(shared: Site, open_page: Opener) -> None:
    page = open_page(shared, "settings")
    link = page.locator(".nav li a").first
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(link).to_be_focused()
    assert float(link.evaluate("e => parseFloat(getComputedStyle(e).outlineWidth)")) >= 2
    page.get_by_role("radio", name="Reduced").check()
    assert page.evaluate("document.documentElement.dataset.motion") == "reduced"
    duration = page.locator(".button").first.evaluate("e => getComputedStyle(e).transitionDuration")
    assert all(float(part.strip().rstrip("s")) <= 0.001 for part in duration.split(","))


def test_the_whole_page_speaks_chinese(shared: Site, open_page: Opener) -> None:
    page = open_page(shared, "settings")
    page.get_by_role("radio", name="中文").check()
    expect(page.locator("h1")).to_have_text("设置")
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    page.goto(f"{shared.url}/index#/studio")
    page.reload()
    expect(page.get_by_role("button", name="生成语音")).to_be_visible()
