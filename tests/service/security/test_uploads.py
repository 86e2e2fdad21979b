"""Uploads are data: never executed, unpickled, shown as pages, or allowed to unfold without a limit."""

from __future__ import annotations

import io
import struct
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from service.errors import ParameterError
from service.voices.images import MAX_SIDE, avatar
from tests.service.conftest import Running
from tests.service.samples import clip, picture, post_voice, sound


def stored(running: Running) -> list[str]:
    return [path.name for path in (running.root / "audio").iterdir() if not path.name.startswith(".")]


def png_bomb(side: int) -> bytes:
    """Return a PNG of some kilobytes that states a huge picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    body = zlib.compress(b"\0" * 1_000_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "AVIF"])
def test_avatars_are_written_anew(form: str) -> None:
    payload = b"<script>alert(1)</script><?php system($_GET[0]); ?>"
    content, suffix = avatar(io.BytesIO(picture(form, (1200, 300)) + payload))
    assert payload not in content and suffix in (".png", ".webp")
    with Image.open(io.BytesIO(content)) as image:
        assert image.size == (MAX_SIDE, 128) and not image.getexif()


def test_what_pictures_carry_besides_their_pixels_is_dropped() -> None:
    stream, exif = io.BytesIO(), Image.Exif()
    exif[0x010E], exif[0x0112] = "<script>alert(1)</script>", 6
    Image.new("RGB", (40, 20), "red").save(stream, "JPEG", exif=exif, comment=b"<script>")
    content, _ = avatar(io.BytesIO(stream.getvalue()))
    assert b"script" not in content
    with Image.open(io.BytesIO(content)) as image:
        assert image.size == (20, 40), "turned upright before the note that says so is dropped"


def test_transparency_is_kept() -> None:
    stream = io.BytesIO()
    Image.new("RGBA", (10, 10), (255, 0, 0, 0)).save(stream, "PNG")
    with Image.open(io.BytesIO(avatar(io.BytesIO(stream.getvalue()))[0])) as image:
        assert image.mode == "RGBA" and image.getpixel((0, 0))[3] == 0  # type: ignore[index]


def test_a_picture_that_unfolds_is_refused_at_once() -> None:
    began = time.monotonic()
    for side in (10_000, 60_000, 2_000_000_000):
        with pytest.raises(ParameterError):
            avatar(io.BytesIO(png_bomb(side)))
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\0" * 100, b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html></html>", b"%PDF-1.7", b"GIF89a",
        b"\x89PNG\r\n\x1a\n", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", picture("ICO"), picture("TIFF"),
        picture()[:200],
    ],
)  # fmt: skip
def test_only_the_named_raster_formats_are_read(content: bytes) -> None:
    with pytest.raises(ParameterError):
        avatar(io.BytesIO(content))


def test_a_long_silence_in_a_small_file_is_refused_at_once(running: Running) -> None:
    hour = sound(np.zeros(3600 * 8000, np.float32), 8000, "FLAC")
    assert len(hour) < 2 << 20
    began = time.monotonic()
    answer = post_voice(running.client, refer=hour)
    assert answer.status_code == 400 and "3600" in answer.json()["message"]
    assert time.monotonic() - began < 60
    assert stored(running) == []


def test_playlists_and_scripts_for_ffmpeg_read_nothing(running: Running) -> None:
    secret = running.root / "secret.txt"
    secret.write_text("TOP-SECRET")
    harmful = [
        f"#EXTM3U\n#EXTINF:5,\nfile://{secret}\n#EXT-X-ENDLIST\n",
        f"ffconcat version 1.0\nfile '{secret}'\n",
        "#EXTM3U\n#EXTINF:5,\nhttp://127.0.0.1:1/x.wav\n",
        f"<?xml version='1.0'?><MPD><BaseURL>file://{secret}</BaseURL></MPD>",
    ]
    for content in harmful:
        answer = post_voice(running.client, refer=content.encode())
        assert answer.status_code == 400 and "TOP-SECRET" not in answer.text
    assert stored(running) == []


def test_names_of_files_and_fields_are_only_data(running: Running) -> None:
    """What the replaced programs put into shell commands and into pages."""
    name = "$(touch pwned)`id`;|&<img src=x onerror=alert(1)>"
    answer = running.client.post(
        "/voice-models",
        data={"model_id": "v", "model_name": name, "gender": "1", "prompt_text": name, "description": name},
        files={"avatar": ("../../a.png;touch pwned", picture()), "refer_wav": ("$(touch pwned).wav", clip())},
    )
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["data"]["model_name"] == name, "kept as it is; the page escapes it where it shows it"
    assert sorted(path.name for path in (running.root / "audio" / "v").iterdir()) == [
        "avatar.png",
        "original.wav",
        "refer.wav",
    ]
    assert not list(running.root.rglob("pwned*"))
