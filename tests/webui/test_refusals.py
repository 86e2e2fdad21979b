"""What clients and people are told when something is refused before any work begins."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import Any

import httpx
import pytest

pytest.importorskip("gradio", reason="Gradio is not installed: pip install -e '.[webui]'")

import gradio as gr

from webui import command
from webui.actions.choices import Choices
from webui.actions.labels import Labels
from webui.service import Service, ServiceCallError
from webui.serving import listening
from webui.versions import Hardware
from webui.words import Words


def _service(status: int, body: Any) -> Service:
    return Service("http://service", transport=httpx.MockTransport(lambda _: httpx.Response(status, json=body)))


@pytest.mark.parametrize("rows", [[["a.wav", "a", "ZH"]], [["a.wav", "a", "ZH", "text", "more"]], ["a.wav"], None, 7])
def test_rows_that_are_none_are_refused_in_words(rows: Any) -> None:
    labels = Labels(_service(200, {"data": {"revision": "1"}}), Words("en"))
    with pytest.raises(gr.Error, match="A row has four columns: path, speaker, language, text"):
        asyncio.run(labels.save("raw/a.list", rows, ""))


def test_a_client_is_told_that_the_service_refused_where_the_page_shows_empty_lists() -> None:
    choices = Choices(_service(401, {"message": "a key is needed"}), Words("en"), Hardware(8))
    with pytest.raises(gr.Error, match="a key is needed"):
        asyncio.run(choices.change_choices())


def test_every_part_of_a_failure_is_told() -> None:
    service = _service(400, {"message": "tts failed", "Exception": "these weights speak English alone"})
    with pytest.raises(ServiceCallError, match="tts failed: these weights speak English alone"):
        asyncio.run(service.post("/tts", {}))


def test_a_taken_port_is_told_before_a_service_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "Child", None)  # nothing is started
    with closing(listening("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert command.main(["--port", str(port), "--service-port", "1"]) == 1
    assert "in use" in capsys.readouterr().err


@pytest.mark.parametrize("given", ["65536", "-1", "x"])
def test_what_is_no_port_is_refused(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["--port", given])
    assert "--port" in capsys.readouterr().err
