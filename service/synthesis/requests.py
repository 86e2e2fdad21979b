"""From the fields of a request to what the engine is asked: voices looked up, paths confined, defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from GPT_SoVITS.engine.messages import (
    Priority,
    Reference,
    SamplingParameters,
    Streaming,
    SynthesisRequest,
    WeightsPair,
)
from GPT_SoVITS.text.languages import resolve_cutting, resolve_language
from service.errors import ParameterError
from service.synthesis.texts import LATEST_VERSION

DEFAULT_PROMPT_LANGUAGE = "all_zh"


@dataclass(frozen=True)
class Speaker:
    """A stored voice, as synthesis needs it.

    Attributes:
        path: Its reference audio.
        text: What is said in it.
        language: Name or code of that language.
        auxiliary: More clips.
        weights: Its own, if it has some.
    """

    path: str
    text: str = ""
    language: str = DEFAULT_PROMPT_LANGUAGE
    auxiliary: tuple[str, ...] = ()
    weights: WeightsPair | None = None


class Speakers(Protocol):
    """Where voices and reference files are found. Both methods block."""

    def speaker(self, model_id: str) -> Speaker:
        """Return a voice; raise the service's "missing" error when there is none."""

    def confined(self, path: str) -> Path:
        """Return the file that a client's path names; raise a parameter error outside the allowed folders."""


class NoVoiceError(ParameterError):
    """Neither a voice nor reference audio was given."""


def engine_request(
    fields: Mapping[str, Any],
    speakers: Speakers,
    *,
    owner: str,
    priority: Priority,
    streaming: Streaming = Streaming.OFF,
) -> SynthesisRequest:
    """Return the engine's request. Blocks (files and database).

    Args:
        fields: As :class:`service.synthesis.fields.SpeechFields` names them. What is given explicitly wins over the
            voice's own.
        speakers: See there.
        owner: Whose request it is; owners take turns.
        priority: See there.
        streaming: When audio leaves.

    Raises:
        NoVoiceError: neither ``model_id`` nor ``ref_wav_path`` is given.
    """
    model_id, path = fields.get("model_id"), fields.get("ref_wav_path")
    if model_id is None and path is None:
        raise NoVoiceError("give model_id (a stored voice) or ref_wav_path (reference audio on the server)")
    speaker = Speaker("") if model_id is None else speakers.speaker(model_id)
    prompt_text, prompt_language = fields.get("prompt_text"), fields.get("prompt_language")
    # Another clip says something else than the voice's own one.
    text = prompt_text if prompt_text is not None else ("" if path is not None else speaker.text)
    seed = fields.get("seed")
    return SynthesisRequest(
        text=fields["text"],
        language=resolve_language(fields.get("text_language", "中文"), LATEST_VERSION),
        reference=Reference(
            path=str(speakers.confined(path)) if path is not None else speaker.path,
            text=text,
            language=resolve_language(prompt_language or speaker.language, LATEST_VERSION),
            auxiliary=speaker.auxiliary if path is None else (),
        ),
        weights=speaker.weights,
        sampling=SamplingParameters(
            top_k=fields.get("top_k", 5),
            top_p=fields.get("top_p", 1.0),
            temperature=fields.get("temperature", 1.0),
            repetition_penalty=fields.get("repetition_penalty", 1.35),
        ),
        seed=None if seed in (None, -1) else seed,
        speed=fields.get("speed", 1.0),
        how_to_cut=resolve_cutting(fields.get("how_to_cut", "cut1")),
        ref_free=fields.get("ref_free", False),
        fragment_interval=fields.get("fragment_interval", 0.3),
        streaming=streaming,
        priority=priority,
        owner=owner,
    )
