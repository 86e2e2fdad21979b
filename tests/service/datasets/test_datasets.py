"""Datasets over HTTP: recordings uploaded and played, lists read and changed without losing anybody's work."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from service.datasets.folders import safe_name
from service.errors import ParameterError
from tests.service.conftest import Running, Starter
from tests.service.samples import clip, sound, speechlike

PATH = "/gpt_sovits/datasets/anna"


def upload(client: httpx.Client, *files: tuple[str, bytes], name: str = "anna") -> httpx.Response:
    return client.post(f"/gpt_sovits/datasets/{name}/recordings", files=[("files", each) for each in files])


def put_list(client: httpx.Client, *lines: tuple[str, str], revision: str | None = None) -> dict[str, Any]:
    body = {
        "revision": revision,
        "lines": [{"path": path, "speaker": "anna", "language": "en", "text": text} for path, text in lines],
    }
    answer = client.put(f"{PATH}/list?path=anna.list", json=body)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def listed(client: httpx.Client) -> dict[str, Any]:
    data: dict[str, Any] = client.get(f"{PATH}/list?path=anna.list").json()["data"]
    return data


def change(client: httpx.Client, revision: str, *changes: dict[str, Any]) -> httpx.Response:
    return client.patch(f"{PATH}/list?path=anna.list", json={"revision": revision, "changes": changes})


def test_recordings_are_uploaded_listed_played_and_removed(running: Running) -> None:
    client = running.client
    answer = upload(
        client, ("a.wav", clip()), ("../../a.wav", clip(seed=1)), ("录音?.flac", sound(speechlike(1), form="FLAC"))
    )
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    assert data["paths"] == ["raw/a.wav", "raw/a-2.wav", "raw/录音_.flac"] and data["path"] == "data/anna/raw"
    entries = client.get(f"{PATH}/recordings?folder=raw").json()["data"]
    assert entries["total"] == 3
    part = client.get(entries["data"][0]["url"], headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"RIFF")
    shown = client.get(PATH).json()["data"]
    assert shown["recordings"] == 3 and shown["folders"] == [{"path": "data/anna/raw", "recordings": 3}]
    assert [each["name"] for each in client.get("/gpt_sovits/datasets").json()["data"]["data"]] == ["anna"]
    assert client.delete(f"{PATH}/recordings?path=raw/a.wav").status_code == 200
    assert client.get(f"{PATH}/recordings").json()["data"]["total"] == 2
    assert client.delete(PATH).status_code == 200
    assert client.get(PATH).status_code == 404 and not (running.root / "data/anna").exists()


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [("a.wav", b"RIFFnonsense", 400), ("a.exe", clip(1), 400), ("a.list", b"x", 400), ("a.wav", b"", 400)],
)
def test_what_is_no_recording_is_refused_and_nothing_is_kept(
    running: Running, name: str, content: bytes, status: int
) -> None:
    answer = upload(running.client, (name, content))
    assert answer.status_code == status and answer.json()["code"] == 3
    assert not [path for path in (running.root / "data").rglob("*") if path.is_file()]


def test_an_upload_over_the_limit_is_refused(start: Starter) -> None:
    running = start(recording_limit=10_000)
    assert upload(running.client, ("a.wav", clip())).status_code == 413
    assert not [path for path in (running.root / "data").rglob("*") if path.is_file()]


def test_names_that_lead_elsewhere_are_refused(running: Running) -> None:
    for name in ("..", "%2e%2e", ".hidden", "a%2Fb", "a%00b"):
        answer = upload(running.client, ("a.wav", clip(1)), name=name)
        assert answer.status_code in (400, 404, 405), name
    assert not list(running.root.glob("**/a.wav"))


ELSEWHERE = ("../../service.db", "/etc/passwd", "raw/../../x.wav", ".hidden.wav", "", "itself.wav", "itself/x.list")


def test_paths_within_a_dataset_lead_nowhere_else(running: Running) -> None:
    upload(running.client, ("a.wav", clip(1)))
    for name in ("itself", "itself.wav"):
        (running.root / "data/anna" / name).symlink_to(name)
    for path in ELSEWHERE:
        for method, address in (("DELETE", "recordings"), ("GET", "list"), ("PUT", "list")):
            answer = running.client.request(method, f"{PATH}/{address}", params={"path": path}, json={"lines": []})
            assert answer.status_code in (400, 404, 422), (path, method, address, answer.text)
        for address in (f"../../{path}", path, "%2e%2e/service.db"):
            assert running.client.get(f"/gpt_sovits/clips/anna/{address}").status_code == 404, path
    assert (running.root / "service.db").exists()


def test_a_list_is_made_read_and_edited(running: Running) -> None:
    client = running.client
    upload(client, ("a.wav", clip(2)), ("b.wav", clip(3)))
    put_list(client, ("raw/a.wav", "hello"), ("raw/b.wav", "good morning to all of you"), ("raw/gone.wav", "x"))
    found = listed(client)
    assert [line["text"] for line in found["lines"]] == ["hello", "good morning to all of you", "x"]
    assert [line["seconds"] for line in found["lines"]] == [2.0, 3.0, None]
    assert found["lines"][2]["warnings"] == ["missing"] and found["lines"][2]["url"] is None
    assert client.get(found["lines"][0]["url"]).content == clip(2)
    answer = change(client, found["revision"], {"op": "edit", "index": 0, "text": "hi", "language": "zh"})
    assert answer.status_code == 200
    assert (running.root / "data/anna/anna.list").read_text().splitlines()[0] == "raw/a.wav|anna|ZH|hi"
    stale = change(client, found["revision"], {"op": "delete", "index": 0})
    assert stale.status_code == 409 and stale.json()["data"]["error"]["code"] == "list_changed"
    assert len(listed(client)["lines"]) == 3


def test_lines_are_merged_and_split_with_their_recordings(running: Running) -> None:
    client = running.client
    upload(client, ("a.wav", clip(2)), ("b.wav", clip(3)))
    revision = put_list(client, ("raw/a.wav", "one two"), ("raw/b.wav", "three"))["revision"]
    merged = change(client, revision, {"op": "merge", "index": 0}).json()["data"]
    (line,) = listed(client)["lines"]
    assert line["text"] == "one two three" and line["seconds"] == pytest.approx(5.0, abs=0.01)
    split = {"op": "split", "index": 0, "second": 1.5, "text": "one", "rest": "two three"}
    assert change(client, merged["revision"], split).status_code == 200
    lines = listed(client)["lines"]
    assert [line["text"] for line in lines] == ["one", "two three"]
    assert [line["seconds"] for line in lines] == pytest.approx([1.5, 3.5], abs=0.01)
    assert (running.root / "data/anna/raw/a.wav").read_bytes() == clip(2), "the old ones stay"


def test_operations_are_done_all_or_none(running: Running) -> None:
    client = running.client
    upload(client, ("a.wav", clip(2)))
    revision = put_list(client, ("raw/a.wav", "one"))["revision"]
    before = (running.root / "data/anna/anna.list").read_bytes()
    for wrong in (
        {"op": "delete", "index": 7},
        {"op": "merge", "index": 0},
        {"op": "split", "index": 0},
        {"op": "split", "index": 0, "second": 99},
        {"op": "edit", "index": 0, "text": "a|b"},
        {"op": "edit", "index": 0, "text": "a\nb"},
    ):
        answer = change(client, revision, {"op": "edit", "index": 0, "text": "changed"}, wrong)
        assert answer.status_code == 400 and answer.json()["code"] == 3, wrong
    assert (running.root / "data/anna/anna.list").read_bytes() == before


def test_lines_that_are_none_stay_until_somebody_mends_them(running: Running) -> None:
    upload(running.client, ("a.wav", clip(2)))
    (running.root / "data/anna/anna.list").write_bytes(
        b"\xef\xbb\xbfraw/a.wav|anna|JP|hai\r\nnonsense\r\nraw/a.wav|a|xx|b\r\n"
    )
    found = listed(running.client)
    assert [line["wrong"] for line in found["lines"]] == ["", "fields", "language"]
    assert found["lines"][0]["language"] == "ja"
    change(running.client, found["revision"], {"op": "edit", "index": 2, "language": "en"})
    content = (running.root / "data/anna/anna.list").read_text()
    assert content == "raw/a.wav|anna|JA|hai\nnonsense\nraw/a.wav|a|EN|b\n"


@pytest.mark.parametrize(
    ("given", "kept"),
    [("a.WAV", "a.wav"), ("C:\\x\\b.mp3", "b.mp3"), ("..wav", None), ("a\x00b.wav", "a_b.wav"), ("-rf.wav", "rf.wav")],
)
def test_names_of_files_are_made_safe(given: str, kept: str | None) -> None:
    if kept is None:
        with pytest.raises(ParameterError):
            safe_name(given)
    else:
        assert safe_name(given) == kept


def test_a_list_among_the_results_is_read_written_and_heard_by_its_path(running: Running) -> None:
    folder = running.root / "output/asr_opt"
    folder.mkdir(parents=True)
    (folder / "a.wav").write_bytes(clip())
    (folder / "raw.list").write_text("a.wav|anna|EN|hello\n", "utf-8")
    client, query = running.client, {"path": "output/asr_opt/raw.list"}
    found = client.get("/gpt_sovits/list", params=query).json()["data"]
    assert found["lines"] == [{"path": "a.wav", "speaker": "anna", "language": "en", "text": "hello"}]
    body = {"revision": found["revision"], "lines": [found["lines"][0] | {"text": "good bye"}]}
    assert client.put("/gpt_sovits/list", params=query, json=body).status_code == 200
    assert (folder / "raw.list").read_text("utf-8") == "a.wav|anna|EN|good bye\n"
    assert client.put("/gpt_sovits/list", params=query, json=body).status_code == 409
    heard = client.get("/gpt_sovits/recording", params={"list": query["path"], "path": "a.wav"})
    assert heard.content == clip()


def test_lines_that_were_none_stay_when_a_list_is_written_as_it_was_read(running: Running) -> None:
    folder = running.root / "output/asr_opt"
    folder.mkdir(parents=True)
    content = "a.wav|anna|EN|hello\nnonsense\nb.wav|x|EN|one|two\nc.wav|x|DE|hallo\n"
    (folder / "raw.list").write_text(content, "utf-8")
    client, query = running.client, {"path": "output/asr_opt/raw.list"}
    found = client.get("/gpt_sovits/list", params=query).json()["data"]
    first = found["lines"][0] | {"language": "EN", "text": "good bye"}
    for wrong in ({"path": ""}, {"language": "DE"}, {"language": ""}, {"text": "a|b"}):
        body = {"revision": found["revision"], "lines": [first | wrong, *found["lines"][1:]]}
        assert client.put("/gpt_sovits/list", params=query, json=body).status_code == 400
    assert (folder / "raw.list").read_text("utf-8") == content
    body = {"revision": found["revision"], "lines": [first, *found["lines"][1:]]}
    assert client.put("/gpt_sovits/list", params=query, json=body).status_code == 200
    assert (folder / "raw.list").read_text("utf-8") == content.replace("hello", "good bye")


@pytest.mark.parametrize(
    "path", ["pyproject.toml", "../x.list", "/etc/passwd", "output/asr_opt", "output/.x/../../y.list"]
)
def test_by_its_path_nothing_but_a_list_is_reached(running: Running, path: str) -> None:
    (running.root / "output/asr_opt").mkdir(parents=True)
    (running.root / "secret.txt").write_text("x")
    (running.root / "output/a.list").write_text("../secret.txt|a|EN|b\n")
    client = running.client
    assert client.get("/gpt_sovits/list", params={"path": path}).status_code in (400, 404)
    body: dict[str, Any] = {"revision": None, "lines": []}
    assert client.put("/gpt_sovits/list", params={"path": path}, json=body).status_code in (400, 404)
    assert client.put("/gpt_sovits/list", params={"path": "own.list"}, json=body).status_code == 400
    hear = {"list": "output/a.list", "path": "../secret.txt"}
    assert client.get("/gpt_sovits/recording", params=hear).status_code in (400, 404)
