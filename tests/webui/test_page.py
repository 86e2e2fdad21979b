"""The page in a browser: what people see and do, and that nothing is loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("gradio", reason="Gradio is not installed: pip install -e '.[webui]'")

from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from tests.page.conftest import Faults, browser, faults
from tests.page.serving import Site as VoiceService
from tests.page.serving import clip, fake_engine
from tests.service.training.bench import fake_steps, networks
from tests.waiting import eventually
from tests.webui.sites import page_of, site
from webui.words import Language, Words

if TYPE_CHECKING:
    from tests.webui.sites import Site

pytestmark = pytest.mark.full  # a browser draws Gradio's page for seconds
__all__ = ["browser", "faults"]
HOSTILE = "no/such/<img src=x onerror=\"document.title='taken'\">"
_HAS_VALUE = "said => [...document.querySelectorAll('textarea, input')].some(each => each.value.startsWith(said))"

AXE = Path(__file__).parents[1] / "page/vendor/axe.min.js"
_OF_GRADIO = {"aria-prohibited-attr", "label-content-name-mismatch"}
Opener = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, faults: Faults) -> Iterator[Opener]:
    """Open a page: ``open_page(url, width=390)``; whatever goes to another machine is a fault."""
    contexts: list[BrowserContext] = []

    def begin(url: str, width: int = 1280, scheme: Any = "light") -> Page:
        look: dict[str, Any] = {"viewport": {"width": width, "height": 844}, "color_scheme": scheme}
        context = browser.new_context(**look, locale="en-US", has_touch=width < 500)
        context.set_default_timeout(30_000)
        contexts.append(context)

        def asked(request: Request) -> None:
            if not request.url.startswith(("http://127.0.0.1:", "data:", "blob:")):
                faults.found.append(f"asked for {request.url}")

        context.on("request", asked)
        page = context.new_page()
        faults.watch(page)
        page.on("console", lambda line: faults.found.append(line.text) if line.type == "error" else None)
        page.goto(url)
        page.locator("h1, h2, button").first.wait_for()
        return page

    yield begin
    for context in contexts:
        context.close()


def said(page: Page, text: str) -> None:
    """Wait until a box says something."""
    page.wait_for_function(_HAS_VALUE, arg=text)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def fits(page: Page) -> bool:
    """Whether nothing is wider than the page."""
    found: bool = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    return found


def test_a_step_is_begun_seen_by_another_page_and_ended_there(shared: Site, open_page: Opener) -> None:
    shared.fake.held.add("webui-slice")
    first = open_page(shared.url)
    first.get_by_label("输入：文件或文件夹").fill(HOSTILE)
    press(first, "开启语音切分")
    said(first, "输入路径不存在")
    first.get_by_label("输入：文件或文件夹").fill("data/anna/raw")
    press(first, "开启语音切分")
    said(first, "语音切分已开启")
    other = open_page(shared.url, width=390)
    said(other, "语音切分运行中")
    assert fits(first) and fits(other)
    press(other, "关闭语音切分")
    for page in (first, other):
        said(page, "语音切分已关闭")
        expect(page.get_by_role("button", name="开启语音切分", exact=True)).to_be_enabled()
        expect(page.get_by_role("button", name="关闭语音切分", exact=True)).to_be_hidden()
    assert first.title() == "GPT-SoVITS 语音训练与合成"


def _inaccessible(page: Page) -> list[str]:
    """Return what keeps people from using the page, without what Gradio's own components lack."""
    found: list[str] = page.evaluate(
        "async () => (await axe.run()).violations.flatMap(each => each.nodes.map(node => `${each.id} ${node.html}`))"
    )
    return [each for each in found if each.split()[0] not in _OF_GRADIO]


@pytest.mark.parametrize(("language", "width", "scheme"), [("zh", 1280, "light"), ("en", 390, "dark")])
def test_everything_fits_and_is_accessible(language: Language, width: int, scheme: str, open_page: Opener) -> None:
    words = Words(language)
    with site(language) as found:
        page = open_page(found.url, width, scheme)
        page.add_script_tag(content=AXE.read_text("utf-8"))
        for tab in (("training_tab",), ("training_tab", "train_tab"), ("training_tab", "speak_tab"), ("dataset_tab",)):
            for name in tab:
                page.get_by_role("tab", name=words.text(name)).click()
            page.wait_for_timeout(300)  # until what slides has come to rest
            assert fits(page), tab
            assert not _inaccessible(page), tab
        assert page.get_by_role("button", name="Share").count() == 0


def test_recordings_become_speech_by_buttons_alone(
    open_page: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The official order, in front of the service whose steps only count."""
    fake_steps(monkeypatch.setattr)
    service = VoiceService(tmp_path, fake_engine())
    service.start()
    networks(tmp_path)
    raw = tmp_path / "data/anna/raw"
    raw.mkdir(parents=True)
    (raw / "a.wav").write_bytes(clip(5.0))
    try:
        with page_of(service.url, "en", root=tmp_path) as (url, pages):
            page = open_page(url)
            listed = _dataset(page, tmp_path)
            press(page, "Open Audio Labeling WebUI")
            said(page, "Audio Labeling WebUI is Opened")
            page.get_by_role("link", name=f":{pages.sites['label'].port}").wait_for()
            _proofread(open_page(f"http://127.0.0.1:{pages.sites['label'].port}"), listed)
            press(page, "Close Audio Labeling WebUI")
            said(page, "Audio Labeling WebUI is Closed")
            _trained(page)
            _spoken(page)
    finally:
        service.close()
        service.engine.close(1.0)


def _dataset(page: Page, root: Path) -> Path:
    page.get_by_label("Input: a file or a folder").fill("data/anna/raw")
    press(page, "Open Speech Slicing")
    said(page, "Speech Slicing Finished")
    page.get_by_text("0bb Remove noise (optional)").click()
    press(page, "Open Speech Denoising")
    said(page, "Speech Denoising Finished")
    press(page, "Open Speech Recognition")
    said(page, "Speech Recognition Finished")
    listed = Path(page.get_by_label("List file (.list)").first.input_value())
    folder = page.get_by_label("Input folder").last.input_value()
    assert listed.is_relative_to(root) and folder == "output/denoise_opt"
    (root / folder / "0.wav").write_bytes(clip(5.0))
    listed.write_text(f"{folder}/0.wav|anna|EN|hello there\n")
    return listed


def _proofread(page: Page, listed: Path) -> None:
    said(page, "1 rows loaded")
    cell = page.locator(':text("hello there"):visible').last
    cell.click()
    page.get_by_label("Pause").or_(page.get_by_label("Play")).first.wait_for()
    cell.dblclick()
    page.keyboard.press("Control+A")
    page.keyboard.type("hello again")
    page.keyboard.press("Enter")
    press(page, "Save")
    said(page, "1 rows saved")
    assert listed.read_text("utf-8") == "output/denoise_opt/0.wav|anna|EN|hello again\n"


def _trained(page: Page) -> None:
    page.get_by_role("tab", name="1 Training and speech").click()
    page.get_by_label("Name of the model").fill("anna")
    assert page.get_by_label("Folder of the recordings").input_value() == "output/denoise_opt"
    press(page, "Open Training Set One-Click Formatting")
    said(page, "Training Set One-Click Formatting Finished")
    page.get_by_role("tab", name="1B Train").click()
    press(page, "Open SoVITS Training")
    said(page, "SoVITS Training Finished")
    press(page, "Open GPT Training")
    said(page, "GPT Training Finished")


def _spoken(page: Page) -> None:
    page.get_by_role("tab", name="1C Speak").click()
    page.get_by_label("SoVITS weights", exact=True).click()
    expect(page.get_by_role("option", name="SoVITS_weights_v2/anna_e8_s16.pth")).to_be_visible()
    page.get_by_role("option", name="SoVITS_weights_v2/anna_e8_s16.pth").click()
    # The weights of steps that count are none: the service says so, and the older ones speak.
    expect(page.get_by_role("status").filter(has_text="cannot be used").first).to_be_visible()
    expect(page.get_by_role("button", name="Speak", exact=True)).to_be_enabled()
    page.locator("input[type=file]").first.set_input_files(
        {"name": "clip.wav", "mimeType": "audio/wav", "buffer": clip(5.0)}
    )
    page.get_by_label("What is said in it").fill("hello")
    page.get_by_label("Text to speak").fill("Good morning.")
    press(page, "Speak")
    eventually(lambda: page.get_by_label("Download").filter(visible=True).count() == 2)
