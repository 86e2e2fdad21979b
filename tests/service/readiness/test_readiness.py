"""Ready means that a sentence would be spoken: health, readiness and the queue say the same, by language."""

from __future__ import annotations

from pathlib import Path

import pytest

from GPT_SoVITS.testing.fake import FakeEngine
from GPT_SoVITS.text.installed import Lacking
from GPT_SoVITS.text.languages import languages_in
from service import readiness
from service.presence import Presence
from tests.service.conftest import Running, Starter
from tests.service.samples import clip


class Shelf(Presence):
    """What is installed, as a test says."""

    def __init__(self) -> None:
        super().__init__(Path("/"))
        self.there = {"hubert", "roberta"}

    def has(self, name: str) -> bool:
        return name in self.there


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """Everything is installed, until the test takes something away."""
    shelf = Shelf()
    monkeypatch.setattr(Presence, "of", classmethod(lambda cls, settings: shelf))
    return shelf


def needing(weights: bool = True) -> FakeEngine:
    """An engine that reads HuBERT and RoBERTa."""
    engine = FakeEngine() if weights else FakeEngine(weights=None)
    engine.needs = ("hubert", "roberta")
    return engine


def submit(running: Running, text: str, language: str, **fields: object) -> tuple[int, str]:
    """Submit a task; return the status and the code of the error."""
    (running.root / "audio" / "clip.wav").write_bytes(clip())
    body = {"user_id": "u", "ref_wav_path": "audio/clip.wav", "text": text, "text_language": language, **fields}
    answer = running.client.post("/voice-tasks", json=body)
    found = answer.json()["data"] or {}
    return answer.status_code, found.get("error", {}).get("code", "") if answer.status_code >= 400 else ""


def states(running: Running) -> dict[str, bool]:
    """Language -> whether the service says that it is ready."""
    told = running.client.get("/healthz").json()["languages"]
    for language, one in told.items():
        status = running.client.get("/readyz", params={"language": language}).status_code
        assert (status == 200) is one["ready"], "readiness agrees with health"
    return {language: one["ready"] for language, one in told.items()}


def test_without_roberta_everything_but_chinese_is_spoken(start: Starter, shelf: Shelf) -> None:
    running = start(needing())
    assert all(states(running).values())
    shelf.there.discard("roberta")
    assert states(running) == {"zh": False, "en": True, "ja": True, "ko": True, "yue": True}
    assert running.client.get("/readyz").status_code == 200
    assert submit(running, "Good morning.", "en") == (200, "")
    assert submit(running, "早上好。", "all_zh") == (503, "resource_missing")
    assert submit(running, "早上好。", "auto") == (503, "resource_missing")
    # A transcript in Chinese takes RoBERTa too.
    said = {"prompt_text": "今天天气很好。", "prompt_language": "all_zh"}
    assert submit(running, "Good evening.", "en", **said) == (503, "resource_missing")
    assert submit(running, "Good evening.", "en", **said, ref_free=True) == (200, "")


def test_weights_of_one_language_are_ready_for_it_alone(start: Starter, shelf: Shelf) -> None:
    running = start(FakeEngine(languages=("en",)))
    assert states(running) == {"zh": False, "en": True, "ja": False, "ko": False, "yue": False}
    assert running.client.get("/readyz").status_code == 200
    refused = running.client.get("/readyz", params={"language": "zh"}).json()
    assert refused["data"]["error"]["code"] == "language_not_trained"
    assert "speak en only" in refused["message"] and "voice or weights" in refused["message"]
    assert submit(running, "Good morning.", "en") == (200, "")
    assert submit(running, "早上好。", "all_zh") == (400, "language_not_trained")
    assert submit(running, "Good morning. 早上好。", "auto") == (400, "language_not_trained")
    said = {"prompt_text": "今天天气很好。", "prompt_language": "all_zh"}
    assert submit(running, "Good morning.", "en", **said) == (400, "transcript_not_trained")
    assert submit(running, "Good morning.", "en", **said, ref_free=True) == (200, "")


def test_without_hubert_nothing_is_spoken(start: Starter, shelf: Shelf) -> None:
    running = start(needing())
    shelf.there.clear()
    assert not any(states(running).values())
    answer = running.client.get("/readyz")
    assert answer.status_code == 503 and "fetch hubert" in answer.json()["message"]
    assert submit(running, "Good morning.", "en") == (503, "resource_missing")


def test_without_weights_no_task_waits_for_ever(start: Starter, shelf: Shelf) -> None:
    running = start(needing(weights=False))
    assert not any(states(running).values())
    assert submit(running, "Good morning.", "en") == (503, "no_weights")
    assert running.client.get("/voice-tasks").json()["data"]["total"] == 0


def test_a_text_is_taken_while_the_engine_starts(start: Starter, shelf: Shelf) -> None:
    engine = needing()
    running = start(engine)
    engine.starting(0.5)
    assert not any(states(running).values())
    assert submit(running, "Good morning.", "en")[0] == 200
    engine.starting(None)


def test_a_language_without_its_package_is_refused_alone(
    start: Starter, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking(language: str) -> Lacking | None:
        return Lacking("g2pk2", "pip install g2pk2") if language == "ko" else None

    monkeypatch.setattr(readiness, "lacking", lacking)
    running = start(needing())
    assert states(running) == {"zh": True, "en": True, "ja": True, "ko": False, "yue": True}
    assert submit(running, "안녕하세요.", "all_ko") == (503, "package_missing")
    assert submit(running, "안녕하세요.", "auto") == (503, "package_missing")
    assert submit(running, "Hello.", "auto")[0] == 200
    assert running.client.get("/readyz", params={"language": "xx"}).status_code == 400


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("all_zh", "你好 hello", ("zh",)),
        ("zh", "你好 hello", ("zh", "en")),
        ("zh", "你好", ("zh",)),
        ("en", "你好", ("en",)),
        ("auto", "漢字とかな", ("ja",)),
        ("auto", "汉字 한글 abc", ("zh", "ko", "en")),
        ("auto_yue", "你哋", ("yue",)),
        ("auto", "123", ()),
    ],
)
def test_a_text_takes_the_languages_of_its_letters(code: str, text: str, expected: tuple[str, ...]) -> None:
    assert languages_in(code, text) == expected
