"""The page when the service goes away, when there are two of it, and when there is a key."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from service.bus import ChangeBus
from service.keys.store import KeyStore
from tests.page.conftest import Opener, Sites, choose_first_voice
from tests.page.serving import fake_engine


def test_a_restart_loses_nothing_that_was_typed(sites: Sites, open_page: Opener) -> None:
    site = sites()
    site.voice("narrator", "Narrator")
    page = open_page(site)
    page.locator("#c-text").fill("Not lost.")
    choose_first_voice(page)
    site.stop()
    expect(page.locator(".banner.bad")).to_contain_text("does not answer")
    page.get_by_role("button", name="Generate speech").click()
    expect(page.locator(".composer [role=alert]")).to_contain_text("cannot be reached")
    assert page.locator("#c-text").input_value() == "Not lost."
    site.start()
    expect(page.locator(".banner.bad")).to_be_hidden()
    # What happened while nobody listened is read after the connection is back.
    site.wait(site.task("Made meanwhile.", "narrator")["task_id"])
    expect(page.locator(".task").filter(has_text="Made meanwhile.")).to_be_visible()
    page.get_by_role("button", name="Generate speech").click()
    expect(page.locator(".task.done").filter(has_text="Not lost.")).to_be_visible()
    page.reload()
    assert page.locator("#c-text").input_value() == "Not lost."


def test_two_tabs_agree(sites: Sites, open_page: Opener) -> None:
    site = sites(fake_engine(0.3))
    site.voice("narrator", "Narrator")
    first = open_page(site)
    second = open_page(site, context=first.context)
    assert len(site.app.state.container.get(ChangeBus)._general) == 1, "one event stream for both tabs"  # type: ignore[union-attr]
    first.locator("#c-text").fill("From the first tab.")
    choose_first_voice(first)
    first.get_by_role("button", name="Generate speech").click()
    expect(second.locator(".task.done").filter(has_text="From the first tab.")).to_be_visible()
    first.locator(".task.done").get_by_role("button", name="Delete this task").click()
    expect(second.locator(".task")).to_have_count(0)
    first.close()
    # The other tab takes over the stream.
    site.task("After the first tab is closed.", "narrator")
    expect(second.locator(".task.done").filter(has_text="After the first tab")).to_be_visible()


def test_without_the_stream_it_polls(sites: Sites, open_page: Opener) -> None:
    site = sites()
    site.voice("narrator", "Narrator")
    page = open_page(site, "settings")
    page.context.route("**/events", lambda route: route.fulfill(status=404, body=""))
    page.reload()
    expect(page.locator(".about")).to_contain_text("Polling")
    site.task("Seen by polling.", "narrator")
    page.goto(site.url + "/index#/studio")
    expect(page.locator(".task.done").filter(has_text="Seen by polling.")).to_be_visible()


def test_a_key_is_asked_for_and_used_for_pictures_and_sound(sites: Sites, open_page: Opener) -> None:
    site = sites()
    site.voice("narrator", "Narrator")
    site.wait(site.task("Behind a key.", "narrator")["task_id"])
    key = site.app.state.container.get(KeyStore).create("page")  # type: ignore[union-attr]
    site.stop()
    site.start()
    page = open_page(site)
    expect(page.locator(".banner.warn")).to_contain_text("asks for an API key")
    page.get_by_role("link", name="Enter the key").click()
    page.get_by_label("API key").fill("wrong")
    page.get_by_role("button", name="Use this key").click()
    expect(page.locator(".setting [role=alert]")).to_contain_text("not valid")
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Use this key").click()
    expect(page.get_by_text("The service accepts this key.")).to_be_visible()
    page.goto(site.url + "/index#/studio")
    expect(page.locator(".banner")).to_have_count(0)
    row = page.locator(".task.done").filter(has_text="Behind a key.")
    expect(row.locator("img")).to_have_attribute("src", re.compile("^blob:"))
    row.get_by_role("button", name="Play").click()
    expect(page.locator(".player .time")).to_contain_text("/ 0:01", timeout=10_000)
