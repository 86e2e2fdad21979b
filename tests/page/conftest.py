"""A browser and a service for the page's tests."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from GPT_SoVITS.engine.interface import Engine
from tests.page.serving import Site, fake_engine

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--disable-dev-shm-usage"]
PATIENCE = 30_000
"""Milliseconds. Long: only a test that fails waits for so long, and machines may be busy."""
FAKE_MICROPHONE = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]


def chromium() -> str:
    """Return Chromium's path. Skips the test where there is none."""
    found = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium is installed (bash install.sh --dev)")
    return found


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, one for all tests of the page; gone after them, since its driver keeps an event loop running."""
    program = chromium()
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS, *FAKE_MICROPHONE])
        yield browser
        browser.close()


Sites = Callable[..., Site]


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[Sites]:
    """Start services: ``sites(engine, text_limit=...)``."""
    opened: list[Site] = []

    def start(engine: Engine | None = None, **given: object) -> Site:
        site = Site(tmp_path / f"service{len(opened)}", engine or fake_engine(), **given)
        opened.append(site)
        site.start()
        return site

    yield start
    for site in opened:
        site.close()
        site.engine.close(1.0)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A service with two voices, a category and a finished task, for tests that leave it as it is."""
    site = Site(tmp_path_factory.mktemp("shared"), fake_engine())
    site.start()
    site.data("POST", "/voice-categories", json={"category_id": "books", "category_name": "Audio books"})
    site.voice("narrator", "Narrator", categories="books")
    site.voice("xiaoyu", "小雨")
    site.wait(site.task("First sentence. Second sentence.", "narrator", task_id="finished")["task_id"])
    yield site
    site.close()
    site.engine.close(1.0)


class Faults:
    """What a page complained about: uncaught errors, and breaches of its content security policy."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def watch(self, page: Page) -> None:
        """Note what this page complains about."""
        page.on("pageerror", lambda error: self.found.append(f"{error.message}\n{error.stack}"))
        page.on("console", lambda message: self.console(message.text))

    def console(self, text: str) -> None:
        """Note what the console says about the policy."""
        if "Content Security Policy" in text or "Content-Security-Policy" in text:
            self.found.append(text)


@pytest.fixture
def faults() -> Iterator[Faults]:
    """No page may end with an uncaught error or a breach of its policy."""
    faults = Faults()
    yield faults
    assert not faults.found, "\n".join(faults.found)


def choose_first_voice(page: Page) -> None:
    """Choose the first voice in the composer."""
    page.locator("#voice-picker").click()
    page.locator("#voice-options [role=option]").first.wait_for()
    page.keyboard.press("Enter")


Opener = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, faults: Faults) -> Iterator[Opener]:
    """Open the page: ``open_page(site, "voices", width=390, settings={"language": "zh"}, context=...)``."""
    contexts: list[BrowserContext] = []

    def begin(
        site: Site,
        view: str = "studio",
        *,
        width: int = 1280,
        height: int = 800,
        settings: dict[str, object] | None = None,
        context: BrowserContext | None = None,
    ) -> Page:
        if context is None:
            context = browser.new_context(viewport={"width": width, "height": height}, locale="en-US")
            context.set_default_timeout(PATIENCE)
            contexts.append(context)
        page = context.new_page()
        faults.watch(page)
        if settings is not None:
            given = json.dumps(json.dumps(settings))
            page.add_init_script(
                f"localStorage.getItem('gsv.settings') ?? localStorage.setItem('gsv.settings', {given})"
            )
        page.goto(f"{site.url}/index#/{view}")
        page.locator("main h1").wait_for(state="attached")
        return page

    yield begin
    for context in contexts:
        context.close()
