"""Text of users is text, whatever it looks like; the page runs under a policy that allows no inline code."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import Opener, Sites
from tests.page.serving import clip

ATTACKS = (
    "<img src=x onerror=window.hurt=1>",
    "<script>window.hurt=1</script>",
    '"><svg onload=window.hurt=1>',
    "javascript:window.hurt=1//",
    "${window.hurt=1}{{constructor.constructor('window.hurt=1')()}}",
)


def _unhurt(page: Page, where: str) -> None:
    page.wait_for_timeout(100)
    assert page.evaluate("window.hurt") is None, where
    assert page.locator("img[onerror], svg[onload], #app script").count() == 0, where


@pytest.mark.parametrize("number", [0, 2, *(pytest.param(number, marks=pytest.mark.full) for number in (1, 3, 4))])
def test_attacks_in_every_field_stay_text(number: int, sites: Sites, open_page: Opener) -> None:
    attack = ATTACKS[number]
    site = sites()
    site.data(
        "POST",
        "/voice-categories",
        json={"category_id": "evil", "category_name": attack, "description": attack},
    )
    site.voice("evil", attack, text=attack, categories="evil")
    site.wait(site.task(f"Say {attack} please.", "evil", task_id="evil", user_id="evil")["task_id"])
    page = open_page(site)
    row = page.locator(".task").first
    expect(row.locator(".task-text")).to_contain_text(attack)
    row.locator(".play").click()
    expect(page.locator(".player")).to_contain_text(attack)
    _unhurt(page, "studio")
    row.locator(".task-text").click()
    expect(page.locator(".drawer blockquote")).to_contain_text(attack)
    expect(page.locator(".segment").first).to_be_visible()
    _unhurt(page, "drawer")
    page.keyboard.press("Escape")
    page.locator("#c-text").fill(attack)
    page.locator("#task-search").fill(attack)
    page.locator("#filter-user").fill(attack)
    page.locator("#voice-picker").click()
    expect(page.locator("#voice-options [role=option]").first).to_contain_text(attack)
    page.keyboard.type(attack)
    page.keyboard.press("Escape")
    _unhurt(page, "composer")
    page.goto(site.url + "/index#/voices")
    expect(page.locator(".voice-card h3")).to_contain_text(attack)
    expect(page.locator(".voice-card .tag")).to_have_text(attack)
    page.get_by_role("button", name="Manage categories").click()
    expect(page.locator(".category-list input")).to_have_value(attack)
    page.keyboard.press("Escape")
    page.locator(".voice-card").get_by_role("button").nth(2).click()
    expect(page.locator("#e-name")).to_have_value(attack)
    page.locator(".more-clips summary").click()
    page.set_input_files("#more-clips-file", {"name": attack, "mimeType": "audio/wav", "buffer": clip(4)})
    expect(page.locator(".clip-name")).to_contain_text(attack)
    _unhurt(page, "editor")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Discard").click()
    page.goto(site.url + "/index#/settings")
    page.locator("#set-user").fill(attack)
    page.locator("#set-key").fill(attack)
    page.reload()
    _unhurt(page, "settings")


def test_the_policy_forbids_inline_code(sites: Sites, open_page: Opener) -> None:
    site = sites()
    policy = site.client.get("/index").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    html = site.client.get("/index").text
    assert "<style" not in html and "style=" not in html and "onclick" not in html
    assert "://" not in html, "nothing comes from elsewhere"


def test_nothing_is_fetched_from_elsewhere(sites: Sites, open_page: Opener) -> None:
    site = sites()
    page = open_page(site)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for view in ("studio", "voices", "weights", "settings"):
        page.goto(f"{site.url}/index#/{view}")
        page.reload()
    assert asked and all(url.startswith((site.url, "blob:", "data:")) for url in asked)
