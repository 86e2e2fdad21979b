"""What clients and people are told when something is refused before any work begins."""

from __future__ import annotations

import asyncio
import io
import json
import wave
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

pytest.importorskip("gradio", reason="Gradio is not installed: pip install -e '.[webui]'")

import gradio as gr

from webui import command
from webui.actions.choices import Choices
from webui.actions.labels import Labels
from webui.service import Service, ServiceCallError, needs_key
from webui.serving import listening
from webui.speaking import Speaker
from webui.versions import Hardware
from webui.words import Words


def _service(status: int, body: Any) -> Service:
    return Service("http://service", transport=httpx.MockTransport(lambda _: httpx.Response(status, json=body)))


@pytest.mark.parametrize(
    "rows",
    [[["a.wav", "a", "ZH"]], [["a.wav", "a", "ZH", "text", "more"]], ["a.wav"], [[["a.wav"], "a", "ZH", "b"]], None],
)
def test_rows_that_are_none_are_refused_in_words(rows: Any) -> None:
    labels = Labels(_service(200, {"data": {"revision": "1"}}), Words("en"))
    with pytest.raises(gr.Error, match="A row has four columns: path, speaker, language, text"):
        asyncio.run(labels.save("raw/a.list", rows, ""))


def test_lines_that_were_none_are_sent_as_they_were_read_and_emptied_rows_are_not() -> None:
    sent: list[Any] = []

    def answered(request: httpx.Request) -> httpx.Response:
        sent.extend(json.loads(request.read())["lines"])
        return httpx.Response(200, json={"code": 0, "data": {"revision": "2"}})

    labels = Labels(Service("http://service", transport=httpx.MockTransport(answered)), Words("en"))
    rows = [["a.wav", "a", "EN", "hello"], ["", "", "", "nonsense|x"], ["", "a", "EN", "removed"], ["", "", "", ""]]
    assert asyncio.run(labels.save("raw/a.list", rows, "1"))[0] == "2 rows saved"
    assert [line["text"] for line in sent] == ["hello", "nonsense|x"]


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
    assert f"in use: 127.0.0.1:{port}" in capsys.readouterr().err


@pytest.mark.parametrize("given", ["65536", "-1", "x"])
def test_what_is_no_port_is_refused(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["--port", given])
    assert "--port" in capsys.readouterr().err


def test_what_answers_and_is_no_voice_service_is_told() -> None:
    with listening_page() as url, pytest.raises(ServiceCallError, match="no voice service"):
        needs_key(url)


def test_a_voice_that_could_not_be_removed_goes_with_the_next_speech(tmp_path: Path) -> None:
    kept: set[str] = set()
    away = [True]

    def answered(request: httpx.Request) -> httpx.Response:
        if request.method == "DELETE":
            if away[0]:
                raise httpx.ConnectError("refused")
            kept.discard(request.url.path.rpartition("/")[2])
            return httpx.Response(200, json={"code": 0})
        if request.url.path == "/tts":
            return httpx.Response(200, content=_wav())
        kept.add(request.read().partition(b'name="model_id"')[2].split(b"\r\n")[2].decode())
        return httpx.Response(200, json={"code": 0})

    (tmp_path / "clip.wav").write_bytes(_wav())
    speaker = Speaker(Service("http://service", transport=httpx.MockTransport(answered)))

    async def twice() -> None:
        await speaker.speak(str(tmp_path / "clip.wav"), [], ("", "zh"), {"text": "a"})
        assert len(kept) == 1
        away[0] = False
        await speaker.speak(str(tmp_path / "clip.wav"), [], ("", "zh"), {"text": "b"})

    asyncio.run(twice())
    assert not kept


def _wav() -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16000)
        sound.writeframes(bytes(3200))
    return content.getvalue()


@contextmanager
def listening_page() -> Iterator[str]:
    """Give the address of a server that knows no service's routes."""
    with ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
