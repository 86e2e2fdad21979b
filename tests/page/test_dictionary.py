"""Words get their pronunciation in the page, are heard before they are saved, and are corrected at their row."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Route, expect

from tests.page.conftest import Opener, Sites
from tests.page.serving import Site, fake_engine

HEAVY = {"language": "zh", "word": "重楼", "pronunciation": "chong2 lou2"}
SINGER = {"language": "ja", "word": "初音", "pronunciation": "h a [ ts u n e"}


def entries(site: Site, path: str = "/dictionary") -> Any:
    return site.data("GET", path)["entries"]


def test_a_word_is_added_heard_corrected_and_saved_by_the_keyboard(sites: Sites, open_page: Opener) -> None:
    engine = fake_engine()
    site = sites(engine)
    site.voice("narrator", "Narrator")
    page = open_page(site, "settings")
    page.get_by_role("button", name="Edit pronunciations").click()
    dialog = page.get_by_role("dialog", name="Pronunciations")
    expect(dialog.get_by_text("No words yet")).to_be_visible()
    dialog.get_by_role("button", name="Add a word").press("Enter")
    expect(dialog.get_by_label("Word", exact=True)).to_be_focused()
    page.keyboard.type(HEAVY["word"])
    page.keyboard.press("Tab")
    page.keyboard.type("chong lou2")
    page.keyboard.press("Enter")
    # The mistake is told at its row in words, the keyboard is where it is, and nothing was saved.
    pronunciation = dialog.get_by_label("Pronunciation of 重楼")
    expect(dialog.locator(".field-error")).to_contain_text("'chong' is no syllable in pinyin")
    expect(pronunciation).to_be_focused()
    assert entries(site) == []
    pronunciation.fill(HEAVY["pronunciation"])
    expect(dialog.locator(".field-error")).to_have_count(0)
    with page.expect_response("**/synthesize") as answer:
        dialog.get_by_role("button", name="Hear 重楼").click()
    assert answer.value.status == 200 and answer.value.header_value("content-type") == "audio/wav"
    spoken = engine.requests[-1]
    assert 'ph="chong2 lou2">重楼<' in spoken.text and spoken.language == "all_zh" and entries(site) == []
    pronunciation.press("Enter")
    expect(dialog.get_by_text("Saved.")).to_be_visible()
    assert entries(site) == [HEAVY]


def test_words_are_heard_although_the_voices_came_after_the_dialog(sites: Sites, open_page: Opener) -> None:
    site = sites()
    site.voice("narrator", "Narrator")
    site.data("PUT", "/dictionary", json={"entries": [HEAVY]})
    page = open_page(site, "settings")
    held: list[Route] = []
    page.route("**/voice-models?*", lambda route: held.append(route))
    page.reload()
    page.get_by_role("button", name="Edit pronunciations").click()
    hear = page.get_by_role("dialog", name="Pronunciations").get_by_role("button", name="Hear 重楼")
    expect(hear).to_be_disabled()
    for route in held:
        route.continue_()
    with page.expect_response("**/synthesize") as answer:
        hear.click()
    assert answer.value.status == 200


def test_a_voices_words_are_edited_from_its_editor_and_taken_away_again(sites: Sites, open_page: Opener) -> None:
    site = sites()
    site.voice("narrator", "Narrator")
    path = "/voice-models/narrator/dictionary"
    site.data("PUT", path, json={"entries": [HEAVY, SINGER]})
    page = open_page(site, "voices")
    page.get_by_role("button", name="Edit Narrator").first.click()
    page.get_by_role("button", name="Edit pronunciations").click()
    dialog = page.get_by_role("dialog", name="Pronunciations of Narrator")
    expect(dialog.get_by_label("Pronunciation of 初音")).to_have_value(SINGER["pronunciation"])
    with page.expect_response("**/synthesize") as answer:
        dialog.get_by_role("button", name="Hear 初音").click()
    assert answer.value.status == 200
    dialog.get_by_role("button", name="Delete 重楼").click()
    page.keyboard.press("Escape")
    expect(dialog.get_by_role("alertdialog")).to_be_visible()
    dialog.get_by_role("button", name="Keep editing").click()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("Saved.")).to_be_visible()
    assert entries(site, path) == [SINGER] and entries(site) == []
    dialog.get_by_role("button", name="Close").last.click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("dialog", name="Edit Narrator")).to_be_visible()


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(sites: Sites, open_page: Opener) -> None:
    site = sites()
    page = open_page(site, "settings", settings={"language": "zh"})
    page.get_by_role("button", name="编辑发音").click()
    dialog = page.get_by_role("dialog", name="发音词典")
    dialog.get_by_role("button", name="添加词语").click()
    dialog.get_by_label("词语", exact=True).fill(SINGER["word"])
    dialog.get_by_label("初音 的读音").fill("chu1 yin1")
    site.data("PUT", "/dictionary", json={"entries": [HEAVY]})
    dialog.get_by_role("button", name="保存").click()
    expect(dialog.get_by_role("alert")).to_contain_text("词典已被他人修改")
    dialog.get_by_role("button", name="重新加载").click()
    expect(dialog.get_by_label("重楼 的读音")).to_be_visible()
    assert entries(site) == [HEAVY]
