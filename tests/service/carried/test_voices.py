"""Voices on machines that share nothing but a database and a store."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from GPT_SoVITS.text import userdict
from service.synthesis.speakers import StoredSpeakers
from tests.engine.boxed import NAMES, boxed
from tests.service.carried.conftest import Machine
from tests.service.conftest import Running
from tests.service.s3 import Store
from tests.service.samples import clip, make_voice, picture, post_voice


@pytest.fixture(autouse=True)
def _in_time(store: Store) -> None:
    """The store is there before any machine."""


def test_files_of_a_voice_are_those_of_its_row_on_every_machine(machine: Machine, store: Store) -> None:
    a, c = machine("a"), machine("c")
    make_voice(a.client)
    for name in ("refer.wav", "avatar.png", "original.wav"):
        contents = [one.client.get(f"/audio/narrator/{name}").content for one in (a, c)]
        assert contents[0] == contents[1] == (a.root / "audio/narrator" / name).read_bytes()
    changed = c.client.patch("/voice-models/narrator", files={"refer_wav": ("r.wav", clip(seed=3))})
    assert changed.status_code == 200, changed.text
    named = changed.json()["data"]["refer_wav_url"].rpartition("/")[2]
    for one in (a, c):
        new = one.client.get(f"/audio/narrator/{named}").content
        assert new == one.client.get("/audio/narrator/refer.wav").content != contents[0]
    kept = {key.split("/")[3] for key in store.kept("files/audio/narrator/")}
    assert {named, "avatar.png"} < kept
    assert len(kept) == 3 and "refer.wav" not in kept


def test_a_voice_is_exported_and_changed_where_it_never_was(machine: Machine) -> None:
    a, c = machine("a"), machine("c")
    more = [("aux_refer_wavs", ("x.wav", clip(seed=7)))]
    made = make_voice(a.client)
    assert a.client.patch("/voice-models/narrator", files=more).status_code == 200
    with zipfile.ZipFile(BytesIO(c.client.get("/voice-models/narrator/export").content)) as archive:
        assert len(archive.namelist()) == 4
    assert len(c.client.get("/voice-models/narrator/clips").json()["data"]) == 1
    answer = c.client.patch("/voice-models/narrator", files={"avatar": ("a.png", picture(colour="red"))})
    assert answer.status_code == 200 and answer.json()["data"]["avatar_url"] != made["avatar_url"]


def test_a_voice_that_is_gone_is_nowhere_and_its_id_is_free(machine: Machine, store: Store) -> None:
    a, c = machine("a"), machine("c")
    make_voice(a.client)
    old = c.client.get("/audio/narrator/refer.wav").content
    assert a.client.delete("/voice-models/narrator").status_code == 200
    assert not store.kept("files/audio/")
    assert [one.client.get("/audio/narrator/refer.wav").status_code for one in (a, c)] == [404, 404]
    make_voice(c.client, refer=clip(seed=9))
    new = [one.client.get("/audio/narrator/refer.wav").content for one in (a, c)]
    assert new[0] == new[1] != old


def test_the_same_id_on_two_machines_is_one_voice(machine: Machine, store: Store) -> None:
    a, c = machine("a"), machine("c")
    make_voice(a.client)
    content = a.client.get("/audio/narrator/refer.wav").content
    kept = store.kept()
    assert post_voice(c.client, refer=clip(seed=4)).status_code == 409
    assert store.kept() == kept
    assert c.client.get("/audio/narrator/refer.wav").content == content


def test_a_damaged_clip_is_refused(machine: Machine, store: Store) -> None:
    a, c = machine("a"), machine("c")
    make_voice(a.client)
    store.spoil(next(key for key in store.kept() if "refer.wav" in key))
    assert c.client.get("/audio/narrator/refer.wav").status_code == 404
    assert not (c.root / "audio/narrator/refer.wav").exists()
    body = {"user_id": "u", "model_id": "narrator", "text": "一句。"}
    assert c.client.post("/voice-tasks", json=body).status_code == 404


def test_pronunciations_of_a_voice_are_the_same_everywhere(machine: Machine, store: Store) -> None:
    a, c = machine("a"), machine("c")
    make_voice(a.client)
    path, word = "/voice-models/narrator/dictionary", {"language": "zh", "word": "重楼", "pronunciation": "chong2 lou2"}
    assert a.client.put(path, json={"entries": [word]}).status_code == 200
    assert c.client.get(path).json()["data"]["entries"] == [word]
    speakers = StoredSpeakers(c.app.state.container)
    beside = Path(speakers.speaker("narrator").path).parent / userdict.FILE
    assert beside.is_file()
    assert c.client.patch("/voice-models/narrator", json={"description": "x"}).status_code == 200
    assert a.client.get(path).json()["data"]["entries"] == [word]
    assert a.client.put(path, json={"entries": []}).status_code == 200
    assert c.client.get(path).json()["data"]["entries"] == [] and not beside.exists()
    assert not [key for key in store.kept() if userdict.FILE in key]


def test_a_clip_that_another_process_names_is_brought_and_nothing_else(machine: Machine, store: Store) -> None:
    a, c = machine("a"), machine("c")
    make_voice(a.client)
    word = {"language": "zh", "word": "重楼", "pronunciation": "chong2 lou2"}
    assert a.client.put("/voice-models/narrator/dictionary", json={"entries": [word]}).status_code == 200
    speakers, clip_here = StoredSpeakers(c.app.state.container), c.root / "audio/narrator/refer.wav"
    for foreign in ("/etc/passwd", "refer.wav", str(c.root / "audio/narrator/../narrator/none.wav"), ""):
        speakers.bring(foreign)
    assert not clip_here.exists()
    speakers.bring(str(clip_here))
    for name in ("refer.wav", userdict.FILE):  # what the engine opens: it reads by the voice's dictionary
        assert (clip_here.parent / name).read_bytes() == (a.root / "audio/narrator" / name).read_bytes()


def test_voices_of_the_starter_wait_for_a_store_that_is_away(
    machine: Machine, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxed(tmp_path / "box", monkeypatch)

    def named(running: Running) -> list[str]:
        return [each["model_name"] for each in running.client.get("/voice-models").json()["data"]["data"]]

    store.stop()
    assert named(machine("a", starter=True)) == [], "it starts all the same"
    store.start()
    assert named(machine("b", starter=True)) == list(NAMES)
