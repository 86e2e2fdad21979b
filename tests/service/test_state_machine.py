"""Voices and tasks together, in whatever order, with restarts between: rows, files and answers tell one story.

The engine stands still but for one rule, so that every state can be looked at.
"""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from GPT_SoVITS.testing.fake import FakeEngine
from service.app import create_app
from service.files import wav
from service.settings import load_settings
from tests.service.databases import Databases
from tests.service.samples import clip, picture
from tests.waiting import eventually

VOICES = st.sampled_from(["anna", "bert"])
TASKS = st.sampled_from(["t1", "t2", "t3"])
FOLDERS = {"wait": "task", "run": "task", "done": "done", "error": "error"}


@cache
def _clip(seed: int) -> bytes:
    return clip(3.0, seed=seed)


@cache
def _picture() -> bytes:
    return picture(size=(16, 16))


class ServiceMachine(RuleBasedStateMachine):
    """Clients and an administrator of one service; ``voices`` and ``tasks`` are what it has promised."""

    databases: ClassVar[Databases]

    @initialize()
    def begin(self) -> None:
        self.root = Path(tempfile.mkdtemp())
        self.voices: dict[str, str] = {}
        self.tasks: dict[str, dict[str, Any]] = {}
        self.cancelled: set[str] = set()
        self.left_alone: set[str] = set()
        self.start()

    def start(self) -> None:
        self.engine = FakeEngine()
        self.engine.hold()
        database = self.databases.settings(self.root)
        given = load_settings(root=self.root, host="127.0.0.1", shutdown_seconds=0, **database)
        self.http = TestClient(create_app(given, self.engine))
        self.http.__enter__()

    def stop(self) -> None:
        self.http.__exit__(None, None, None)
        self.engine.close(0)

    def teardown(self) -> None:
        if hasattr(self, "http"):
            self.stop()
            self.databases.drop(self.root)
            shutil.rmtree(self.root)

    # --- voices ---

    @rule(voice=VOICES, seed=st.integers(0, 1), portrait=st.booleans())
    def make_voice(self, voice: str, seed: int, portrait: bool) -> None:
        files = {"refer_wav": ("r.wav", _clip(seed)), **({"avatar": ("a.png", _picture())} if portrait else {})}
        fields = {"model_id": voice, "model_name": f"{voice} {seed}", "gender": "1"}
        answer = self.http.post("/voice-models", data=fields, files=files)
        assert answer.status_code == (409 if voice in self.voices else 200), answer.text
        self.voices.setdefault(voice, fields["model_name"])

    @rule(voice=VOICES, seed=st.integers(2, 3), with_clip=st.booleans())
    def change_voice(self, voice: str, seed: int, with_clip: bool) -> None:
        files = {"refer_wav": ("r.wav", _clip(seed))} if with_clip else None
        answer = self.http.patch(f"/voice-models/{voice}", data={"model_name": f"new {seed}"}, files=files)
        assert answer.status_code == (200 if voice in self.voices else 404), answer.text
        if voice in self.voices:
            self.voices[voice] = f"new {seed}"

    @rule(voice=VOICES, force=st.booleans())
    def remove_voice(self, voice: str, force: bool) -> None:
        users = {name for name, task in self.tasks.items() if task["model_id"] == voice and self.unfinished(name)}
        answer = self.http.delete(f"/voice-models/{voice}", params={"force": force})
        expected = 404 if voice not in self.voices else 409 if users and not force else 200
        assert answer.status_code == expected, answer.text
        if expected == 200:
            del self.voices[voice]
            self.left_alone |= users

    # --- tasks ---

    @rule(task=TASKS, voice=VOICES, text=st.sampled_from(["一。", "一。二。"]))
    def submit(self, task: str, voice: str, text: str) -> None:
        body = {"task_id": task, "user_id": "u", "model_id": voice, "text": text}
        before = task in self.tasks and self.unfinished(task)
        answer = self.http.post("/voice-tasks", json=body)
        known = self.tasks.get(task)
        expected = 200 if known == body else 409 if before else 404 if voice not in self.voices else 200
        assert answer.status_code == expected, (answer.text, known, body)
        if answer.status_code == 200 and known != body:
            self.tasks[task] = body
            self.cancelled.discard(task)
            self.left_alone.discard(task)

    @rule(task=TASKS)
    def cancel(self, task: str) -> None:
        expected = 404 if task not in self.tasks else 200 if self.unfinished(task) else 409
        assert self.http.post(f"/voice-tasks/{task}/cancel").status_code == expected
        if expected == 200:
            self.cancelled.add(task)

    @rule(task=TASKS)
    def remove(self, task: str) -> None:
        assert self.http.delete(f"/voice-tasks/{task}").json()["data"] == {"removed": task in self.tasks}
        self.tasks.pop(task, None)
        self.cancelled.discard(task)
        self.left_alone.discard(task)

    # --- time passes ---

    @precondition(lambda self: any(self.unfinished(task) for task in self.tasks))
    @rule()
    def speak_everything(self) -> None:
        self.engine.release()
        eventually(lambda: not any(self.unfinished(task) for task in self.tasks))
        self.engine.hold()

    @rule()
    def restart(self) -> None:
        self.stop()
        self.start()

    # --- what must hold ---

    def entry(self, task: str) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(f"/voice-tasks/{task}").json()["data"]
        return found

    def unfinished(self, task: str) -> bool:
        return self.entry(task)["status"] in ("wait", "run")

    @invariant()
    def voices_are_those_that_were_made_with_their_files(self) -> None:
        if not hasattr(self, "http"):
            return
        listed = self.http.get("/voice-models?page_size=100").json()["data"]["data"]
        assert {voice["model_id"]: voice["model_name"] for voice in listed} == self.voices
        folders = {path.name for path in (self.root / "audio").iterdir() if not path.name.startswith(".")}
        assert folders == set(self.voices)
        for voice in listed:
            assert self.http.get(voice["refer_wav_url"]).content.startswith(b"RIFF")
            assert voice["avatar_url"] is None or self.http.get(voice["avatar_url"]).status_code == 200
        assert not [*(self.root / "audio/.staging").glob("*"), *(self.root / "audio/.trash").glob("*")]

    @invariant()
    def tasks_are_those_that_were_accepted_and_ended_as_they_should(self) -> None:
        if not hasattr(self, "http"):
            return
        listed = self.http.get("/voice-tasks?page_size=100").json()["data"]["data"]
        assert {task["task_id"] for task in listed} == set(self.tasks)
        for task in listed:
            name, status = task["task_id"], task["status"]
            assert {key: task[key] for key in ("model_id", "text")} == {
                key: self.tasks[name][key] for key in ("model_id", "text")
            }
            found = {folder for folder in ("task", "done", "error") if (self.root / folder / f"{name}.json").exists()}
            assert found == {FOLDERS[status]}, (name, status, found)
            if status == "error":
                assert name in self.cancelled or name in self.left_alone, task["error"]
            if status == "done":
                assert name not in self.cancelled and wav.is_complete(self.root / "done" / f"{name}.wav")
                assert self.http.get(task["result_url"]).status_code == 200
        results = {path.stem for path in (self.root / "done").glob("*.wav")}
        assert results == {task["task_id"] for task in listed if task["status"] == "done"}


@pytest.mark.both_databases
@pytest.mark.parametrize("examples", [2, pytest.param(20, marks=pytest.mark.full)])
def test_voices_and_tasks_in_whatever_order(databases: Databases, examples: int) -> None:
    ServiceMachine.databases = databases
    run_state_machine_as_test(
        ServiceMachine,
        settings=settings(
            max_examples=examples, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
