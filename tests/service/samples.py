"""Files as clients send them, and a voice made of them."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import httpx
import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image

RATE = 32_000


def speechlike(seconds: float, rate: int = RATE, seed: int = 0) -> NDArray[np.float32]:
    """Return something with syllables, pauses and a little noise, (N,) float32."""
    at = np.arange(round(seconds * rate)) / rate
    syllables = np.clip(np.sin(2 * np.pi * 3.1 * at), 0, None) * (np.sin(2 * np.pi * 0.45 * at) > -0.7)
    voice = sum(np.sin(2 * np.pi * 140 * k * at) / k for k in range(1, 6))
    noise = np.random.default_rng(seed).normal(0, 1e-3, len(at))
    samples: NDArray[np.float32] = (0.15 * syllables * voice + noise).astype(np.float32)
    return samples


def sound(samples: NDArray[np.float32], rate: int = RATE, form: str = "WAV", subtype: str | None = None) -> bytes:
    """Return samples, (N,) or (N, C), as a file."""
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format=form, subtype=subtype)
    return stream.getvalue()


@cache
def clip(seconds: float = 4.0, seed: int = 0) -> bytes:
    """Return a good reference clip."""
    return sound(speechlike(seconds, seed=seed))


@cache
def picture(form: str = "PNG", size: tuple[int, int] = (640, 480), colour: str = "teal") -> bytes:
    """Return a picture."""
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, form)
    return stream.getvalue()


FIELDS = {
    "model_id": "narrator",
    "model_name": "旁白",
    "gender": "2",
    "prompt_text": "今天的天气很好我们去公园",
    "prompt_language": "中文",
}


def post_voice(
    client: httpx.Client, avatar: bytes | None = None, refer: bytes | None = None, **fields: Any
) -> httpx.Response:
    """Send a voice."""
    return client.post(
        "/voice-models",
        data={**FIELDS, **fields},
        files={"avatar": ("a.png", avatar or picture()), "refer_wav": ("r.wav", refer or clip())},
    )


def make_voice(client: httpx.Client, **fields: Any) -> dict[str, Any]:
    """Make a voice and return its record."""
    answer = post_voice(client, **fields)
    assert answer.status_code == 200, answer.text
    record: dict[str, Any] = answer.json()["data"]
    return record
