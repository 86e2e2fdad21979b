"""The voice that comes with the program speaks at the first start, says what it is, and gives way to any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from GPT_SoVITS import starter
from GPT_SoVITS.engine.messages import WeightsPair
from GPT_SoVITS.testing.fake import FakeEngine
from service.compatibility.speaking import OPENAI_VOICES
from service.settings import load_settings
from service.weights import watch
from service.weights.choice import GPT_FILE, SOVITS_FILE
from service.weights.service import WeightsService
from service.weights.starter import first_weights
from tests.engine.boxed import CHINESE, JAPANESE, NAMES, boxed
from tests.engine.small_own import OwnInstallation
from tests.service.conftest import Running, Starter
from tests.service.weights.test_by_hand import current
from tests.service.weights.test_weights import models, switch, write_gpt, write_sovits
from tests.waiting import eventually

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OwnInstallation:
    """Small networks in its place."""
    return boxed(tmp_path / "box", monkeypatch)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "service"


@pytest.fixture
def fresh(start: Starter, root: Path, box: OwnInstallation, monkeypatch: pytest.MonkeyPatch) -> Running:
    """A first start, with an engine that claims to speak with the starter; it looks often for other weights."""
    monkeypatch.setattr(watch, "LOOK_S", 0.05)
    engine = FakeEngine(weights=box.pair, check_files=True, languages=("en",))
    return start(engine, root=root, starter=True)


def voices(running: Running) -> list[str]:
    return [voice["model_name"] for voice in running.client.get("/voice-models").json()["data"]["data"]]


def test_a_start_chooses_it_when_there_is_nothing_else(root: Path, box: OwnInstallation) -> None:
    assert first_weights(load_settings(root=root, starter=True)) == box.pair
    assert first_weights(load_settings(root=root, starter=False)) is None
    root.mkdir()
    (root / GPT_FILE).write_text("mine.ckpt")
    (root / SOVITS_FILE).write_text("mine.pth")
    chosen = WeightsPair(str(root / "mine.ckpt"), str(root / "mine.pth"))
    assert first_weights(load_settings(root=root, starter=True)) == chosen


@pytest.mark.parametrize("name", ["GPT", "SOVITS", "CONTENT_ENCODER"])
def test_an_installation_without_a_part_of_it_has_none(
    root: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starter, name, tmp_path / "left out")
    assert first_weights(load_settings(root=root, starter=True)) is None


def test_it_says_what_it_is_and_what_is_missing(fresh: Running) -> None:
    assert fresh.client.get("/healthz").json()["starter"] is True
    ready = fresh.client.get("/readyz").json()["data"]
    assert ready["ready"] and "demonstration model" in ready["notes"][0] and "in en only" in ready["notes"][0]
    found = models(fresh)
    assert (found["current"]["starter"], found["current"]["languages"]) == (True, ["en"])
    assert [file["starter"] for file in (*found["gpt"], *found["sovits"])] == [True, True]
    missing = {each["name"] for each in found["missing"]}
    assert missing == {"hubert", "roberta", "gpt-v2", "sovits-v2"}, "the official weights are still offered"


def test_its_voices_are_put_among_the_others_once(start: Starter, root: Path, fresh: Running) -> None:
    assert voices(fresh) == list(NAMES), "the best one first"
    main, second = fresh.client.get("/voice-models").json()["data"]["data"]
    categories = fresh.client.get("/voice-categories").json()["data"]
    assert [one["category_id"] for one in categories if one["category_name"] == "Starter"] == main["categories"]
    assert (main["gender"], second["gender"], main["prompt_language"]) == (1, 2, "en")
    pictures = [fresh.client.get(voice["avatar_url"]) for voice in (main, second)]
    assert pictures[0].headers["content-type"] == "image/png" and pictures[0].content != pictures[1].content
    assert fresh.client.get(main["refer_wav_url"]).status_code == 200
    assert fresh.client.delete("/voice-models/starter-second").status_code == 200
    again = start(FakeEngine(), root=root, starter=True)
    assert voices(again) == ["Main"], "what was removed does not come back"


def test_a_voice_of_another_language_speaks_with_a_pair_of_its_own(start: Starter, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        own = boxed(tmp_path / "second", patch, others=["ja", "zh"])
        pair = WeightsPair(*starter.pairs()["ja"])
        engine = FakeEngine(weights=own.pair, languages=("en",))
        running = start(engine, root=tmp_path / "of two", starter=True)
        assert voices(running) == [*NAMES, JAPANESE, CHINESE]
        assert "in en, ja, zh only" in running.client.get("/readyz").json()["data"]["notes"][0]
        spoken = running.client.get("/healthz").json()["languages"]
        assert spoken["ja"]["ready"] and spoken["zh"]["ready"] and not spoken["ko"]["ready"]
        assert say(running, "starter-third", "こんにちは。", "ja") == 200
        assert (
            say(running, "starter-third", "Hello.", "en") == say(running, "starter-main", "こんにちは。", "ja") == 400
        )
        assert engine.requests[-1].weights == pair
        assert say(running, "starter-fourth", "你好。", "zh") == 200
        assert engine.requests[-1].weights == WeightsPair(*starter.pairs()["zh"])
        for voice in OPENAI_VOICES:
            for text, own_pair in (("Hello.", None), ("你好。", "zh"), ("こんにちは。", "ja")):
                body = {"model": "tts-1", "input": text, "voice": voice, "response_format": "wav"}
                assert running.client.post("/v1/audio/speech", json=body).status_code == 200, (voice, text)
                assert engine.requests[-1].how_to_cut == "cut1", "it repeats short pieces"
                assert engine.requests[-1].weights == (WeightsPair(*starter.pairs()[own_pair]) if own_pair else None)
        chosen = WeightsPair("other.ckpt", "other.pth")
        engine.languages = ()
        engine.load(chosen)
        assert say(running, "starter-third", "こんにちは。", "ja") == 200
        assert engine.requests[-1].weights is None, "the current weights take its place"


def test_characters_alone_are_read_as_the_voice_speaks_and_the_preview_says_so(
    start: Starter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chinese and Japanese share them; ``auto`` means the one language that the weights speak."""
    own = boxed(tmp_path / "second", monkeypatch, others=["ja", "zh"])
    running = start(FakeEngine(weights=own.pair, languages=("en",)), root=tmp_path / "of two", starter=True)

    def previewed(text: str, **more: str) -> dict[str, Any]:
        answer = running.client.post("/text/preview", json={"text": text, "language": "auto", **more})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()["data"]
        return found

    assert previewed("父母。", model_id="starter-third")["language"] == "all_ja"
    assert previewed("父母。", model_id="starter-fourth")["language"] == "all_zh"
    assert previewed("父母。")["language"] == "auto", "the current weights speak neither"
    assert previewed("123")["language"] == "en"
    assert running.client.post("/text/preview", json={"text": "1", "model_id": "nobody"}).status_code == 404
    assert say(running, "starter-third", "父母。", "auto") == say(running, "starter-fourth", "父母。", "auto") == 200
    unread = {"text": "你好。", "text_language": "auto", "model_id": "starter-third", "user_id": "u"}
    for path in ("/synthesize", "/voice-tasks"):
        answer = running.client.post(path, json=unread)
        assert (answer.status_code, answer.json()["data"]["error"]["code"]) == (400, "text_empty"), path


def say(running: Running, voice: str, text: str, language: str) -> int:
    """Ask for speech; return the status of the answer."""
    body = {"model_id": voice, "text": text, "text_language": language}
    return running.client.post("/synthesize", json=body).status_code


def test_a_first_start_leaves_the_list_of_categories_as_it_comes(start: Starter, root: Path) -> None:
    """Else a checkout would have changes that nobody made."""
    root.mkdir()
    content = (ROOT / "voice_categories.json").read_bytes()
    (root / "voice_categories.json").write_bytes(content)
    running = start(FakeEngine(), root=root, starter=True)
    assert voices(running) == list(NAMES)
    assert names_of_categories(running) == ["Starter"]
    assert (root / "voice_categories.json").read_bytes() == content


def names_of_categories(running: Running) -> list[str]:
    return [each["category_name"] for each in running.client.get("/voice-categories").json()["data"]]


def test_its_category_is_not_there_when_it_is_left_out(start: Starter, root: Path) -> None:
    """The list that comes with the program has it, and would show it empty."""
    root.mkdir()
    (root / "voice_categories.json").write_bytes((ROOT / "voice_categories.json").read_bytes())
    running = start(FakeEngine(weights=None), root=root, starter=False)
    assert names_of_categories(running) == []
    running.client.post("/voice-categories", json={"category_name": "Mine", "category_id": "mine"})
    assert names_of_categories(start(FakeEngine(weights=None), root=root, starter=False)) == ["Mine"]
    assert names_of_categories(start(FakeEngine(), root=root, starter=True)) == ["Mine", "Starter"]
    assert "Starter" in names_of_categories(start(FakeEngine(), root=root, starter=False)), "its voices are in it"


def test_nothing_of_it_is_there_when_it_is_left_out_or_other_weights_are_chosen(start: Starter, tmp_path: Path) -> None:
    without = start(FakeEngine(weights=None), root=tmp_path / "without", starter=False)
    assert voices(without) == [] and models(without)["gpt"] == []
    assert without.client.get("/healthz").json()["starter"] is False
    chosen = tmp_path / "chosen"
    (gpt := write_gpt(chosen / "mine.ckpt")), (sovits := write_sovits(chosen / "mine.pth"))
    other = start(FakeEngine(), root=chosen, starter=True, gpt_path=str(gpt), sovits_path=str(sovits))
    assert voices(other) == []


def test_it_gives_way_to_weights_that_come(fresh: Running, root: Path) -> None:
    write_gpt(root / "GPT_weights/anna.ckpt")
    write_sovits(root / "SoVITS_weights/anna.pth")
    eventually(lambda: current(fresh) == ("GPT_weights/anna.ckpt", "SoVITS_weights/anna.pth"))
    eventually((root / SOVITS_FILE).is_file)
    assert fresh.client.get("/healthz").json()["starter"] is False
    assert fresh.client.get("/readyz").json()["data"]["notes"] == []
    assert voices(fresh) == list(NAMES), "its voices stay: any weights speak in them"


def test_whoever_chooses_it_keeps_it(fresh: Running, root: Path, box: OwnInstallation) -> None:
    assert switch(fresh, gpt_model_path=box.pair.gpt, sovits_model_path=box.pair.sovits)[:2] == (200, 0)
    write_gpt(root / "GPT_weights/anna.ckpt")
    write_sovits(root / "SoVITS_weights/anna.pth")
    eventually(lambda: len(models(fresh)["gpt"]) == 2)
    assert not fresh.app.state.container.get(WeightsService).may_step_aside(box.pair)
    assert current(fresh) == (box.pair.gpt, box.pair.sovits)
    assert (root / GPT_FILE).read_text().strip() == box.pair.gpt
