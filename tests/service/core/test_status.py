"""Health, readiness, figures and the page."""

from __future__ import annotations

import logging.handlers
import re
from pathlib import Path

from GPT_SoVITS.testing.fake import FakeEngine
from service.engine import AbsentEngine
from service.logs import KEPT, AccessEntry, AccessLog
from tests.service.conftest import Running, Starter
from tests.waiting import eventually


def test_health_says_what_the_contract_says(running: Running) -> None:
    found = running.client.get("/healthz").json()
    assert found["status"] == "ok"
    assert found["index_url"] == f"{running.url}/index"
    assert {"device", "model_version", "queue_depth", "weights_loaded"} <= set(found)
    assert found["weights_loaded"] is True
    assert set(found["computing"]) == {"decoder", "vocoder", "sampler"} and found["computing"]["decoder"] == "fake"


def test_without_weights_everything_but_synthesis_works_and_readiness_says_why(start: Starter) -> None:
    running = start(FakeEngine(weights=None))
    assert running.client.get("/healthz").json()["weights_loaded"] is False
    answer = running.client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, 1)
    assert "no usable weights" in answer.json()["message"]
    assert running.client.get("/voice-models").status_code == 200
    assert running.client.get("/models").status_code == 200


def test_readiness_follows_the_engine(running: Running) -> None:
    found = running.client.get("/readyz").json()["data"]
    assert (found["ready"], found["obstacles"]) == (True, [])
    running.engine.die()
    assert "started again" in running.client.get("/readyz").json()["message"]
    running.engine.revive()
    assert running.client.get("/readyz").status_code == 200


def test_an_engine_that_cannot_be_opened_leaves_a_service_that_says_so() -> None:
    status = AbsentEngine("the engine could not be started: no MindSpore").status()
    assert "no MindSpore" in status.detail


def test_old_addresses_lead_to_the_page(running: Running) -> None:
    for path in ["/", "/manager"]:
        answer = running.client.get(path)
        assert answer.is_redirect and answer.headers["location"].endswith("/index")


def test_the_page_may_run_our_scripts_and_nothing_else(running: Running) -> None:
    answer = running.client.get("/index")
    policy = answer.headers["content-security-policy"]
    assert answer.status_code == 200 and "default-src 'self'" in policy and "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|style=", answer.text), "nothing inline"
    assert running.client.get("/index", headers={"if-none-match": answer.headers["etag"]}).status_code == 304


def test_figures(running: Running) -> None:
    running.client.get("/healthz")
    running.client.get("/nothing-1")
    running.client.request("PROPFIND", "/nothing-2")
    text = running.client.get("/metrics").text
    assert 'http_requests_total{method="GET",route="/healthz",status="200"}' in text
    assert 'http_requests_total{method="OTHER",route="other",status="404"}' in text
    assert "nothing-1" not in text, "addresses that clients make up are no series of their own"
    assert "engine_ready 1.0" in text


def entry(**given: object) -> AccessEntry:
    values: dict[str, object] = {
        "client": "10.0.0.1",
        "key": "-",
        "method": "GET",
        "path": "/models",
        "status": 200,
        "sent": 12,
        "seconds": 0.0123,
        "request_id": "r1",
    }
    return AccessEntry(**{**values, **given})  # type: ignore[arg-type]


def test_requests_are_logged_and_polling_is_not(running: Running) -> None:
    running.client.get("/models?token=secret")
    running.client.get("/voice-tasks?user_id=u")
    running.client.get("/healthz")
    log = running.root / "Logs" / "access.log"
    text = eventually(lambda: found if "/models" in (found := log.read_text()) else "")
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\t127\.0\.0\.1\tGET /models\t200\t[\d.]+ms\t\d+\t-\t\w+\n", text
    )


def test_a_path_cannot_forge_a_line(tmp_path: Path) -> None:
    log = AccessLog(tmp_path / "access.log")
    log.open()
    log.write(entry(path="/a\n2030-01-01\tforged\ud800", method="GE\tT"))
    log.close()
    lines = (tmp_path / "access.log").read_text().splitlines()
    assert len(lines) == 1 and lines[0].count("\t") == 7


def test_the_log_is_changed_every_six_hours_and_28_are_kept(tmp_path: Path) -> None:
    log = AccessLog(tmp_path / "access.log")
    log.open()
    handler = log._handler
    assert isinstance(handler, logging.handlers.TimedRotatingFileHandler)
    assert (handler.interval, handler.backupCount) == (6 * 3600, KEPT) and KEPT == 28
    log.close()


def test_failures_of_polling_are_logged() -> None:
    assert entry(path="/voice-tasks/T1").is_polling
    assert entry(path="/voice-tasks/query", method="POST").is_polling
    assert not entry(path="/voice-tasks", method="POST").is_polling
    assert not entry(path="/voice-tasks/T1", status=500).is_polling
