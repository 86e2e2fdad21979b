"""No address and no path of a client reaches a file outside the folders that are meant."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from service.errors import MissingError, ParameterError
from service.paths import confined
from tests.service.conftest import Running
from tests.service.samples import clip, make_voice


def raw(running: Running, target: str) -> tuple[int, bytes]:
    """Send a request whose target no client library has tidied up."""
    url = running.client.base_url
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".encode())
        answer = b""
        while data := connection.recv(65536):
            answer += data
    return int(answer.split()[1]), answer


def test_nothing_outside_the_served_folders_is_reachable(running: Running) -> None:
    make_voice(running.client)
    secret = running.root / "secret.txt"
    secret.write_text("TOP-SECRET")
    (running.root / "audio" / "narrator" / "link.wav").symlink_to(secret)
    (running.root / "audio" / "narrator" / ".hidden").write_text("TOP-SECRET")
    (running.root / "audio" / "itself.wav").symlink_to("itself.wav")
    (running.root / "audio" / "way").symlink_to(running.root, target_is_directory=True)
    targets = [
        "/audio/../secret.txt", "/audio/%2e%2e/secret.txt", "/audio/..%2fsecret.txt", "/audio/..%5csecret.txt",
        "/audio//secret.txt", "/audio/narrator/../../secret.txt", "/audio/%2fetc%2fpasswd", "//etc/passwd",
        "/audio/narrator/link.wav", "/audio/narrator/.hidden", "/audio/itself.wav", "/audio/itself.wav/x.wav",
        "/audio/way/secret.txt", "/audio/.lock",
        "/audio/narrator/%00", "/audio/" + "a" * 3000, "/web/../api_ms.py", "/web/%2e%2e/pyproject.toml",
        "/done/../service.db", "/output/..;/secret.txt", "/audio/narrator/refer.wav/..%2f..%2f..%2fsecret.txt",
        "/service.db", "/.git/config", "/audio-out/../secret.txt", "/srt/..%2fsecret.txt",
    ]  # fmt: skip
    for target in targets:
        status, answer = raw(running, target)
        assert status in (400, 404, 403), target
        assert b"TOP-SECRET" not in answer and b"root:" not in answer and b"SQLite" not in answer, target


def test_folders_are_not_listed(running: Running) -> None:
    make_voice(running.client)
    for target in ("/audio", "/audio/", "/audio/narrator", "/audio/narrator/", "/done/", "/web/", "/output"):
        answer = running.client.get(target, follow_redirects=True)
        assert answer.status_code == 404, target
        assert b"refer" not in answer.content


def test_parts_of_files_can_be_asked_for(running: Running) -> None:
    make_voice(running.client, refer=clip(4.0))
    whole = running.client.get("/audio/narrator/refer.wav")
    part = running.client.get("/audio/narrator/refer.wav", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(whole.content)}"
    assert running.client.get("/audio/narrator/refer.wav", headers={"Range": "bytes=-4"}).content == whole.content[-4:]
    beyond = running.client.get("/audio/narrator/refer.wav", headers={"Range": "bytes=99999999-"})
    assert (beyond.status_code, beyond.json()["code"]) == (416, 3)
    assert beyond.headers["content-range"] == f"bytes */{len(whole.content)}"
    for none in ("foo", "bytes=5-2", "bytes", "bytes=", "bytes=a-b", "pages=1-2", "bytes=-"):
        answer = running.client.get("/audio/narrator/refer.wav", headers={"Range": none})
        assert (answer.status_code, len(answer.content)) == (200, len(whole.content)), none
    many = ",".join(f"{n}-{n}" for n in range(0, 4000, 2))
    assert running.client.get("/audio/narrator/refer.wav", headers={"Range": f"bytes={many}"}).status_code in (
        200,
        206,
        416,
    )


def test_files_are_never_pages(running: Running) -> None:
    """What a client managed to store is shown as sound, picture or download, in a sandbox, without guessing."""
    folder = running.root / "audio" / "x"
    folder.mkdir()
    for name in ("a.html", "a.svg", "a.js", "a.xhtml", "a", "a.wav"):
        (folder / name).write_text("<script>alert(1)</script>")
        answer = running.client.get(f"/audio/x/{name}")
        assert answer.headers["content-type"] in ("application/octet-stream", "audio/wav")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]
        assert name == "a.wav" or answer.headers["content-disposition"] == "attachment"


@pytest.mark.parametrize(
    "path", ["../secret", "/etc/passwd", "audio/../../secret", "audio/link", "", "a\0b", "x" * 5000, "~/x", "audio\n"]
)
def test_paths_of_clients_are_confined_after_links(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    (root / "audio").mkdir(parents=True)
    (tmp_path / "secret").write_text("x")
    (root / "audio" / "link").symlink_to(tmp_path / "secret")
    with pytest.raises((ParameterError, MissingError)) as caught:
        confined(path, [root / "audio"], root)
    assert str(tmp_path) not in str(caught.value), "the message shows no folder of the server"


def test_a_path_within_is_found_also_through_links_that_stay_within(tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    (tmp_path / "audio" / "a.wav").write_text("x")
    (tmp_path / "audio" / "b.wav").symlink_to("a.wav")
    for path in ("audio/a.wav", "./audio/b.wav", str(tmp_path / "audio" / "a.wav"), "audio/../audio/a.wav"):
        assert confined(path, [tmp_path / "audio"], tmp_path) == (tmp_path / "audio" / "a.wav").resolve()
    with pytest.raises(MissingError, match=r"there is no file audio/none\.wav"):
        confined("audio/none.wav", [tmp_path / "audio"], tmp_path)
