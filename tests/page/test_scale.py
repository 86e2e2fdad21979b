"""Quick with much in it: first paint, 500 voices, 5,000 tasks."""

from __future__ import annotations

import os
import time
from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.page.conftest import Opener
from tests.page.serving import Site

# Generous beside what a quiet machine shows (docs/PAGE.md): tests share their processors with others.
FIRST_PAINT_MS = 1000
SLOW_FRAME_MS = 120


def test_the_first_paint_takes_less_than_a_second(shared: Site, open_page: Opener) -> None:
    page = open_page(shared)
    times = []
    for _ in range(5):
        page.reload()
        expect(page.locator("#c-text")).to_be_visible()
        found = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0")
        times.append(found)
    times.sort()
    load = os.getloadavg()[0]
    print(f"first paint: smallest {times[0]:.0f} ms, median {times[2]:.0f} ms at a load of {load:.1f}")
    assert 0 < min(times) < FIRST_PAINT_MS


def _many(page: Page, pattern: str, total: int, make: Any) -> None:
    """Answer lists as the service would if it held so many."""

    def answer(route: Route) -> None:
        query = dict(part.split("=") for part in route.request.url.split("?")[1].split("&"))
        number, size = int(query["page"]), int(query["page_size"])
        data = [make(i) for i in range((number - 1) * size, min(total, number * size))]
        body = {"total": total, "pageIndex": number, "pageSize": size, "data": data}
        route.fulfill(json={"code": 0, "message": "", "data": body})

    page.route(pattern, answer)


def _scrolled(page: Page, end: int, start: int = 0) -> list[float]:
    """Scroll down in sixty steps; return the milliseconds of the frames, sorted."""
    frames: list[float] = page.evaluate(
        """async ([start, end]) => {
          const frames = [];
          let last = performance.now();
          for (let i = 1; i <= 60; i += 1) {
            scrollTo(0, start + ((end - start) * i) / 60);
            await new Promise(requestAnimationFrame);
            const now = performance.now();
            frames.push(now - last);
            last = now;
          }
          return frames.sort((a, b) => a - b);
        }""",
        [start, end],
    )
    return frames


def _median(what: str, page: Page, length: int) -> float:
    """Scroll through a list in jumps, then gently; print the frames and return the median of the jumps."""
    jumps = _scrolled(page, length)
    page.evaluate("scrollTo(0, 2000)")
    gentle = _scrolled(page, 3500, start=2000)
    load = os.getloadavg()[0]
    for name, frames in (("in jumps", jumps), ("gently", gentle)):
        print(f"{what} {name}: median frame {frames[30]:.1f} ms, p95 {frames[57]:.1f} ms at a load of {load:.1f}")
    assert gentle[30] < SLOW_FRAME_MS
    return jumps[30]


def test_five_thousand_tasks_scroll(shared: Site, open_page: Opener) -> None:
    page = open_page(shared)
    now = int(time.time())
    base = {"user_id": "admin", "model_id": "narrator", "status": "error", "error": "cancelled", "progress": 0}
    _many(
        page,
        "**/voice-tasks?*",
        5000,
        lambda i: {
            **base,
            "task_id": f"t{i}",
            "text": f"Task number {i}.",
            "created_at": now - i,
            "updated_at": now - i,
        },
    )
    page.reload()
    expect(page.locator(".tasks .badge")).to_have_text("5,000")
    assert _median("5,000 tasks", page, 5000 * 60) < SLOW_FRAME_MS
    assert page.locator(".task").count() < 60, "only what is near the window exists"
    page.evaluate("scrollTo(0, 0)")
    details = page.locator(".task").filter(has_text="Task number 1.").get_by_role("button", name="Details").last
    details.focus()
    page.evaluate("scrollTo(0, 20000)")
    expect(page.locator(".task").filter(has_text="Task number 1.")).to_have_count(0)
    assert page.evaluate("document.activeElement.localName") == "body", "the focus does not pass to another task"
    # At rest the document has the order that keyboards and screen readers follow, and the focus stays where it was.
    page.locator(".task").filter(has_text="Task number").last.locator(".task-text").focus()
    here = page.evaluate("document.activeElement.textContent")
    page.evaluate("scrollBy(0, 150)")
    page.wait_for_function(
        """() => {
          const places = [...document.querySelectorAll('.task-rows .cell')].map((cell) => Number(cell.ariaPosInSet));
          return places.length > 5 && places.every((place, i) => !i || place > places[i - 1]);
        }"""
    )
    assert page.evaluate("document.activeElement.textContent") == here
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(page.locator(".task").filter(has_text="Task number 4999.")).to_be_visible()


def test_five_hundred_voices_scroll_and_are_searched(shared: Site, open_page: Opener) -> None:
    page = open_page(shared, "voices")
    voice = shared.data("GET", "/voice-models/narrator")
    _many(page, "**/voice-models?*", 500, lambda i: {**voice, "model_id": f"v{i}", "model_name": f"Voice {i}"})
    page.reload()
    expect(page.locator(".view-head .badge")).to_have_text("500")
    assert _median("500 voices", page, 30000) < SLOW_FRAME_MS
    assert page.locator(".voice-card").count() < 60
    page.locator("#voice-search").fill("voice 499")
    expect(page.locator(".voice-card")).to_have_count(1)
    page.locator("#voice-search").fill("")
    page.locator("#voice-page-size").select_option("10")
    expect(page.locator(".voice-card")).to_have_count(10)
    page.get_by_role("button", name="Next").click()
    expect(page.locator(".pager")).to_contain_text("Page 2 of 50")
