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
from GPT_SoVITS.text.languages import resolve_cutting, resolve_language, resolve_reading
from service.errors import ParameterError
from service.synthesis.texts import LATEST_VERSION

DEFAULT_PROMPT_LANGUAGE = "all_zh"
SAMPLING: Mapping[str, float] = {"top_k": 5, "top_p": 1.0, "temperature": 1.0, "repetition_penalty": 1.35}
"""How tokens are chosen where a request does not say: defaults of the native interface."""
SAMPLING_OPEN = "sampling_open"
"""A field by which another interface, with defaults of its own, says that its client has left sampling open."""


def leaves_sampling_open(given: Mapping[str, Any], defaults: Mapping[str, float] = SAMPLING) -> bool:
    """Whether a request has nothing but defaults for sampling; a default that is spelled out changes nothing.

    Args:
        given: Its fields.
        defaults: Of the interface that it came by.
    """
    return all(given.get(name, default) == default for name, default in defaults.items())


@dataclass(frozen=True)
class Speaker:
    """A stored voice, as synthesis needs it.

    Attributes:
        path: Its reference audio.
        text: What is said in it.
        language: Name or code of that language.
        auxiliary: More clips.
        weights: Its own, if it has some.
        name: What people call it.
    """

    path: str
    text: str = ""
    language: str = DEFAULT_PROMPT_LANGUAGE
    auxiliary: tuple[str, ...] = ()
    weights: WeightsPair | None = None
    name: str = ""


class Speakers(Protocol):
    """Where voices and reference files are found, and how texts are read by default. Both methods block."""

    @property
    def default_reading(self) -> str:
        """The reading of requests that name none."""

    def speaker(self, model_id: str) -> Speaker:
        """Return a voice; raise the service's "missing" error when there is none."""

    def confined(self, path: str) -> Path:
        """Return the file that a client's path names; raise a parameter error outside the allowed folders."""


class NoVoiceError(ParameterError):
    """Neither a voice nor reference audio was given."""


@dataclass(frozen=True)
class Utterance:
    """What the fields of a request mean: the voice found, the path confined, names resolved.

    Attributes:
        text: To be spoken.
        language: Code of its language.
        how_to_cut: Code of the cutting method.
        reading: How it is read.
        reference: The voice.
        weights: The voice's own, if it has some.
        ref_free: The reference's timbre is used only, not what is said in it.
        voice_name: What people call the voice; empty where it has no name.
    """

    text: str
    language: str
    how_to_cut: str
    reading: str
    reference: Reference
    weights: WeightsPair | None
    ref_free: bool
    voice_name: str


def resolved(fields: Mapping[str, Any], speakers: Speakers) -> Utterance:
    """Return what a request's fields mean. Blocks (files and database).

    Args:
        fields: As :class:`service.synthesis.fields.SpeechFields` names them. What is given explicitly wins over the
            voice's own.
        speakers: Find voices and files.

    Raises:
        NoVoiceError: neither ``model_id`` nor ``ref_wav_path`` is given.
        ParameterError: a name is unknown, or a path lies outside the allowed folders.
        MissingError: there is no such voice or file.
    """
    model_id, path = fields.get("model_id"), fields.get("ref_wav_path")
    if model_id is None and path is None:
        raise NoVoiceError("voice_unnamed")
    speaker = Speaker("") if model_id is None else speakers.speaker(model_id)
    prompt_text, prompt_language = fields.get("prompt_text"), fields.get("prompt_language")
    # Another clip says something else than the voice's own one.
    text = prompt_text if prompt_text is not None else ("" if path is not None else speaker.text)
    return Utterance(
        text=fields["text"],
        language=resolve_language(fields.get("text_language", "中文"), LATEST_VERSION),
        how_to_cut=resolve_cutting(fields.get("how_to_cut", "cut1")),
        reading=resolve_reading(fields.get("reading") or speakers.default_reading),
        reference=Reference(
            path=str(speakers.confined(path)) if path is not None else speaker.path,
            text=text,
            language=resolve_language(prompt_language or speaker.language, LATEST_VERSION),
            auxiliary=speaker.auxiliary if path is None else (),
        ),
        weights=speaker.weights,
        ref_free=fields.get("ref_free", False),
        voice_name=speaker.name,
    )


def engine_request(
    fields: Mapping[str, Any],
    speakers: Speakers,
    *,
    owner: str,
    priority: Priority,
    streaming: Streaming = Streaming.OFF,
) -> SynthesisRequest:
    """Return what the engine is asked. Blocks (files and database).

    Args:
        fields: See :func:`resolved`.
        speakers: Likewise.
        owner: Whose request it is; owners take turns.
        priority: Of the request among others.
        streaming: When audio leaves.

    Raises:
        NoVoiceError, ParameterError, MissingError: see :func:`resolved`.
    """
    asked, seed = resolved(fields, speakers), fields.get("seed")
    return SynthesisRequest(
        text=asked.text,
        language=asked.language,
        reference=asked.reference,
        weights=asked.weights,
        sampling=SamplingParameters(**{name: fields.get(name, default) for name, default in SAMPLING.items()}),
        sampling_open=bool(fields.get(SAMPLING_OPEN, leaves_sampling_open(fields))),
        seed=None if seed in (None, -1) else seed,
        speed=fields.get("speed", 1.0),
        how_to_cut=asked.how_to_cut,
        reading=asked.reading,
        ref_free=asked.ref_free,
        fragment_interval=fields.get("fragment_interval", 0.3),
        sample_steps=fields.get("sample_steps") or SynthesisRequest.sample_steps,
        super_sampling=bool(fields.get("super_sampling")),
        streaming=streaming,
        priority=priority,
        owner=owner,
    )
