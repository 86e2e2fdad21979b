"""The Training view: from recordings to curves, labels corrected with the keyboard, pausing and failing in words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from GPT_SoVITS.testing.fake import FakeEngine
from tests.engine.small import write_gpt, write_sovits
from tests.page.conftest import Opener, Sites
from tests.page.serving import Site, clip
from tests.service.training.bench import fake_steps, networks

WORDS = "The first words. And some more of them."


@pytest.fixture
def site(sites: Sites, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A service whose trainings only count."""
    fake_steps(monkeypatch.setattr)
    site = sites()
    networks(site.root)
    return site


def start(site: Site, route: str, **fields: Any) -> None:
    answer = site.client.post(f"/gpt_sovits/{route}", json=fields)
    assert answer.status_code == 200, answer.text


def transcribed(site: Site, *texts: str) -> str:
    """A session ``anna`` whose clips of five seconds are transcribed; return its dataset's raw folder."""
    files = [("files", (f"{number}.wav", clip(5.0), "audio/wav")) for number in range(len(texts))]
    folder: str = site.data("POST", "/gpt_sovits/datasets/anna/recordings", files=files)["path"]
    lines = "".join(f"{folder}/{number}.wav|anna|en|{text}\n" for number, text in enumerate(texts))
    (site.root / folder / "plan.json").write_text(json.dumps({"list": lines}))
    start(site, "open_asr", session_id="anna", asr_inp_dir=folder)
    return folder


def labels(page: Page) -> list[str]:
    return [box.input_value() for box in page.locator(".label-row textarea").all()]


def test_recordings_become_curves(site: Site, open_page: Opener) -> None:
    page = open_page(site, "training")
    page.get_by_role("button", name="New training").first.click()
    page.get_by_role("button", name="Train everything").click()
    expect(page.get_by_role("alert")).to_contain_text("Add a recording first.")
    page.set_input_files("#new-files", {"name": "take.wav", "mimeType": "audio/wav", "buffer": clip(5.0)})
    page.get_by_role("textbox", name="Name").fill("An/na: <b>")
    page.get_by_role("button", name="Train everything").click()
    expect(page.get_by_role("heading", name="An na b", exact=True)).to_be_visible()
    expect(page.locator(".training-step[data-state=done]")).to_have_count(6, timeout=60_000)
    expect(page.locator(".training-head .chip")).to_have_text("Done")
    expect(page.locator(".training-step[data-kind=sovits_train]")).to_contain_text("step 16 of 16 · epoch 8 of 8")
    chart = page.get_by_role("slider", name="Losses").first
    chart.focus()
    page.keyboard.press("Home")
    expect(chart).to_have_attribute("aria-valuetext", "Step 1: mel 10")
    page.keyboard.press("End")
    expect(chart).to_have_attribute("aria-valuenow", "16")
    page.get_by_text("Log", exact=True).click()
    expect(page.locator(".training-log")).to_contain_text("words for people")


def test_labels_are_corrected_with_the_keyboard_alone(site: Site, open_page: Opener) -> None:
    transcribed(site, WORDS, "second", "third")
    page = open_page(site, "training/anna")
    expect(page.locator(".label-row")).to_have_count(3)
    first = page.get_by_label("Text of clip 1")
    first.focus()
    page.keyboard.press("End")
    page.keyboard.type(" Indeed.")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Text of clip 2")).to_be_focused()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    page.keyboard.press("Control+z")
    expect(first).to_have_value(WORDS)
    expect(first).to_be_focused()
    page.evaluate("document.activeElement.setSelectionRange(17, 17)")
    page.keyboard.press("Control+b")
    expect(page.locator(".label-row")).to_have_count(4)
    assert labels(page)[:2] == ["The first words.", "And some more of them."]
    expect(first).to_be_focused()
    page.keyboard.press("Control+m")
    expect(page.locator(".label-row")).to_have_count(3)
    assert labels(page)[0] == WORDS
    expect(first).to_be_focused()
    page.keyboard.press("Control+Delete")
    expect(page.locator(".label-row")).to_have_count(2)
    assert labels(page) == ["second", "third"]


def test_a_list_that_somebody_else_changed_is_read_again(site: Site, open_page: Opener) -> None:
    transcribed(site, "one", "two")
    page = open_page(site, "training/anna")
    expect(page.locator(".label-row")).to_have_count(2)
    path = site.data("GET", "/gpt_sovits/datasets/anna")["lists"][0]
    listed = site.data("GET", "/gpt_sovits/datasets/anna/list", params={"path": path})
    changes = {"revision": listed["revision"], "changes": [{"op": "edit", "index": 1, "text": "by somebody else"}]}
    site.data("PATCH", "/gpt_sovits/datasets/anna/list", params={"path": path}, json=changes)
    page.get_by_label("Text of clip 1").fill("mine")
    page.keyboard.press("Tab")
    expect(page.locator(".toast")).to_contain_text("The list was changed elsewhere.")
    expect(page.get_by_label("Text of clip 2")).to_have_value("by somebody else")


def test_a_failure_is_said_and_goes_on_from_there(site: Site, open_page: Opener) -> None:
    folder = site.root / "data/raw"
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps({"fail": "no room"}))
    start(site, "open_slice", session_id="anna", inp="data/raw")
    page = open_page(site, "training/anna")
    expect(page.locator(".training-step[data-kind=slice][data-state=error]")).to_be_visible()
    expect(page.locator(".training-step .row-error")).to_contain_text("no room")
    (folder / "plan.json").write_text("{}")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".training-step[data-kind=slice][data-state=done]")).to_be_visible()


def test_a_training_is_paused_resumed_and_deleted(site: Site, open_page: Opener) -> None:
    folder = site.root / "data/raw"
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps({"units": 200, "seconds": 0.2}))
    start(site, "open_slice", session_id="anna", inp="data/raw")
    page = open_page(site, "training/anna")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".training-head .chip")).to_have_text("Paused")
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".training-head .chip")).to_have_text("Cancelled")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("alert").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="No trainings yet")).to_be_visible()


def trained(site: Site) -> None:
    """An experiment ``anna`` with two epochs of both networks, and clips whose texts are known."""
    transcribed(site, WORDS, "A second clip.")
    (site.root / "data/anna/x.list").write_text("x|anna|en|x\n")
    for folder in ("GPT_weights_v2", "SoVITS_weights_v2", "logs/anna/logs_s2_v2/samples"):
        (site.root / folder).mkdir(parents=True, exist_ok=True)
    write_gpt(site.root / "GPT_weights_v2/anna-e5.ckpt", 0)
    for seed, name in enumerate(("anna_e4_s40.pth", "anna_e8_s80.pth")):
        write_sovits(site.root / "SoVITS_weights_v2" / name, seed)
    for kind in ("real", "generated"):
        (site.root / f"logs/anna/logs_s2_v2/samples/step-40-{kind}.wav").write_bytes(clip(1.0))
    start(
        site,
        "open1abc",
        session_id="anna",
        exp_name="anna",
        user_id="anna",
        inp_text="data/anna/x.list",
        inp_wav_dir="",
    )


def test_two_epochs_are_compared_blindly_and_one_becomes_a_voice(site: Site, open_page: Opener) -> None:
    trained(site)
    page = open_page(site, "training/anna")
    speak = page.get_by_role("button", name="Speak both")
    expect(speak).to_be_enabled()
    expect(page.locator(".samples").get_by_role("button")).to_have_count(2)
    page.get_by_label("Blind: hide which is which").check()
    page.get_by_label("Text", exact=True).fill("Hear me.")
    speak.click()
    expect(page.get_by_role("button", name="Play A")).to_be_visible()
    assert isinstance(site.engine, FakeEngine)
    spoken = site.engine.requests[-2:]
    assert [request.text for request in spoken] == ["Hear me.", "Hear me."]
    assert len({request.seed for request in spoken}) == 1
    assert len({request.weights for request in spoken}) == 2
    expect(page.get_by_role("combobox", name="SoVITS")).to_have_count(0)
    page.get_by_role("button", name="B is better").click()
    expect(page.get_by_role("status").filter(has_text="You preferred")).to_be_visible()
    page.get_by_label("Name of the voice").fill("Anna, trained")
    page.get_by_role("button", name="Make it a voice with B").click()
    expect(page.get_by_role("heading", name="Text to speech")).to_be_visible()
    (voice,) = site.data("GET", "/voice-models")["data"]
    assert voice["model_name"] == "Anna, trained" and voice["prompt_text"] == WORDS
