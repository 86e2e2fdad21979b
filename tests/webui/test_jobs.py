"""A step is followed through whatever happens to the connection, and a lost answer is no refusal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

pytest.importorskip("gradio", reason="Gradio is not installed: pip install -e '.[webui]'")

from webui.actions.running import Runner
from webui.jobs import Jobs
from webui.service import Service
from webui.words import Words

Answer = httpx.Response | type[httpx.RequestError]


def _job(state: str) -> httpx.Response:
    step = {"kind": "slice", "done": 0, "total": 1}
    view = {"kind": "slice", "state": state, "progress": 0, "error": None, "artefacts": [], "log": [], "steps": [step]}
    return httpx.Response(200, json={"data": view})


def _states(script: list[tuple[str, Answer]]) -> list[str]:
    """Return the stages of a run whose requests are answered as a script says: method and answer, in order."""

    def answer(request: httpx.Request) -> httpx.Response:
        method, found = script.pop(0)
        assert request.method == method
        if isinstance(found, httpx.Response):
            return found
        raise found("the connection is lost", request=request)

    async def story() -> list[str]:
        service = Service("http://service", transport=httpx.MockTransport(answer))
        stages = [stage.state async for stage in Runner(Jobs(service, 0.001), Words("en")).run("slice", {"inp": "x"})]
        await service.close()
        return stages

    found = asyncio.run(story())
    assert not script, "everything was asked for"
    return found


@pytest.fixture(autouse=True)
def _no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Warnings belong to a request, and there is none."""
    said: Callable[..., Any] = lambda message: None  # noqa: E731
    monkeypatch.setattr("webui.actions.running.gr.Warning", said)


NONE = httpx.Response(404, json={"message": "none"})
STARTED = httpx.Response(200, json={"status": "success"})
AWAY = httpx.Response(503, json={"message": "starting"})


def test_a_run_goes_on_through_lost_connections_and_a_service_that_starts() -> None:
    answers: tuple[Answer, ...] = (httpx.ConnectError, AWAY, _job("run"), _job("done"))
    looks = [("GET", each) for each in answers]
    assert _states([("GET", NONE), ("POST", STARTED), *looks]) == ["running", "running", "finished"]


def test_an_answer_that_is_lost_with_the_service_is_no_refusal() -> None:
    answers: tuple[Answer, ...] = (httpx.ConnectError, AWAY, _job("run"), _job("done"))
    looks = [("GET", each) for each in answers]
    assert _states([("GET", NONE), ("POST", httpx.ReadError), *looks]) == ["running", "finished"]


def test_what_never_began_failed() -> None:
    assert _states([("GET", NONE), ("POST", httpx.ReadError), ("GET", NONE)]) == ["failed"]
    assert _states([("GET", NONE), ("POST", httpx.Response(500, json={"detail": "no"}))]) == ["failed"]


def test_a_service_that_stays_away_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webui.jobs._AWAY_S", 0.0)
    assert _states([("GET", NONE), ("POST", STARTED), ("GET", httpx.ConnectError)]) == ["running", "failed"]
