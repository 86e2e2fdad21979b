"""What clients change, each with the two states that may follow: done, or as if never asked for."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from GPT_SoVITS.resources.errors import ResourceError
from GPT_SoVITS.resources.fetch import Fetcher
from GPT_SoVITS.resources.sources import HuggingFace
from service.jobs.manager import JobManager
from tests.resources.conftest import CONTENT, NAME, QUICK, REPO, file_of, resource_of
from tests.resources.stand_in import StandIn
from tests.service.conftest import Running
from tests.service.samples import FIELDS, clip, picture, post_voice
from tests.service.tasks.http import body

_CLIP, _OTHER, _PICTURE = clip(), clip(5.0, seed=1), picture(size=(64, 64))
WORD = [{"language": "zh", "word": "重楼", "pronunciation": "chong2 lou2"}]


@dataclass(frozen=True)
class Change:
    """One request.

    Attributes:
        name: Of the change.
        ask: Sends it.
        done: What tells that it was carried out: True or False, or something else where it is half done.
        undo: Puts everything back, whether it was carried out or not.
        two_files: Whether it is two files that must change together, which no disk promises.
    """

    name: str
    ask: Callable[[Running], httpx.Response]
    done: Callable[[Running], Any]
    undo: Callable[[Running], object]
    two_files: bool = False


def _data(running: Running, address: str) -> Any:
    answer = running.client.get(address)
    return answer.json()["data"] if answer.status_code == 200 else None


def _voice(running: Running, name: str) -> Any:
    """Whether there is a voice, with its folder."""
    there = running.client.get(f"/voice-models/{name}").status_code == 200
    heard = running.client.get(f"/audio/{name}/refer.wav").content[:4] == b"RIFF"
    folder = (running.root / "audio" / name).exists()
    return there if there == heard == folder else f"row {there}, clip {heard}, folder {folder}"


def _remove_voice(running: Running, name: str) -> None:
    running.client.delete(f"/voice-models/{name}", params={"force": "true"})


def _clip_of(running: Running) -> Any:
    """Whether the voice has the other clip; the plain name of old clients never leads to one that was replaced."""
    record = _data(running, "/voice-models/narrator")
    content = running.client.get(record["refer_wav_url"]).content
    plain = running.root / "audio/narrator/refer.wav"
    if plain.exists() and plain.read_bytes() != content:
        return "the plain name leads elsewhere"
    return {len(_CLIP): False, len(_OTHER): True}.get(len(content), f"a clip of {len(content)} bytes")


def _patch(running: Running, **given: Any) -> httpx.Response:
    return running.client.patch("/voice-models/narrator", **given)


def _category(running: Running, name: str) -> Any:
    """Whether there is a category, in the list and in the file for old tools."""
    listed = name in [each["category_name"] for each in _data(running, "/voice-categories")]
    return listed


def _remove_category(running: Running, category_id: str) -> None:
    running.client.delete(f"/voice-categories/{category_id}")


def _words(running: Running, address: str) -> Any:
    entries = _data(running, address)["entries"]
    return bool(entries) if entries in ([], WORD) else entries


def _task(running: Running, task_id: str) -> Any:
    """Whether there is a task, with its file."""
    entry = _data(running, f"/voice-tasks/{task_id}")
    shown = _data_of(running.root / f"task/{task_id}.json") or _data_of(running.root / f"error/{task_id}.json")
    if (entry is None) != (shown is None):
        return f"row {entry is not None}, file {shown is not None}"
    return entry is not None


def _data_of(path: Path) -> Any:
    with contextlib.suppress(FileNotFoundError):  # also one that is put right this moment
        return json.loads(path.read_bytes())
    return None


def _cancelled(running: Running) -> Any:
    entry = _data(running, "/voice-tasks/there")
    files = tuple((running.root / folder / "there.json").exists() for folder in ("task", "error"))
    state: Any = (None if entry is None else entry["status"], *files)
    return {("wait", True, False): False, ("error", False, True): True}.get(state, state)


def _anew(running: Running) -> None:
    running.client.delete("/voice-tasks/there")
    jobs: JobManager = running.app.state.container.get(JobManager)
    jobs.recovery.finish_removals(older_than=0.0)  # as the sweep does
    answer = running.client.post("/voice-tasks", json={**body(running), "task_id": "there"})
    assert answer.status_code == 200, answer.text


def _spoken(running: Running) -> Any:
    path = running.root / "output/u1/said/said.wav"
    return path.exists() if not path.exists() or path.read_bytes()[:4] == b"RIFF" else path.stat().st_size


def _choice(running: Running) -> Any:
    chosen = [Path((running.root / name).read_text().strip()).stem for name in ("gweight.txt", "sweight.txt")]
    current = _data(running, "/models")["current"]
    loaded = [Path(current[name]).stem for name in ("gpt", "sovits")]
    if loaded[0].startswith("fake"):  # after a start the engine of tests has weights of its own
        loaded = chosen
    return chosen[0] == "b" if chosen == loaded and len(set(chosen)) == 1 else [*chosen, *loaded]


def _set_model(running: Running, name: str) -> httpx.Response:
    pair = {"gpt_model_path": f"GPT_weights/{name}.ckpt", "sovits_model_path": f"SoVITS_weights/{name}.pth"}
    return running.client.post("/set_model", json=pair)


def _exported(running: Running) -> bytes:
    content = running.client.get("/voice-models/narrator/export")
    assert content.status_code == 200
    return content.content


def _voices() -> Iterator[Change]:
    yield Change(
        "make a voice",
        lambda running: post_voice(running.client, _PICTURE, _CLIP, model_id="new", model_name="new"),
        lambda running: _voice(running, "new"),
        lambda running: _remove_voice(running, "new"),
    )
    yield Change(
        "change a clip",
        lambda running: _patch(running, files={"refer_wav": ("r.wav", _OTHER)}),
        _clip_of,
        lambda running: _patch(running, files={"refer_wav": ("r.wav", _CLIP)}),
    )
    yield Change(
        "rename a voice",
        lambda running: _patch(running, json={"model_name": "renamed"}),
        lambda running: _data(running, "/voice-models/narrator")["model_name"] == "renamed",
        lambda running: _patch(running, json={"model_name": FIELDS["model_name"]}),
    )
    yield Change(
        "remove a voice",
        lambda running: running.client.delete("/voice-models/spare", params={"force": "true"}),
        lambda running: {True: False, False: True}.get(found := _voice(running, "spare"), found),
        lambda running: post_voice(running.client, _PICTURE, _CLIP, model_id="spare", model_name="spare"),
    )
    yield Change(
        "import a voice",
        lambda running: running.client.post(
            "/voice-models/import?model_id=brought",
            content=_exported(running),
            headers={"content-type": "application/zip"},
        ),
        lambda running: _voice(running, "brought"),
        lambda running: _remove_voice(running, "brought"),
    )


def _small() -> Iterator[Change]:
    yield Change(
        "make a category",
        lambda running: running.client.post("/voice-categories", json={"category_id": "more", "category_name": "more"}),
        lambda running: _category(running, "more"),
        lambda running: _remove_category(running, "more"),
    )
    yield Change(
        "rename a category",
        lambda running: running.client.patch("/voice-categories/books", json={"category_name": "renamed"}),
        lambda running: _category(running, "renamed"),
        lambda running: running.client.patch("/voice-categories/books", json={"category_name": "books"}),
    )
    yield Change(
        "remove a category",
        lambda running: running.client.delete("/voice-categories/other"),
        lambda running: not _category(running, "other"),
        lambda running: running.client.post(
            "/voice-categories", json={"category_id": "other", "category_name": "other"}
        ),
    )
    for name, address in (
        ("set the dictionary", "/dictionary"),
        ("set a dictionary", "/voice-models/narrator/dictionary"),
    ):
        yield Change(
            name,
            lambda running, address=address: running.client.put(address, json={"entries": WORD}),  # type: ignore[misc]
            lambda running, address=address: _words(running, address),  # type: ignore[misc]
            lambda running, address=address: running.client.put(address, json={"entries": []}),  # type: ignore[misc]
        )


def _tasks() -> Iterator[Change]:
    yield Change(
        "submit a task",
        lambda running: running.client.post("/voice-tasks", json={**body(running), "task_id": "asked"}),
        lambda running: _task(running, "asked"),
        lambda running: running.client.delete("/voice-tasks/asked"),
    )
    yield Change("cancel a task", lambda running: running.client.post("/voice-tasks/there/cancel"), _cancelled, _anew)
    yield Change(
        "remove a task",
        lambda running: running.client.delete("/voice-tasks/there"),
        lambda running: {True: False, False: True}.get(found := _task(running, "there"), found),
        _anew,
    )
    yield Change(
        "speak at once",
        lambda running: running.client.post("/synthesize", json={**body(running), "task_id": "said"}),
        _spoken,
        lambda running: (running.root / "output/u1/said/said.wav").unlink(missing_ok=True),
    )


def _installed() -> Iterator[Change]:
    yield Change(
        "choose weights",
        lambda running: _set_model(running, "b"),
        _choice,
        lambda running: _set_model(running, "a"),
        two_files=True,
    )
    yield Change("bring a resource", _bring, _brought, lambda running: _resource(running).unlink(missing_ok=True))


def _resource(running: Running) -> Path:
    return running.root / "GPT_SoVITS/pretrained_models" / NAME


def _bring(running: Running) -> httpx.Response:
    """Download a file from a hub of our own, as the program of downloads does."""
    hub = StandIn()
    hub.put_hugging_face(REPO, NAME, CONTENT)
    try:
        Fetcher(running.root, [HuggingFace(hub.url)], lambda key, **_: None, patience=QUICK).fetch(
            resource_of(file_of())
        )
    except ResourceError as error:
        told = {"code": 1, "message": str(error)}
        return httpx.Response(507 if "No space left" in str(error) else 503, json=told)
    finally:
        hub.close()
    return httpx.Response(200)


def _brought(running: Running) -> Any:
    path = _resource(running)
    return path.exists() if not path.exists() or path.read_bytes() == CONTENT else path.stat().st_size


CHANGES = (*_voices(), *_small(), *_tasks(), *_installed())
