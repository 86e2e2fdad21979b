"""Voices in depth: more clips of one, and removing one that is in use."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.page.conftest import Opener, Sites
from tests.page.serving import clip, fake_engine


def test_more_clips_are_added_heard_judged_and_removed(sites: Sites, open_page: Opener, tmp_path: Path) -> None:
    site = sites()
    site.voice("narrator", "Narrator")
    names = {}
    for name, seconds in (("first", 4.0), ("second", 12.0), ("short", 0.2)):
        names[name] = tmp_path / f"{name}.wav"
        names[name].write_bytes(clip(seconds))
    page = open_page(site, "voices")
    page.get_by_role("button", name="Edit Narrator").click()
    dialog = page.get_by_role("dialog", name="Edit Narrator")
    expect(dialog.locator(".checks").first).to_contain_text("a good reference")
    dialog.locator("summary").filter(has_text="More reference audio").click()
    page.set_input_files("#more-clips-file", [names["first"], names["second"]])
    rows = dialog.locator(".clip-row")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("12.0 s")
    expect(rows.nth(1)).to_contain_text("No clipping")
    page.set_input_files("#more-clips-file", names["short"])
    expect(dialog.get_by_role("alert")).to_contain_text("short.wav: only 0.2 s long")
    dialog.get_by_role("button", name="Play second.wav").click()
    expect(rows.nth(1).get_by_role("button", name="Pause")).to_be_visible()
    dialog.get_by_role("button", name="Save changes").click()
    # The service's own verdict on both.
    expect(dialog.locator(".doctor .clip-row")).to_have_count(2)
    expect(dialog.locator(".doctor .clip-row").last).to_contain_text("12.0 s")
    dialog.locator(".outcome").get_by_role("button", name="Close").click()
    urls = site.data("GET", "/voice-models/narrator")["aux_refer_wav_urls"]
    assert len(urls) == 2

    page.get_by_role("button", name="Edit Narrator").click()
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("4.0 s")
    dialog.get_by_role("button", name="Play Recording 2").click()
    expect(rows.nth(1).get_by_role("button", name="Pause")).to_be_visible()
    dialog.get_by_role("button", name="Remove Recording 1").click()
    expect(rows).to_have_count(1)
    # Nothing is gone before it is saved, and leaving asks.
    page.keyboard.press("Escape")
    dialog.get_by_role("button", name="Discard").click()
    assert len(site.data("GET", "/voice-models/narrator")["aux_refer_wav_urls"]) == 2
    page.get_by_role("button", name="Edit Narrator").click()
    dialog.get_by_role("button", name="Remove Recording 1").click()
    dialog.get_by_role("button", name="Save changes").click()
    expect(dialog).to_be_hidden()
    (left,) = site.data("GET", "/voice-models/narrator/clips")
    assert abs(left["report"]["seconds"] - 12) < 0.1
    page.get_by_role("button", name="Edit Narrator").click()
    dialog.get_by_role("button", name="Remove Recording 1").click()
    dialog.get_by_role("button", name="Save changes").click()
    expect(dialog).to_be_hidden()
    assert site.data("GET", "/voice-models/narrator")["aux_refer_wav_urls"] == []


def test_a_voice_is_made_with_more_clips(sites: Sites, open_page: Opener, tmp_path: Path) -> None:
    site = sites()
    sound, broken = tmp_path / "a.wav", tmp_path / "b.wav"
    sound.write_bytes(clip(5))
    broken.write_bytes(b"no sound at all")
    page = open_page(site, "voices")
    page.keyboard.press("n")
    dialog = page.get_by_role("dialog", name="New voice")
    page.set_input_files("#clip-file", sound)
    dialog.get_by_label("Name", exact=True).fill("Narrator")
    dialog.locator("summary").filter(has_text="More reference audio").click()
    page.set_input_files("#more-clips-file", [sound, broken])
    expect(dialog.locator(".clip-row").nth(1)).to_contain_text("This browser cannot show the format")
    dialog.get_by_role("button", name="Create voice").click()
    # The service cannot read it either, and says so; what was filled in is still there.
    expect(dialog.locator(".modal-foot [role=alert]")).to_be_visible()
    dialog.get_by_role("button", name="Remove b.wav").click()
    dialog.get_by_role("button", name="Create voice").click()
    expect(dialog.get_by_text("Audio check")).to_be_visible()
    assert len(site.data("GET", "/voice-models/narrator")["aux_refer_wav_urls"]) == 1


def test_a_voice_in_use_may_be_kept_or_removed_anyway(sites: Sites, open_page: Opener) -> None:
    site = sites(fake_engine(parallel=1))
    site.voice("narrator", "Narrator")
    site.voice("other", "Other")
    site.engine.hold()  # type: ignore[attr-defined]
    site.task("Not yet spoken.", "narrator")
    page = open_page(site, "voices")
    card = page.locator(".voice-card").filter(has_text="Narrator")

    page.clock.install()
    page.get_by_role("button", name="Delete Narrator").click()
    expect(card).to_have_count(0)
    page.clock.fast_forward(8000)
    expect(card.get_by_role("alert")).to_contain_text("tasks that have not ended speak in it")
    card.get_by_role("button", name="Keep").click()
    expect(card.get_by_role("button", name="Speak")).to_be_visible()
    # The same in the table, also where it is narrow.
    page.locator(".toolbar .segmented label").nth(1).click()
    row = page.locator(".voice-row").filter(has_text="Narrator")
    row.get_by_role("button", name="Delete Narrator").click()
    page.clock.fast_forward(8000)
    expect(row.get_by_role("alert")).to_contain_text("in use")
    page.set_viewport_size({"width": 390, "height": 800})
    expect(page.locator(".voice-row.failed").get_by_role("alert")).to_be_visible()
    page.get_by_role("button", name="Delete anyway").click()
    expect(page.locator(".voice-row")).to_have_count(1)
    assert site.client.get("/voice-models/narrator").status_code == 404
    site.engine.release()  # type: ignore[attr-defined]
