"""The browsable document of the interface works, also under the strict policy that forbids inline code."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

from tests.page.conftest import Faults
from tests.page.serving import Site


def test_every_group_of_routes_can_be_opened(browser: Browser, shared: Site, faults: Faults, tmp_path: Path) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    faults.watch(page)
    page.goto(f"{shared.url}/docs")
    page.get_by_role("link", name="voices", exact=True).first.wait_for()
    page.locator("#operations-Tasks-submit_task_voice_tasks_post, .opblock-post").first.locator("button").first.click()
    page.locator(".opblock.is-open .opblock-body").wait_for()
    page.screenshot(path=tmp_path / "docs.png")
    page.close()
