"""Dictionaries of the installation and of voices, over HTTP and as the engine reads them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from GPT_SoVITS.process.start import environment
from GPT_SoVITS.text import userdict
from GPT_SoVITS.text.pipeline import reader_of
from GPT_SoVITS.text.userdict import UserDictionary, installation_dictionary
from service.dictionaries.router import MOST_ENTRIES
from tests.service.conftest import Running
from tests.service.samples import make_voice

HEAVY = {"language": "zh", "word": "重楼", "pronunciation": "chong2 lou2"}
SERVER = {"language": "en", "word": "nginx", "pronunciation": "EH1 N JH AH0 N EH2 K S"}
SINGER = {"language": "ja", "word": "初音", "pronunciation": "h a [ ts u n e"}
ALL = "/dictionary"
OF_VOICE = "/voice-models/narrator/dictionary"


def put(client: httpx.Client, path: str, *entries: dict[str, str], **more: Any) -> httpx.Response:
    return client.put(path, json={"entries": list(entries), **more})


def data(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


@pytest.mark.parametrize("path", [ALL, OF_VOICE])
def test_a_dictionary_is_empty_then_what_was_put_into_it_in_that_order(running: Running, path: str) -> None:
    make_voice(running.client)
    assert data(running.client.get(path)) == {"entries": [], "revision": ""}
    stored = data(put(running.client, path, SERVER, {**HEAVY, "word": " 重楼 "}, SINGER))
    assert stored["entries"] == [SERVER, HEAVY, SINGER] and stored["revision"]
    assert data(running.client.get(path)) == stored
    assert data(put(running.client, path)) == {"entries": [], "revision": ""}


def test_the_engines_process_reads_the_installations_without_a_restart(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = environment(running.settings.engine_settings(None))
    assert Path(variables[userdict.VARIABLE]) == running.root / userdict.FILE
    monkeypatch.setenv(userdict.VARIABLE, variables[userdict.VARIABLE])
    dictionary = installation_dictionary()
    assert not dictionary.entries()
    put(running.client, ALL, HEAVY)
    assert dictionary.entries()["zh"]["重楼"].syllables == ("chong2", "lou2")
    put(running.client, ALL, {**HEAVY, "pronunciation": "zhong4 lou2"})
    assert dictionary.entries()["zh"]["重楼"].syllables == ("zhong4", "lou2")


def test_a_voice_takes_its_dictionary_along(running: Running) -> None:
    make_voice(running.client)
    put(running.client, OF_VOICE, HEAVY, SINGER)
    packed = running.client.get("/voice-models/narrator/export").content
    zip_type = {"content-type": "application/zip"}
    data(running.client.post("/voice-models/import?model_id=copy", content=packed, headers=zip_type))
    assert data(running.client.get("/voice-models/copy/dictionary"))["entries"] == [HEAVY, SINGER]

    spoilt = io.BytesIO(packed)
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(spoilt, "w") as new:
        for name in old.namelist():
            new.writestr(name, b"zh\tword" if name == userdict.FILE else old.read(name))
    refused = running.client.post("/voice-models/import?model_id=bad", content=spoilt.getvalue(), headers=zip_type)
    assert refused.status_code == 400 and userdict.FILE in refused.json()["message"]
    assert running.client.get("/voice-models/bad").status_code == 404


def test_a_voices_wins_in_that_voice_alone_and_goes_with_it(running: Running) -> None:
    make_voice(running.client)
    make_voice(running.client, model_id="other")
    put(running.client, OF_VOICE, SERVER)
    assert data(running.client.get("/voice-models/other/dictionary"))["entries"] == []
    folder = running.root / "audio/narrator"
    spoken = reader_of(str(folder / "refer.wav")).read("nginx runs", "en").phones
    assert spoken[:8] == SERVER["pronunciation"].split()
    assert reader_of(str(running.root / "audio/other/refer.wav")).read("nginx runs", "en").phones[:8] != spoken[:8]
    assert running.client.delete("/voice-models/narrator").status_code == 200
    assert not folder.exists()
    assert running.client.get(OF_VOICE).status_code == 404
    assert put(running.client, OF_VOICE, SERVER).status_code == 404
    make_voice(running.client)
    assert data(running.client.get(OF_VOICE))["entries"] == []


WRONG = [
    ("language", "dictionary_language", {"language": "fr"}),
    ("word", "dictionary_word", {"word": "  "}),
    ("word", "dictionary_word", {"word": "重\t楼"}),
    ("word", "dictionary_word", {"language": "en", "word": "a\nzh\t重\tchong2"}),
    ("word", "dictionary_word", {"language": "en", "word": "a\u2028b"}),
    ("word", "dictionary_not_han", {"word": "GPT"}),
    ("pronunciation", "dictionary_pronunciation", {"pronunciation": " "}),
    ("pronunciation", "dictionary_count", {"pronunciation": "chong2"}),
    ("pronunciation", "dictionary_pinyin", {"pronunciation": "chong lou"}),
    ("pronunciation", "dictionary_jyutping", {"language": "yue", "pronunciation": "hong7 lau4"}),
    ("pronunciation", "dictionary_phoneme", {"language": "en", "word": "x", "pronunciation": "EH1 <b>"}),
]


@pytest.mark.parametrize("path", [ALL, OF_VOICE])
def test_every_wrong_entry_is_named_with_its_field_and_nothing_is_saved(running: Running, path: str) -> None:
    make_voice(running.client)
    before = data(put(running.client, path, SERVER))
    answer = put(running.client, path, SERVER, *({**HEAVY, **change} for _, _, change in WRONG), SERVER)
    assert answer.status_code == 400
    problems = answer.json()["data"]["problems"]
    expected = [(f"entries.{number}.{field}", code) for number, (field, code, _) in enumerate(WRONG, 1)]
    repeated = (f"entries.{len(WRONG) + 1}.word", "dictionary_repeated")
    assert [(each["field"], each["code"]) for each in problems] == [*expected, repeated]
    assert answer.json()["data"]["error"]["code"] == "dictionary_entries"
    assert str(len(WRONG) + 1) in answer.json()["message"]
    assert data(running.client.get(path)) == before


def test_problems_are_told_in_the_language_of_the_client(running: Running) -> None:
    entry = {**HEAVY, "pronunciation": "chong lou"}
    answer = running.client.put(ALL, json={"entries": [entry]}, headers={"Accept-Language": "zh"})
    assert "声调" in answer.json()["data"]["problems"][0]["message"]


def test_numbers_and_lengths_have_limits(running: Running) -> None:
    words = [{**SERVER, "word": f"word{number}"} for number in range(MOST_ENTRIES + 1)]
    assert len(data(put(running.client, ALL, *words[:-1]))["entries"]) == MOST_ENTRIES
    answer = put(running.client, ALL, *words)
    assert answer.status_code == 422
    assert answer.json()["data"]["problems"][0]["code"] == "field_too_many"
    answer = put(running.client, ALL, {**SERVER, "word": "a" * 65})
    assert answer.json()["data"]["problems"][0]["field"] == "entries.0.word"
    assert put(running.client, ALL, {**SERVER, "word": "a" * 2_000_000}).status_code == 413


@pytest.mark.parametrize("path", [ALL, OF_VOICE])
def test_a_change_of_what_somebody_else_has_changed_is_refused(running: Running, path: str) -> None:
    make_voice(running.client)
    first = data(put(running.client, path, HEAVY, revision=""))["revision"]
    second = data(put(running.client, path, HEAVY, SERVER, revision=first))
    late = put(running.client, path, SINGER, revision=first)
    assert late.status_code == 409 and late.json()["data"]["error"]["code"] == "dictionary_changed"
    assert data(running.client.get(path)) == second


def test_a_file_that_was_broken_by_hand_is_told_and_can_be_replaced(running: Running) -> None:
    (running.root / userdict.FILE).write_text("zh\t重\tchong2\nzh\t重楼\n", "utf-8")
    answer = running.client.get(ALL)
    assert answer.status_code == 409 and "line 2" in answer.json()["message"]
    assert data(put(running.client, ALL, HEAVY))["entries"] == [HEAVY]


def test_a_dictionary_written_by_hand_is_shown_as_it_is_meant(running: Running) -> None:
    (running.root / userdict.FILE).write_text("# ours\nen\tGPT\tJH IY1\n\nzh\t行\th ang2\n", "utf-8")
    assert data(running.client.get(ALL))["entries"] == [
        {"language": "en", "word": "GPT", "pronunciation": "JH IY1"},
        {"language": "zh", "word": "行", "pronunciation": "h ang2"},
    ]


def test_two_changes_within_a_tick_of_the_clock_are_both_seen(tmp_path: Path) -> None:
    path = tmp_path / userdict.FILE
    dictionary = UserDictionary(path)
    for tone in ("1", "2", "3", "4") * 10:
        userdict.save(path, f"zh\t重\tchong{tone}\n")
        assert dictionary.entries()["zh"]["重"].syllables == (f"chong{tone}",)


def test_a_configured_file_is_the_one_that_is_edited(start: Any, tmp_path: Path) -> None:
    running = start(user_dictionary=tmp_path / "mine" / "words.tsv")
    put(running.client, ALL, HEAVY)
    assert (tmp_path / "mine" / "words.tsv").read_text("utf-8") == "zh\t重楼\tchong2 lou2\n"
