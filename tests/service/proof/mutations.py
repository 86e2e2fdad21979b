"""Requests as nobody should send them: good uploads, broken in one or several ways. All chance comes from one seed."""

# ruff: noqa: E501  (tables of oddities)

from __future__ import annotations

import io
import json
import random
import struct
import wave
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from GPT_SoVITS.audio.encode import encode
from tests.service.samples import picture, speechlike

RATE = 8_000
BOUNDARY = "proof"
_HUGE = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFF0)
_WRONG: tuple[Any, ...] = (
    None, True, -1, 2**70, 1e308, "", "x" * 5000, "\0", "\ud800", [], {}, [[]], {"a": {"b": []}}, ["a"] * 50, "../../etc/passwd",
    "<script>", "nan", "😀" * 20, "中文", "01", 0.5,
)  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """One request.

    Attributes:
        method: Of HTTP.
        path: Of HTTP.
        headers: Of HTTP, without the length.
        body: Of HTTP.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def _wav(chance: random.Random) -> bytes:
    stream = io.BytesIO()
    samples = (speechlike(chance.choice((0.5, 3.1, 4.0)), RATE) * 32767).astype("<i2")
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return stream.getvalue()


class Mutations:
    """Makes requests.

    Args:
        seed: Of everything.
        reference: A clip on the server, as clients name it.
    """

    def __init__(self, seed: int, reference: str) -> None:
        self.chance = random.Random(seed)
        self._reference = reference
        samples = speechlike(3.2, 16_000).astype(np.float32)
        self._clips = [
            _wav(self.chance),
            _wav(self.chance),
            encode(samples, 16_000, "mp3"),
            encode(samples, 16_000, "flac"),
        ]
        self._pictures = [picture("PNG", (48, 32)), picture("PNG", (300, 200)), picture("JPEG", (64, 64))]
        self._number = 0

    def next(self) -> Sent:
        """Return another request."""
        self._number += 1
        made: Callable[[], Sent] = self.chance.choice(
            (self._voice, self._voice, self._voice, self._json, self._archive)
        )
        return made()

    # --- bytes ---

    def broken(self, content: bytes) -> bytes:
        """Return a file that is broken in one or two ways, or whole now and then."""
        ways = (
            self._truncated,
            self._flipped,
            self._lying,
            self._inserted,
            self._repeated,
            self._resized,
            bytes,
            self._other,
        )
        for _ in range(self.chance.choice((1, 1, 2))):
            content = self.chance.choice(ways)(content)
        return content

    def _truncated(self, content: bytes) -> bytes:
        return content[: self.chance.randrange(len(content) + 1)]

    def _flipped(self, content: bytes) -> bytes:
        found = bytearray(content)
        reach = self.chance.choice((64, len(found)))
        for _ in range(self.chance.randint(1, 40) if found else 0):
            found[self.chance.randrange(min(reach, len(found)))] ^= 1 << self.chance.randrange(8)
        return bytes(found)

    def _lying(self, content: bytes) -> bytes:
        """Let one of the lengths in the header be another."""
        found = bytearray(content)
        if len(found) > 8:
            at = self.chance.randrange(min(80, len(found) - 4))
            order = self.chance.choice("<>")
            found[at : at + 4] = struct.pack(f"{order}I", self.chance.choice((*_HUGE, self.chance.randrange(1 << 32))))
        return bytes(found)

    def _inserted(self, content: bytes) -> bytes:
        at = self.chance.randrange(len(content) + 1)
        return content[:at] + self.chance.randbytes(self.chance.randint(1, 2000)) + content[at:]

    def _repeated(self, content: bytes) -> bytes:
        at = self.chance.randrange(len(content) + 1)
        return content[:at] + content[: self.chance.randint(0, 4000)] + content[at:]

    def _resized(self, content: bytes) -> bytes:
        """Let a PNG declare a huge picture, with a checksum that is right; other files stay."""
        if content[12:16] != b"IHDR":
            return content
        sides = struct.pack(
            ">II", self.chance.choice((1, 60_000, 2**31 - 1)), self.chance.choice((0, 60_000, 2**31 - 1))
        )
        header = b"IHDR" + sides + content[24:29]
        return content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:]

    def _other(self, _: bytes) -> bytes:
        return self.chance.choice(
            (
                b"",
                b"\0" * 100,
                self.chance.randbytes(500),
                b"<svg onload=alert(1)>",
                b"#EXTM3U\n/etc/passwd",
                b"PK\x03\x04" * 9,
            )
        )

    # --- forms ---

    def _voice(self) -> Sent:
        fields = {
            "model_id": f"m{self._number}",
            "model_name": "变异",
            "gender": "1",
            "prompt_text": "你好。",
            "categories": "",
        }
        if self.chance.random() < 0.3:
            fields[self.chance.choice(list(fields))] = (
                str(self.chance.choice(_WRONG)).encode("utf-8", "replace").decode()
            )
        parts = [_part(name, value.encode()) for name, value in fields.items()]
        clip, portrait = self.chance.choice(self._clips), self.chance.choice(self._pictures)
        which = self.chance.choice(("clip", "picture", "both"))
        parts.append(_part("refer_wav", self.broken(clip) if which != "picture" else clip, self._name()))
        if self.chance.random() < 0.7:
            parts.append(_part("avatar", self.broken(portrait) if which != "clip" else portrait, self._name()))
        if self.chance.random() < 0.1:
            parts.append(_part("aux_refer_wavs", self.broken(clip), self._name()))
        method, path = ("PATCH", "/voice-models/kept") if self.chance.random() < 0.2 else ("POST", "/voice-models")
        return self._form(method, path, parts)

    def _name(self) -> str:
        return self.chance.choice(("a.wav", "a.png", "../../a", "a\\b.exe", "名.mp3", "x" * 300, "$(id).wav"))

    def _form(self, method: str, path: str, parts: list[bytes]) -> Sent:
        """Return a form, sometimes odd."""
        kind, end = f"multipart/form-data; boundary={BOUNDARY}", f"--{BOUNDARY}--\r\n".encode()
        odd = self.chance.random()
        if odd < 0.04:
            kind = self.chance.choice(
                (
                    "multipart/form-data",
                    "multipart/form-data; boundary=",
                    "multipart/form-data; boundary=other",
                    f"multipart/mixed; boundary={BOUNDARY}",
                    "application/json",
                    "text/plain",
                )
            )
        elif odd < 0.08:
            end = self.chance.choice((b"", b"--proof", b"--proof-", b"--proof--\r\n--proof--\r\n", b"epilogue" * 99))
        elif odd < 0.12:
            nested = b"".join(parts) + end
            parts = [
                _part("refer_wav", nested.replace(b"proof", b"inner"), "a", "multipart/mixed; boundary=inner"),
                *parts[:3],
            ]
        elif odd < 0.16:
            parts = parts * self.chance.choice((2, 3)) + [
                _part(f"f{n}", b"1") for n in range(self.chance.choice((5, 2000)))
            ]
        elif odd < 0.20:
            parts[0] = self.chance.choice((
                b"--proof\r\n\r\nno header\r\n", b"--proof\r\nContent-Disposition: form-data\r\n\r\nno name\r\n",
                b"--proof\r\n" + b"X: " + b"y" * 9000 + b"\r\n\r\nlong\r\n", b"--proof\nContent-Disposition: form-data; name=a\n\nb\n",
                b'--proof\r\nContent-Disposition: form-data; name="model_id"\r\nContent-Transfer-Encoding: base64\r\n\r\n!!\r\n',
                b'--proof\r\nContent-Disposition: form-data; name="a"; name="b"; filename*=utf-8\'\'%ff%00\r\nContent-Length: -5\r\n\r\n\xff\xfe\r\n',
            ))  # fmt: skip
        body = b"".join(parts) + end
        return Sent(method, path, {"content-type": kind}, self._flipped(body) if self.chance.random() < 0.03 else body)

    # --- others ---

    def _json(self) -> Sent:
        body: dict[str, Any] = {"user_id": "u", "text": "一句话。", "ref_wav_path": self._reference, "text_language": "中文", "top_k": 5,
                                "speed": 1.0, "seed": 1, "media_type": "wav", "model_id": "", "stream": False}  # fmt: skip
        for _ in range(self.chance.randint(1, 3)):
            name = self.chance.choice(list(body))
            if self.chance.random() < 0.2:
                del body[name]
            else:
                body[name] = self.chance.choice(_WRONG)
        content = json.dumps(body).encode()
        content = self.chance.choice(
            (content, content, content, self._truncated(content), self._flipped(content), b"[" * 5000, b"{}", b"null")
        )
        path = self.chance.choice(("/voice-tasks", "/voice-tasks", "/synthesize", "/text/preview", "/voice-tasks/query", "/set_model",
                                   "/voice-categories", "/voice-models/kept/categories", "/tts", "/v1/audio/speech"))  # fmt: skip
        return Sent("POST", path, {"content-type": "application/json"}, content)

    def _archive(self) -> Sent:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", self.chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
            voice = {
                **{"format": "gpt-sovits-voice", "version": 1, "model_id": f"z{self._number}", "model_name": "n"},
                **{"gender": 1, "prompt_language": "zh", "prompt_text": "", "avatar": None, "reference": "refer.wav"},
                **{"auxiliary": [], "categories": [], "weights": {"gpt": None, "sovits": None}},
            }
            if self.chance.random() < 0.5:
                voice[self.chance.choice(list(voice))] = self.chance.choice(_WRONG)
            archive.writestr(
                self.chance.choice(("voice.json",) * 8 + ("../voice.json", "/voice.json")), json.dumps(voice)
            )
            archive.writestr("refer.wav", self.broken(self._clips[0]))
            archive.writestr(
                self.chance.choice(("avatar.png", "../../evil", "a" * 300, "zeros")),
                bytes(self.chance.choice((10, 10**6))),
            )
        return Sent("POST", "/voice-models/import", {"content-type": "application/zip"}, self.broken(stream.getvalue()))


def _part(name: str, content: bytes, filename: str | None = None, kind: str | None = None) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'
    head += "" if filename is None else f'; filename="{filename}"'
    head += "" if kind is None else f"\r\nContent-Type: {kind}"
    return head.encode() + b"\r\n\r\n" + content + b"\r\n"
