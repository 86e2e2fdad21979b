"""The keyboard stays where it belongs when dialogs close and things go; what went can be had back at once."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.page.conftest import Opener, Sites
from tests.page.serving import Site, fake_engine


def test_dialogs_give_the_keyboard_back(shared: Site, open_page: Opener) -> None:
    page = open_page(shared)
    text = page.locator(".task-text").first
    text.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Details")).to_be_visible()
    page.keyboard.press("Escape")
    expect(text).to_be_focused()
    page.goto(f"{shared.url}/index#/voices")
    for name in ("Edit Narrator", "Manage categories", "New voice"):
        button = page.get_by_role("button", name=name)
        button.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(button).to_be_focused()


def test_every_view_has_a_key(shared: Site, open_page: Opener) -> None:
    """From an address that no encoding has, too: such a link opens the view."""
    page = open_page(shared, "training/%E0%A4")
    links = page.locator(".nav li a")
    names = links.all_inner_texts()
    assert names[2] == "Training"
    for number in range(len(names), 0, -1):
        page.keyboard.press(str(number))
        expect(page.locator(".nav a[aria-current]")).to_have_text(names[number - 1])
    page.keyboard.press("?")
    listed = page.get_by_role("dialog", name="Keyboard shortcuts").locator("dl > div").first
    expect(listed).to_contain_text(f"1 – {len(names)}")
    expect(listed).to_contain_text(", ".join(names))


def test_speak_puts_the_keyboard_into_the_text(shared: Site, open_page: Opener) -> None:
    page = open_page(shared, "voices")
    page.locator(".voice-card").filter(has_text="Narrator").get_by_role("button", name="Speak").click()
    expect(page.locator("#c-text")).to_be_focused()
    expect(page.locator("#voice-picker")).to_contain_text("Narrator")


def test_a_deletion_can_be_undone_from_the_keyboard(sites: Sites, open_page: Opener) -> None:
    site = sites()
    site.voice("narrator", "Narrator")
    for number in range(3):
        site.wait(site.task(f"Task {number}.", "narrator")["task_id"])
    page = open_page(site)
    rows = page.locator(".task")
    expect(rows).to_have_count(3)
    page.clock.install()

    def delete(text: str) -> None:
        page.locator(".task").filter(has_text=text).get_by_role("button", name="Delete this task").focus()
        page.keyboard.press("Enter")
        expect(page.locator(".task").filter(has_text=text)).to_have_count(0)

    delete("Task 1.")
    page.clock.run_for(500)
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    page.keyboard.press("Enter")
    page.clock.run_for(500)
    expect(rows).to_have_count(3)
    delete("Task 1.")
    page.locator("main").focus()
    page.keyboard.press("Control+z")
    expect(rows).to_have_count(3)
    # Where nobody takes it back, the keyboard goes on to the neighbour.
    delete("Task 1.")
    page.clock.run_for(500)
    expect(undo).to_be_focused()
    page.clock.run_for(8000)
    expect(undo).to_have_count(0)
    expect(page.locator(".task").filter(has_text="Task 0.").locator(":focus")).to_have_count(1)


def test_undo_can_be_reached_while_a_dialog_is_open(sites: Sites, open_page: Opener) -> None:
    site = sites()
    site.data("POST", "/voice-categories", json={"category_id": "books", "category_name": "Books"})
    page = open_page(site, "voices")
    page.get_by_role("button", name="Manage categories").click()
    dialog = page.get_by_role("dialog", name="Categories")
    dialog.get_by_role("button", name="Delete category Books").click()
    expect(dialog.locator(".category-list li")).to_have_count(0)
    dialog.get_by_role("button", name="Undo").click()
    expect(dialog.locator(".category-list li")).to_have_count(1)


def _box(page: Page, selector: str) -> float:
    return float(page.locator(selector).evaluate("element => element.scrollHeight"))


def test_a_long_task_does_not_make_a_long_drawer(sites: Sites, open_page: Opener) -> None:
    site = sites(fake_engine(0.0))
    site.voice("narrator", "Narrator")
    text = " ".join(f"Sentence {number} of many." for number in range(60))
    site.wait(site.task(text, "narrator", task_id="long")["task_id"])
    page = open_page(site)
    page.locator(".task-text").first.click()
    drawer = page.get_by_role("dialog", name="Details")
    expect(drawer.locator(".segment")).to_have_count(8)
    drawer.get_by_role("button", name="Show all 60 segments").click()
    expect(drawer.locator(".segment")).to_have_count(60)
    assert _box(page, ".drawer-body") < 3000
    expect(drawer.locator(".segments")).to_be_focused()


def test_a_download_menu_closes(shared: Site, open_page: Opener) -> None:
    page = open_page(shared)
    for selector in (".panel-head", "#c-text"):
        page.locator(".task").first.get_by_role("button", name="Download").click()
        expect(page.locator(".menu-list")).to_be_visible()
        page.locator(selector).first.click()
        expect(page.locator(".menu-list")).to_have_count(0)


def test_the_chosen_tab_is_seen_in_forced_colours(shared: Site, open_page: Opener) -> None:
    page = open_page(shared)
    page.emulate_media(forced_colors="active")
    colour = "element => getComputedStyle(element).backgroundColor"
    chosen, other = page.locator(".nav a[aria-current]"), page.locator(".nav li a:not([aria-current])").first
    assert chosen.evaluate(colour) != other.evaluate(colour)
    assert page.locator(".submit").evaluate(colour).startswith("rgb("), "what scrolls beneath is not seen through it"
    status = page.locator(".filters .segmented")
    assert status.locator(".chosen > span").evaluate(colour) != status.locator(
        "label:not(.chosen) > span"
    ).first.evaluate(colour)
