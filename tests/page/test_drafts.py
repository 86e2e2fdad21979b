"""What is written belongs to its tab, is not lost by a slip, and is not sent twice by one."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.page.conftest import Opener, Sites, choose_first_voice
from tests.page.serving import Site, clip, fake_engine


def test_two_tabs_write_two_texts(shared: Site, open_page: Opener) -> None:
    first = open_page(shared)
    first.locator("#c-text").fill("Written in the first tab.")
    second = open_page(shared, context=first.context)
    # Offered, not put in.
    expect(second.locator(".note")).to_contain_text("Written in the first tab.")
    expect(second.locator("#c-text")).to_have_value("")
    second.locator("#c-text").fill("Written in the second tab.")
    expect(second.locator(".note")).to_have_count(0)
    first.locator("#c-text").press("End")
    first.keyboard.type(" More.")
    for page, text in (
        (first, "Written in the first tab. More."),
        (second, "Written in the second tab."),
    ):
        expect(page.locator("#c-text")).to_have_value(text)
        page.reload()
        expect(page.locator("#c-text")).to_have_value(text)
    third = open_page(shared, context=first.context)
    third.get_by_role("button", name="Use it here").click()
    expect(third.locator("#c-text")).to_have_value("Written in the first tab. More.")
    expect(third.locator("#c-text")).to_be_focused()


def test_a_text_that_was_added_is_said_shown_and_not_added_twice(sites: Sites, open_page: Opener) -> None:
    site = sites()
    site.voice("narrator", "Narrator")
    page = open_page(site, width=390)
    # A filter under which the new task is not seen.
    page.locator(".filters label").filter(has_text="Failed").click()
    choose_first_voice(page)
    page.locator("#c-text").fill("Only once, please.")
    page.locator("#c-text").press("Control+Enter")
    expect(page.locator(".added")).to_contain_text("Added")
    page.locator("#c-text").press("Control+Enter")
    expect(page.locator(".composer [role=alert]")).to_contain_text("a moment ago")
    assert site.data("GET", "/voice-tasks")["total"] == 1
    page.get_by_role("button", name="show", exact=True).click()
    row = page.locator(".task").filter(has_text="Only once, please.")
    expect(row.locator(".task-text")).to_be_focused()
    expect(row).to_be_in_viewport()
    page.get_by_role("button", name="Add it again").click()
    expect(page.locator(".task").filter(has_text="Only once, please.")).to_have_count(2)


def test_edit_as_new_shows_the_seed_and_keeps_what_was_written(sites: Sites, open_page: Opener) -> None:
    site = sites()
    site.voice("narrator", "Narrator")
    site.wait(site.task("An old text.", "narrator", seed=4711)["task_id"])
    page = open_page(site)
    page.locator("#c-text").fill("Half a page of my own.")
    page.locator(".task-text").click()
    page.get_by_role("button", name="Edit as new").click()
    expect(page.locator("#c-text")).to_have_value("An old text.")
    expect(page.locator("#c-text")).to_be_focused()
    expect(page.locator(".submit .note")).to_contain_text("Seed 4711 is fixed")
    page.get_by_role("button", name="Use a random seed").click()
    expect(page.locator(".submit .note")).to_have_count(0)
    page.locator("main").focus()
    page.keyboard.press("Control+z")
    expect(page.locator("#c-text")).to_have_value("Half a page of my own.")


def test_a_seed_that_is_none_is_an_error(shared: Site, open_page: Opener) -> None:
    page = open_page(shared)
    choose_first_voice(page)
    page.locator("#c-text").fill("A text.")
    page.locator(".advanced summary").click()
    page.locator("#c-seed").fill("abc")
    page.get_by_role("button", name="Generate speech").click()
    expect(page.locator(".composer [role=alert]")).to_contain_text("“abc” is not a seed")
    expect(page.locator("#c-seed")).to_be_focused()
    expect(page.locator("#c-seed")).to_have_attribute("aria-invalid", "true")
    page.locator("#c-seed").fill("12")
    expect(page.locator(".composer [role=alert]")).to_have_count(0)


def _outside(page: Page) -> None:
    page.mouse.click(6, 6)


def test_a_press_beside_the_dialog_asks_before_work_is_lost(shared: Site, open_page: Opener, tmp_path: Path) -> None:
    page = open_page(shared, "voices")
    sound = tmp_path / "a.wav"
    sound.write_bytes(clip(6))
    page.get_by_role("button", name="New voice").click()
    dialog = page.get_by_role("dialog", name="New voice")
    expect(dialog).to_be_visible()
    _outside(page)
    expect(dialog).to_be_hidden()  # nothing was there to be lost
    page.get_by_role("button", name="New voice").click()
    page.set_input_files("#clip-file", sound)
    expect(dialog.locator("clip-trimmer")).to_be_visible()
    _outside(page)
    expect(dialog.get_by_role("alertdialog")).to_contain_text("lose what you changed")
    dialog.get_by_role("button", name="Keep editing").click()
    expect(dialog.locator("clip-trimmer")).to_be_visible()
    page.keyboard.press("Escape")
    dialog.get_by_role("button", name="Discard").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Edit Narrator").click()
    page.locator("#e-name").fill("Another name")
    expect(page.locator("#e-name")).to_have_value("Another name")
    _outside(page)
    expect(page.get_by_role("alertdialog")).to_be_visible()
    page.get_by_role("button", name="Discard").click()
    expect(page.locator(".voice-card").filter(has_text="Narrator")).to_be_visible()


def test_what_runs_is_not_said_to_wait(sites: Sites, open_page: Opener) -> None:
    site = sites(fake_engine(parallel=1))
    site.voice("narrator", "Narrator")
    site.engine.hold()  # type: ignore[attr-defined]
    ids = [site.task(f"Task {number}.", "narrator")["task_id"] for number in range(2)]
    page = open_page(site)
    expect(page.locator(".service")).to_contain_text("running")
    site.engine.release()  # type: ignore[attr-defined]
    for task_id in ids:
        site.wait(task_id)
    expect(page.locator(".service")).to_contain_text("Nothing to do")


def test_the_limit_of_a_text_is_that_of_the_service(sites: Sites, open_page: Opener) -> None:
    site = sites(text_limit=20)
    page = open_page(site)
    page.locator("#c-text").fill("x" * 21)
    expect(page.locator("#c-count")).to_contain_text("the limit is 20")
    expect(page.get_by_role("button", name="Generate speech")).to_be_disabled()


def test_a_preview_opens_in_sight(shared: Site, open_page: Opener) -> None:
    page = open_page(shared, width=390, height=640)
    page.locator("#c-text").fill("One sentence. Another one. A third one.")
    page.get_by_role("button", name="Preview the sentences").click()
    expect(page.locator(".preview li").first).to_be_in_viewport()


def test_the_preview_shows_both_readings_where_they_differ(shared: Site, open_page: Opener) -> None:
    page = open_page(shared)
    page.locator("#c-text").fill("It costs $5.3 billion.")
    page.get_by_role("button", name="Preview the sentences").click()
    page.get_by_role("button", name="Show how it is read").click()
    said = page.locator(".readings")
    expect(said).to_contain_text("billion dollars")
    expect(said.locator("dt")).to_have_text(["Natural reading", "Official reading"])
    page.locator("#c-text").fill("It is a nice day.")
    expect(said).to_contain_text("Both readings are the same.")


def test_the_preview_names_what_is_not_spoken(shared: Site, open_page: Opener) -> None:
    page = open_page(shared)
    page.locator("#c-text").fill("I say Привет to you.")
    page.get_by_role("button", name="Preview the sentences").click()
    expect(page.locator(".warning")).to_contain_text("does not read it: Привет")
