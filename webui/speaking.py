"""Speech for the pages: a reference clip travels as a voice of its own, which is removed when the speech is there."""

from __future__ import annotations

import contextlib
import io
import re
import secrets
import time
import wave
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
from anyio import to_thread
from numpy.typing import NDArray

from webui.service import Service, ServiceCallError

# As the pages call them, in Chinese and English -> code.
LANGUAGES: Mapping[str, tuple[str, str]] = {
    "中文": ("Chinese", "all_zh"),
    "英文": ("English", "en"),
    "日文": ("Japanese", "all_ja"),
    "粤语": ("Yue", "all_yue"),
    "韩文": ("Korean", "all_ko"),
    "中英混合": ("Chinese-English Mixed", "zh"),
    "日英混合": ("Japanese-English Mixed", "ja"),
    "粤英混合": ("Yue-English Mixed", "yue"),
    "韩英混合": ("Korean-English Mixed", "ko"),
    "多语种混合": ("Multilingual Mixed", "auto"),
    "多语种混合(粤语)": ("Multilingual Mixed(Yue)", "auto_yue"),
}
NOT_IN_V1 = frozenset({"all_yue", "all_ko", "yue", "ko", "auto_yue"})
CUTS: Mapping[str, tuple[str, str]] = {
    "不切": ("No slice", "cut0"),
    "凑四句一切": ("Slice once every 4 sentences", "cut1"),
    "凑50字一切": ("Slice per 50 characters", "cut2"),
    "按中文句号。切": ("Slice by Chinese punct", "cut3"),
    "按英文句号.切": ("Slice by English punct", "cut4"),
    "按标点符号切": ("Slice by every punct", "cut5"),
}
Audio = tuple[int, NDArray[np.int16]]
"""Samples a second, and samples (S,)."""

_PREFIX, _LONGEST_S = "webui-", 3600.0
_OURS = re.compile(_PREFIX + r"[0-9a-f]{16}")


def names(table: Mapping[str, tuple[str, str]], language: str, without: frozenset[str] = frozenset()) -> list[str]:
    """Return what a table's entries are called on a page."""
    return [zh if language == "zh" else en for zh, (en, code) in table.items() if code not in without]


def code_of(table: Mapping[str, tuple[str, str]], name: Any) -> str:
    """Return the code of a name in either language; what is no name is passed on, as a code."""
    return next((code for zh, (en, code) in table.items() if name in (zh, en)), str(name))


class Speaker:
    """Speaks.

    Args:
        service: Computes the speech.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._left: set[str] = set()
        """Voices that could not be removed, because the service was away."""

    async def speak(
        self, reference: str, more: Sequence[str], prompt: tuple[str, str], fields: Mapping[str, Any]
    ) -> Audio:
        """Return the speech.

        Args:
            reference: Path of the clip on this machine.
            more: Further clips of the voice.
            prompt: What is said in the clip, and its language.
            fields: Of the service's ``/tts``.

        Raises:
            ServiceCallError: the service refused or failed.
            OSError: a clip cannot be read.
        """
        for voice in tuple(self._left):
            await self._remove(voice)
        async with (
            self._voice(reference, more, prompt) as voice,
            self._service.stream("/tts", {**fields, "model_id": voice, "media_type": "wav"}) as chunks,
        ):
            return samples(b"".join([chunk async for chunk in chunks]))

    async def remove_leftovers(self) -> None:
        """Remove voices of speech that was cut off when a page was killed; nothing where the service does not answer.

        Others of the last hour may be spoken with at this moment, by another page.
        """
        with contextlib.suppress(ServiceCallError):
            found = (await self._service.get("/voice-models", name=_PREFIX, page_size=100))["data"]["data"]
            for voice in found:
                if _OURS.fullmatch(voice["model_id"]) and voice["created_at"] < time.time() - _LONGEST_S:
                    await self._service.delete(f"/voice-models/{voice['model_id']}")

    @asynccontextmanager
    async def _voice(self, reference: str, more: Sequence[str], prompt: tuple[str, str]) -> AsyncIterator[str]:
        clips = [("refer_wav", reference), *(("aux_refer_wavs", path) for path in more)]
        files = [(field, (Path(path).name, await to_thread.run_sync(Path(path).read_bytes))) for field, path in clips]
        voice = f"{_PREFIX}{secrets.token_hex(8)}"
        text, language = prompt
        fields = {"model_name": voice, "model_id": voice, "gender": 1, "prompt_text": text, "prompt_language": language}
        await self._service.upload("/voice-models", fields, files)
        try:
            yield voice
        finally:
            await self._remove(voice)

    async def _remove(self, voice: str) -> None:
        """Remove a voice; where the service is away, with the next speech."""
        try:
            await self._service.delete(f"/voice-models/{voice}")
        except ServiceCallError as failure:
            if failure.passing:
                self._left.add(voice)
                return
        self._left.discard(voice)


def samples(content: bytes) -> Audio:
    """Return the samples of a WAV file of 16 bits."""
    with wave.open(io.BytesIO(content)) as sound:
        return sound.getframerate(), np.frombuffer(sound.readframes(sound.getnframes()), np.int16)
