"""An existing installation is taken over once, without loss."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.service.conftest import Starter
from tests.service.samples import clip, picture

pytestmark = pytest.mark.both_databases


def old_installation(root: Path) -> list[dict[str, object]]:
    """Write the files of the program that is replaced."""
    categories = [
        {"category_id": "cn", "category_name": "中文主播", "description": "示例", "created_at": 1700000000, "sort": 3},
        {"category_id": "旧 分类", "category_name": "旧", "description": "", "created_at": 1700000001},
    ]
    voices: list[dict[str, object]] = []
    for number, name in enumerate(("first", "second", "mp3_one", "without_files")):
        voices.append(
            {
                "model_id": name,
                "model_name": f"音模{number}",
                "gender": 1 + number % 2,
                "prompt_text": "参考文本",
                "prompt_language": "中文",
                "avatar_path": f"audio/{name}/avatar.jpg",
                "avatar_url": f"http://old:9881/audio/{name}/avatar.jpg",
                "refer_wav_path": f"audio/{name}/refer.wav",
                "refer_wav_url": f"http://old:9881/audio/{name}/refer.wav",
                "created_at": 1700000000 + number,
                "categories": ["cn"] if number == 0 else [],
                "mood": "calm",
            }
        )
        if name != "without_files":
            folder = root / "audio" / name
            folder.mkdir(parents=True)
            (folder / "avatar.jpg").write_bytes(picture("JPEG"))
            (folder / "refer.wav").write_bytes(clip())
    voices.append({"model_id": "../evil", "model_name": "x", "gender": 1})
    (root / "voice_categories.json").write_text(json.dumps(categories, ensure_ascii=False), encoding="utf-8")
    (root / "voice_models.json").write_text(json.dumps(voices, ensure_ascii=False), encoding="utf-8")
    return voices


def test_everything_is_taken_over_once(start: Starter, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    root = tmp_path / "old"
    root.mkdir()
    old_installation(root)
    listed = (root / "voice_models.json").read_bytes()
    client = start(root=root).client
    page = client.get("/voice-models").json()["data"]
    assert [record["model_id"] for record in page["data"]] == ["without_files", "mp3_one", "second", "first"]
    first = page["data"][-1]
    assert (first["model_name"], first["created_at"], first["categories"]) == ("音模0", 1700000000, ["cn"])
    assert first["prompt_language"] == "all_zh" and first["reference_report"]["seconds"] == pytest.approx(4)
    assert client.get(first["refer_wav_url"]).content == clip()
    assert client.get(first["avatar_url"]).content == picture("JPEG")
    assert page["data"][0]["refer_wav_url"] is None
    assert [each["category_id"] for each in client.get("/voice-categories").json()["data"]] == ["cn", "旧 分类"]
    assert "../evil" in caplog.text, "what could not be taken over is named"
    assert (root / "voice_models.json").read_bytes() == listed, "the old list stays as it is"
    # What old files held besides is kept, and old tools find it.
    written = json.loads((root / "voice_categories.json").read_text("utf-8"))
    assert written[0]["sort"] == 3 and written[1]["category_id"] == "旧 分类"

    client.delete("/voice-models/second")
    client.delete("/voice-categories/cn")
    again = start(root=root).client
    assert again.get("/voice-models").json()["data"]["total"] == 3, "what was removed does not come back"
    assert [each["category_id"] for each in again.get("/voice-categories").json()["data"]] == ["旧 分类"]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '"x"', '[1, null, {"a": 1}]', "[" * 10_000])
def test_files_that_are_no_lists_stop_nothing(start: Starter, tmp_path: Path, content: str) -> None:
    root = tmp_path / "old"
    root.mkdir()
    (root / "voice_models.json").write_text(content)
    (root / "voice_categories.json").write_text(content)
    client = start(root=root).client
    assert client.get("/voice-models").json()["data"]["total"] == 0
    assert client.post("/voice-categories", json={"category_name": "x"}).status_code == 200
    if content in ("", "{", "[" * 10_000):
        assert [path.read_text() for path in root.glob("voice_categories.json.unreadable-*")] == [content]


def test_one_bad_entry_costs_itself_alone(start: Starter, tmp_path: Path) -> None:
    """A time of 400 digits, half of a surrogate pair, an address with a broken bracket, a name that is a list."""
    root = tmp_path / "old"
    (root / "audio/good").mkdir(parents=True)
    (root / "audio/good/refer.wav").write_bytes(clip())
    bad = [
        '{"model_id": "late", "model_name": "x", "created_at": ' + "9" * 400 + "}",
        '{"model_id": "half", "model_name": "\\ud800", "prompt_text": "\\udfff"}',
        '{"model_id": "bracket", "model_name": "x", "refer_wav_url": "http://[::bad/refer.wav"}',
        '{"model_id": "list", "model_name": ["x"], "categories": [{}, null]}',
        '{"model_id": 7, "gender": {}, "created_at": [1]}',
    ]
    good = '{"model_id": "good", "model_name": "好"}'
    (root / "voice_models.json").write_text(f"[{', '.join([*bad, good])}]", encoding="utf-8")
    categories = ['{"category_id": "a", "created_at": ' + "9" * 400 + "}", '{"category_id": "\\ud800"}']
    (root / "voice_categories.json").write_text(f"[{', '.join(categories)}]", encoding="utf-8")
    client = start(root=root).client
    found = {each["model_id"] for each in client.get("/voice-models").json()["data"]["data"]}
    assert "good" in found and client.get("/voice-models/good").json()["data"]["model_name"] == "好"
    assert client.get("/audio/good/refer.wav").status_code == 200
