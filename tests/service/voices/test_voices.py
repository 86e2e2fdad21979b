"""Voices over HTTP: made, listed, changed, removed, exported and imported."""

from __future__ import annotations

import io
import json
import zipfile

import httpx
import numpy as np
import pytest
import soundfile
from PIL import Image

from service.voices.clips import spoken_seconds, verdict
from service.voices.store import VoiceStore
from tests.service.conftest import Running, Starter
from tests.service.samples import FIELDS, clip, make_voice, picture, post_voice, sound, speechlike


def files_of(running: Running, model_id: str = "narrator") -> list[str]:
    folder = running.root / "audio" / model_id
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def leftovers(running: Running) -> list[str]:
    """What lies in the hidden folders, which should be empty between requests."""
    return [str(path) for name in (".staging", ".trash") for path in (running.root / "audio" / name).glob("*")]


def total(running: Running, query: str = "") -> int:
    found: int = running.client.get(f"/voice-models{query}").json()["data"]["total"]
    return found


def test_a_voice_is_made_with_its_files(running: Running) -> None:
    running.client.post("/voice-categories", json={"category_id": "books", "category_name": "有声书"})
    record = make_voice(running.client, categories="books")
    assert {k: record[k] for k in ("model_id", "model_name", "gender", "prompt_language", "categories")} == {
        "model_id": "narrator",
        "model_name": "旁白",
        "gender": 2,
        "prompt_language": "all_zh",
        "categories": ["books"],
    }
    assert record["avatar_url"] == f"{running.url}/audio/narrator/avatar.png"
    assert record["refer_wav_url"] == f"{running.url}/audio/narrator/refer.wav"
    assert files_of(running) == ["avatar.png", "original.wav", "refer.wav"]
    assert leftovers(running) == []
    with Image.open(io.BytesIO(running.client.get(record["avatar_url"]).content)) as image:
        assert max(image.size) == 512
    samples, rate = soundfile.read(io.BytesIO(running.client.get(record["refer_wav_url"]).content))
    assert (rate, samples.ndim, len(samples)) == (32000, 1, 4 * 32000)
    assert running.client.get("/voice-models/narrator").json()["data"] == record


def test_the_reference_is_judged(running: Running) -> None:
    clipped = np.clip(speechlike(4) * 40, -1, 1)
    record = post_voice(running.client, refer=sound(clipped), prompt_text="好").json()["data"]
    report = record["reference_report"]
    assert report["seconds"] == pytest.approx(4.0) and report["clipped_share"] > 0.01
    assert {"clipped", "text_too_short"} <= {warning["code"] for warning in report["warnings"]}
    assert all(warning["en"] and warning["zh"] for warning in report["warnings"])
    long = running.client.patch("/voice-models/narrator", json={"prompt_text": "很长的文本" * 20}).json()["data"]
    assert "text_too_long" in {warning["code"] for warning in long["reference_report"]["warnings"]}


def test_a_text_that_fits_the_clip_gets_no_warning() -> None:
    report = {"seconds": 4.0, "silent_share": 0.2, "warnings": []}
    assert verdict(report, "今天的天气很好我们去公园")["warnings"] == []
    assert verdict(report, "Today the weather is fine and we go to the park.")["warnings"] == []
    assert verdict(report, "")["warnings"] == []
    assert spoken_seconds("你好") == pytest.approx(0.42)


@pytest.mark.parametrize("form", ["FLAC", "OGG", "MP3", "AIFF"])
def test_references_of_other_formats_are_normalised_beside_the_original(running: Running, form: str) -> None:
    sent = sound(speechlike(4), form=form)
    answer = post_voice(running.client, refer=sent)
    assert answer.status_code == 200, answer.text
    assert "refer.wav" in files_of(running) and len(files_of(running)) == 3
    original = running.client.get(answer.json()["data"]["original_wav_url"])
    assert original.content == sent


def test_stereo_at_a_high_rate_becomes_mono_at_48_khz(running: Running) -> None:
    stereo = np.stack([speechlike(3.5, 96000)] * 2, axis=1)
    record = post_voice(running.client, refer=sound(stereo, 96000)).json()["data"]
    samples, rate = soundfile.read(io.BytesIO(running.client.get(record["refer_wav_url"]).content))
    assert (rate, samples.ndim) == (48000, 1)
    assert len(samples) == pytest.approx(3.5 * 48000, abs=2)


BAD: list[tuple[dict[str, object], int, str]] = [
    ({"refer": clip(2.5)}, 400, "2.50 s"),
    ({"refer": clip(11)}, 400, "11.00 s"),
    ({"refer": b"<script>alert(1)</script>" * 100}, 400, "sound"),
    ({"refer": sound(np.zeros(4 * 32000, np.float32))}, 400, "silent"),
    ({"refer": b"\0"}, 400, "sound"),
    ({"avatar": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"}, 400, "avatar"),
    ({"avatar": clip()}, 400, "avatar"),
    ({"model_id": "../x"}, 400, "model_id"),
    ({"model_id": "a b"}, 400, "model_id"),
    ({"model_id": "x" * 65}, 400, "model_id"),
    ({"model_id": "x\n"}, 400, "model_id"),
    ({"model_name": "  "}, 400, "model_name"),
    ({"model_name": "x" * 101}, 400, "model_name"),
    ({"model_name": "a\0b"}, 400, "model_name"),
    ({"prompt_text": "x" * 501}, 400, "prompt_text"),
    ({"prompt_language": "klingon"}, 400, "klingon"),
    ({"gender": "3"}, 400, "gender"),
    ({"gender": "male"}, 422, "gender"),
    ({"categories": "none"}, 400, "none"),
    ({"gpt_model_path": "/etc/passwd"}, 400, "gpt_model_path"),
]


def test_what_is_wrong_is_named_and_nothing_is_stored(running: Running) -> None:
    for given, status, named in BAD:
        answer = post_voice(running.client, **given)  # type: ignore[arg-type]
        assert (answer.status_code, answer.json()["code"]) == (status, 3), (given.keys(), answer.text)
        assert named in answer.json()["message"], answer.text
    assert total(running) == 0 and leftovers(running) == []
    assert [path.name for path in (running.root / "audio").iterdir() if not path.name.startswith(".")] == []


def test_missing_fields_are_named(running: Running) -> None:
    answer = running.client.post("/voice-models", data={"model_id": "x"})
    assert {"model_name", "gender", "refer_wav"} == {each["field"] for each in answer.json()["data"]["problems"]}


def test_a_voice_needs_no_picture(running: Running) -> None:
    # As programs leave it out, and as browsers send a field without a file.
    for model_id, more in (("absent", {}), ("empty", {"avatar": ("", b"")})):
        fields = {**FIELDS, "model_id": model_id}
        answer = running.client.post("/voice-models", data=fields, files={"refer_wav": ("r.wav", clip()), **more})
        assert answer.status_code == 200, answer.text
        assert answer.json()["data"]["avatar_url"] is None
        assert files_of(running, model_id) == ["original.wav", "refer.wav"]
    changed = running.client.patch("/voice-models/absent", files={"avatar": ("a.png", picture())})
    assert running.client.get(changed.json()["data"]["avatar_url"]).status_code == 200


def test_an_id_can_be_used_once(running: Running) -> None:
    make_voice(running.client)
    before = files_of(running)
    answer = post_voice(running.client, model_name="another")
    assert (answer.status_code, answer.json()["code"]) == (409, 2)
    assert running.client.get("/voice-models/narrator").json()["data"]["model_name"] == "旁白"
    assert files_of(running) == before and leftovers(running) == []


def test_a_folder_of_somebody_elses_is_left_alone(running: Running) -> None:
    folder = running.root / "audio" / "narrator"
    folder.mkdir()
    (folder / "mine.txt").write_text("precious")
    assert post_voice(running.client).status_code == 409
    assert files_of(running) == ["mine.txt"] and total(running) == 0


def test_files_have_their_limits(start: Starter) -> None:
    running = start(upload_limit=200_000, avatar_limit=3_000)
    noisy = Image.effect_noise((200, 200), 90)
    stream = io.BytesIO()
    noisy.save(stream, "PNG")
    large = post_voice(running.client, avatar=stream.getvalue(), refer=clip(3.0))
    assert (large.status_code, large.json()["code"]) == (413, 3) and "avatar" in large.json()["message"]
    assert "3000 bytes" in large.json()["message"]
    large = post_voice(running.client, refer=clip(5.0))
    assert large.status_code == 413 and "refer_wav" in large.json()["message"]
    assert total(running) == 0 and leftovers(running) == []


def test_voices_are_listed_newest_first_in_pages(running: Running) -> None:
    running.client.post("/voice-categories", json={"category_id": "odd", "category_name": "Odd ones"})
    for number in range(5):
        make_voice(
            running.client,
            model_id=f"v{number}",
            model_name=f"Name 100%_{number}",
            categories="odd" if number % 2 else "",
        )
    page = running.client.get("/voice-models?page=2&page_size=2").json()["data"]
    assert (page["total"], page["pageIndex"], page["pageSize"]) == (5, 2, 2)
    assert [record["model_id"] for record in page["data"]] == ["v2", "v1"]
    assert total(running, "?name=NAME") == 5
    assert total(running, "?name=%25_3") == 1, "a percent sign is a percent sign"
    assert total(running, "?name=%25%25") == 0
    assert total(running, "?category=odd") == 2 and total(running, "?category=Odd ones") == 2
    assert total(running, "?category=odd&name=_1") == 1
    assert total(running, "?category=none") == 0


def test_any_field_can_be_changed(running: Running) -> None:
    running.client.post("/voice-categories", json={"category_id": "c", "category_name": "C"})
    make_voice(running.client)
    change = {
        "model_name": "新名",
        "gender": 1,
        "prompt_text": "你好",
        "prompt_language": "日文",
        "description": "d",
        "categories": ["C"],
    }
    record = running.client.patch("/voice-models/narrator", json=change).json()["data"]
    assert {name: record[name] for name in change} == {**change, "prompt_language": "all_ja", "categories": ["c"]}
    record = running.client.patch("/voice-models/narrator", data={"description": "only this"}).json()["data"]
    assert (record["description"], record["model_name"], record["categories"]) == ("only this", "新名", ["c"])
    assert running.client.patch("/voice-models/narrator", json={"gender": 7}).status_code == 400
    assert running.client.patch("/voice-models/narrator", json={"model_name": 5}).status_code == 422
    assert running.client.patch("/voice-models/nobody", json={}).status_code == 404


def test_any_file_can_be_changed(running: Running) -> None:
    before = make_voice(running.client)
    answer = running.client.patch(
        "/voice-models/narrator",
        data={"prompt_text": "新的文本"},
        files=[
            ("refer_wav", ("b.wav", clip(6, seed=1))),
            ("avatar", ("b.jpg", picture("JPEG"))),
            ("aux_refer_wavs", ("c.wav", clip(3))),
            ("aux_refer_wavs", ("d.wav", clip(12))),
        ],
    )
    record = answer.json()["data"]
    assert record["reference_report"]["seconds"] == pytest.approx(6)
    assert record["refer_wav_url"] != before["refer_wav_url"] and record["avatar_url"].endswith(".webp")
    assert len(record["aux_refer_wav_urls"]) == 2
    for url in (record["refer_wav_url"], record["avatar_url"], *record["aux_refer_wav_urls"]):
        assert running.client.get(url).status_code == 200
    # Clients that wrote the plain name into their requests hear the new clip too, and nothing old is left.
    plain = running.client.get("/audio/narrator/refer.wav").content
    assert plain == running.client.get(record["refer_wav_url"]).content
    assert len(files_of(running)) == 6 and leftovers(running) == []
    cleared = running.client.patch("/voice-models/narrator", data={"clear_aux_refer_wavs": "true"}).json()["data"]
    assert cleared["aux_refer_wav_urls"] == [] and len(files_of(running)) == 4


def test_a_change_that_fails_changes_nothing(running: Running) -> None:
    before = make_voice(running.client)
    files = files_of(running)
    answer = running.client.patch(
        "/voice-models/narrator",
        data={"model_name": "x"},
        files={"avatar": ("a.png", picture()), "refer_wav": ("r.wav", clip(1))},
    )
    assert answer.status_code == 400
    assert running.client.get("/voice-models/narrator").json()["data"] == before
    assert files_of(running) == files and leftovers(running) == []


def test_categories_are_set_and_cleared(running: Running) -> None:
    for name in ("a", "b"):
        running.client.post("/voice-categories", json={"category_id": name, "category_name": name.upper()})
    make_voice(running.client)

    def put(categories: list[str]) -> httpx.Response:
        return running.client.post("/voice-models/narrator/categories", json={"categories": categories})

    assert put(["b", "a"]).json()["data"]["categories"] == ["b", "a"]
    refused = put(["a", "nope"])
    assert (refused.status_code, refused.json()["code"]) == (400, 3) and "nope" in refused.json()["message"]
    assert running.client.get("/voice-models/narrator").json()["data"]["categories"] == ["b", "a"]
    running.client.delete("/voice-categories/b")
    assert running.client.get("/voice-models/narrator").json()["data"]["categories"] == ["a"]
    assert put([]).json()["data"]["categories"] == []


def test_a_voice_is_removed_with_its_folder(running: Running) -> None:
    make_voice(running.client)
    assert running.client.delete("/voice-models/narrator").json()["data"] == {"removed": True}
    assert not (running.root / "audio" / "narrator").exists() and leftovers(running) == []
    assert running.client.get("/voice-models/narrator").status_code == 404
    assert running.client.delete("/voice-models/narrator").json()["code"] == 2
    make_voice(running.client)


def test_auxiliary_clips_are_added_and_removed_one_by_one(running: Running) -> None:
    make_voice(running.client)
    path = "/voice-models/narrator"
    sent = [("aux_refer_wavs", (f"{seconds}.wav", clip(seconds))) for seconds in (3, 12, 0.7)]
    urls = running.client.patch(path, files=sent).json()["data"]["aux_refer_wav_urls"]
    clips = running.client.get(f"{path}/clips").json()["data"]
    assert [each["url"] for each in clips] == urls
    assert [each["report"]["seconds"] for each in clips] == pytest.approx([3, 12, 0.7], abs=0.01)
    assert not {one["code"] for each in clips for one in each["report"]["warnings"]} & {"too_short", "too_long"}
    before = running.client.get(urls[1]).content
    # By address or by name; what is sent comes after what stays.
    keep = {"keep_aux_refer_wavs": [urls[1], clips[2]["name"]]}
    answer = running.client.patch(path, data=keep, files=[("aux_refer_wavs", ("new.wav", clip(5)))])
    urls = answer.json()["data"]["aux_refer_wav_urls"]
    assert running.client.get(urls[0]).content == before, "what stays is the same to the sample"
    clips = running.client.get(f"{path}/clips").json()["data"]
    assert [each["report"]["seconds"] for each in clips] == pytest.approx([12, 0.7, 5], abs=0.01)
    # As JSON, too: to remove needs no upload.
    assert len(running.client.patch(path, json={"description": "x"}).json()["data"]["aux_refer_wav_urls"]) == 3
    one = running.client.patch(path, json={"keep_aux_refer_wavs": [clips[1]["name"]]}).json()["data"]
    assert len(one["aux_refer_wav_urls"]) == 1
    for wrong in ("../../secret.wav", "refer.wav", "aux-9.wav"):
        refused = running.client.patch(path, json={"keep_aux_refer_wavs": [wrong]})
        assert (refused.status_code, refused.json()["code"]) == (400, 3), wrong
    assert running.client.patch(path, data={"keep_aux_refer_wavs": ""}).json()["data"]["aux_refer_wav_urls"] == []
    assert running.client.get(f"{path}/clips").json()["data"] == []
    assert running.client.get("/voice-models/nobody/clips").status_code == 404


def test_a_voice_in_use_stays_unless_forced(running: Running) -> None:
    make_voice(running.client)
    running.app.state.container.get(VoiceStore).guards.append(lambda model_id: model_id == "narrator")
    refused = running.client.delete("/voice-models/narrator")
    assert (refused.status_code, refused.json()["code"]) == (409, 2) and "is in use" in refused.json()["message"]
    assert running.client.delete("/voice-models/narrator?force=true").status_code == 200


def test_a_voice_travels_as_one_file(start: Starter, tmp_path_factory: pytest.TempPathFactory) -> None:
    here, there = start(), start(root=tmp_path_factory.mktemp("there"))
    here.client.post("/voice-categories", json={"category_id": "books", "category_name": "有声书"})
    made = make_voice(here.client, categories="books", description="平静")
    here.client.patch("/voice-models/narrator", files=[("aux_refer_wavs", ("c.wav", clip(3)))])
    archive = here.client.get("/voice-models/narrator/export")
    assert archive.headers["content-type"] == "application/zip"
    for number, answer in enumerate(
        (
            there.client.post(
                "/voice-models/import", content=archive.content, headers={"content-type": "application/zip"}
            ),
            there.client.post("/voice-models/import?model_id=second", files={"file": ("v.zip", archive.content)}),
        )
    ):
        assert answer.status_code == 200, answer.text
        record = answer.json()["data"]
        assert record["model_id"] == ("narrator", "second")[number]
        for name in ("model_name", "gender", "prompt_text", "prompt_language", "description", "categories"):
            assert record[name] == {**made, "description": "平静"}[name]
        assert len(record["aux_refer_wav_urls"]) == 1
    again = there.client.post(
        "/voice-models/import", content=archive.content, headers={"content-type": "application/zip"}
    )
    assert again.status_code == 409


def twice(content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("r.wav", clip())
        archive.writestr("voice.json", content)
        archive.writestr("voice.json", content)
    return stream.getvalue()


def archive_of(**entries: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name.replace("__", "."), content)
    return stream.getvalue()


def voice_json(**changes: object) -> bytes:
    record = {
        "format": "gpt-sovits-voice",
        "version": 1,
        "model_id": "z",
        "model_name": "Z",
        "gender": 1,
        "prompt_text": "",
        "prompt_language": "all_zh",
        "categories": [],
        "avatar": None,
        "reference": "r.wav",
        "auxiliary": [],
        "weights": {},
    }
    return json.dumps({**record, **changes}).encode()


def test_archives_that_mean_harm(start: Starter) -> None:
    running = start(archive_limit=4 << 20)
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as archive:
        for number in range(2000):
            archive.writestr(f"f{number}", b"")
    harmful = {
        "not a zip": (b"PK" + b"\0" * 100, 400),
        "empty": (b"", 400),
        "no record": (archive_of(other=b""), 400),
        "record is no json": (archive_of(voice__json=b"{"), 400),
        "deep json": (archive_of(voice__json=b"[" * 100_000), 400),
        "another record": (archive_of(voice__json=b'{"a": 1}'), 400),
        "path that climbs": (archive_of(voice__json=voice_json(reference="../../etc/passwd")), 400),
        "absolute path": (archive_of(voice__json=voice_json(reference="/etc/passwd")), 400),
        "bad id": (archive_of(voice__json=voice_json(model_id="../x"), r__wav=clip()), 400),
        "gender as list": (archive_of(voice__json=voice_json(gender=[1]), r__wav=clip()), 400),
        "name as number": (archive_of(voice__json=voice_json(model_name=5), r__wav=clip()), 400),
        "bomb": (archive_of(voice__json=voice_json(), r__wav=b"\0" * (64 << 20)), 413),
        "many entries": (many.getvalue(), 400),
        "endless record": (archive_of(voice__json=b'{"a": "' + b"x" * (5 << 20) + b'"}'), 413),
        "category without a name": (
            archive_of(voice__json=voice_json(categories=[{"category_id": "c", "category_name": "\n"}]), r__wav=clip()),
            400,
        ),
        "two of one name": (twice(voice_json()), 400),
        "reference is no audio": (archive_of(voice__json=voice_json(), r__wav=b"<html>"), 400),
        "truncated": (archive_of(voice__json=voice_json(), r__wav=clip())[:-40], 400),
    }
    for name, (content, status) in harmful.items():
        answer = running.client.post(
            "/voice-models/import", content=content, headers={"content-type": "application/zip"}
        )
        assert answer.status_code == status, (name, answer.text)
        assert answer.json()["code"] == 3
    assert total(running) == 0 and leftovers(running) == []
