"""Speech in a few lines, for scripts and notebooks.

from GPT_SoVITS import TTS

with TTS(gpt="gpt.ckpt", sovits="sovits.pth", reference="voice.wav",
         reference_text="What the clip says.", reference_language="en") as tts:
    tts.speak("Hello there.", language="en").save("hello.wav")
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS import _commands, starter
from GPT_SoVITS.audio.encode import encode
from GPT_SoVITS.audio.files import AtomicFile
from GPT_SoVITS.audio.subtitles import subrip
from GPT_SoVITS.engine.errors import EngineClosedError, InvalidRequestError, WeightsMissingError
from GPT_SoVITS.engine.interface import Engine, stream
from GPT_SoVITS.engine.messages import (
    AudioChunk,
    EngineSettings,
    Event,
    Failed,
    Finished,
    Reference,
    SamplingParameters,
    SegmentDone,
    Started,
    Streaming,
    SynthesisRequest,
    WeightsPair,
)
from GPT_SoVITS.opening import open_engine
from GPT_SoVITS.resources.locate import locate
from GPT_SoVITS.resources.manifest import load_manifest
from GPT_SoVITS.t2s.sampling import SamplingError
from GPT_SoVITS.text.languages import languages_asked

_OFFICIAL = ("gpt-v2", "sovits-v2")
_SAMPLING = ("top_k", "top_p", "temperature", "repetition_penalty")
PathLike = str | os.PathLike[str]


class SpokenSentence(NamedTuple):
    """A sentence of a :class:`Speech`: its text, and the seconds between which it is heard."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Speech:
    """What :meth:`TTS.speak` returns. In a notebook it shows itself as a player.

    Attributes:
        audio: (N,) float32 within [-1, 1].
        sample_rate: In Hz.
        seed: Repeats this speech exactly.
        segments: Its sentences with their times.
        warnings: What the engine found doubtful about its own output.
    """

    audio: NDArray[np.float32] = field(repr=False)
    sample_rate: int
    seed: int
    segments: tuple[SpokenSentence, ...]
    warnings: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Length."""
        return len(self.audio) / self.sample_rate

    def save(self, path: PathLike) -> Path:
        """Write a sound file whose ending says what kind: wav, flac, mp3, ogg, opus or aac. Returns its path.

        Raises:
            InvalidRequestError: there is no such format.
            OSError: it cannot be written; nothing is left then.
        """
        target = Path(path)
        content = encode(self.audio, self.sample_rate, target.suffix.removeprefix(".") or "wav")
        with AtomicFile(target) as file:
            file.stream.write(content)
            file.keep()
        return target

    def srt(self) -> str:
        """Return subtitles (SubRip), one cue for each sentence."""
        return subrip(self.segments)

    def _repr_html_(self) -> str:
        data = base64.b64encode(encode(self.audio, self.sample_rate, "wav")).decode("ascii")
        return f'<audio controls src="data:audio/wav;base64,{data}"></audio>'


class TTS:
    """Text to speech in the voice of a clip of 3 to 10 seconds.

    Args:
        gpt: GPT weights (``.ckpt``); those of the official v2 release when None and installed. Where none are given or
            installed, the small demonstration model of the program speaks (``GPT_SoVITS/starter``).
        sovits: SoVITS weights (``.pth``) that belong to them; likewise.
        reference: The clip, or a whole :class:`Reference`; may be left to each call. The demonstration model has voices
            of its own; when None, the best one that speaks the language of a text says it.
        reference_text: What is said in the clip; without it only the clip's timbre is used.
        reference_language: Its language, a name or code (``auto``, ``all_zh``, ``zh``, ``en``, ``ja``...).
        precision: ``float32``, ``float16`` (weights as official files hold them) or ``int8``.
        device: ``CPU`` or ``Ascend``; None takes Ascend where it works.
        in_process: Compute on a thread of this process, or in a process of its own that is started again if it dies.
        warm_up: Compile everything at the start, instead of when it is first needed.
        settings: Everything else; fields given above win.
        engine: Speak with an engine that is there already, which is then not closed with this object.

    Example::

        with TTS("gpt.ckpt", "sovits.pth", "voice.wav", "What the clip says.", "en") as tts:
            speech = tts.speak("It is going to rain today.", language="en", seed=7)
            print(speech.seconds, speech.segments)
            speech.save("rain.mp3")
            for chunk in tts.stream("And this comes piece by piece.", language="en"):
                ...  # float32 samples at tts.sample_rate
    """

    def __init__(
        self,
        gpt: PathLike | None = None,
        sovits: PathLike | None = None,
        reference: PathLike | Reference | None = None,
        reference_text: str = "",
        reference_language: str = "auto",
        *,
        precision: str = "float16",
        device: str | None = None,
        in_process: bool = True,
        warm_up: bool = False,
        settings: EngineSettings | None = None,
        engine: Engine | None = None,
    ) -> None:
        self.reference = _reference(reference, reference_text, reference_language)
        self.sample_rate = 0
        self._owned = engine is None
        self._own_voices = False
        self._closed = False
        if engine is None:
            weights = _pair(gpt, sovits)
            self._own_voices = starter.language_of(weights.gpt, weights.sovits) is not None
            given = {"weights": weights, "precision": precision, "device_target": device, "warm_up": warm_up}
            fields = {**vars(settings or EngineSettings()), **given}
            engine = open_engine(EngineSettings(**fields), in_process=in_process)
        self.engine = engine

    def speak(self, text: str, language: str = "auto", **options: Any) -> Speech:
        """Speak a text and return all of it.

        Args:
            text: Of any length; it is cut into sentences.
            language: Name or code of its language.
            **options: ``reference`` (with ``reference_text`` and ``reference_language``), ``seed``, ``speed``,
                ``top_k``, ``top_p``, ``temperature``, ``repetition_penalty``, and every other field of
                :class:`~GPT_SoVITS.engine.messages.SynthesisRequest`.

        Raises:
            EngineError: of the kind that says what is wrong: the request, a missing file, or the engine.
        """
        chunks: list[NDArray[np.float32]] = []
        segments: list[SegmentDone] = []
        seed = 0
        for event in self.events(text, language, **options):
            if isinstance(event, Started):
                seed = event.seed
            elif isinstance(event, AudioChunk):
                chunks.append(event.samples)
            elif isinstance(event, SegmentDone):
                segments.append(event)
        warnings = tuple(f"{done.text.strip()!r:.40}: {done.warning}" for done in segments if done.warning)
        spoken = tuple(SpokenSentence(done.text.strip(), done.start, done.end) for done in segments)
        return Speech(np.concatenate(chunks), self.sample_rate, seed, spoken, warnings)

    def stream(self, text: str, language: str = "auto", **options: Any) -> Iterator[NDArray[np.float32]]:
        """Speak a text and yield audio, (N,) float32, as it comes; leaving the loop early stops the computation.

        Arguments and errors as :meth:`speak`. ``streaming`` is :attr:`Streaming.TOKENS` unless it is given: chunks of
        about a second; :attr:`sample_rate` is known when the first one is there.
        """
        options.setdefault("streaming", Streaming.TOKENS)
        for event in self.events(text, language, **options):
            if isinstance(event, AudioChunk):
                yield event.samples

    def events(self, text: str, language: str = "auto", **options: Any) -> Iterator[Event]:
        """Speak a text and yield everything that happens, progress and times included. Arguments as :meth:`speak`."""
        if self._closed:
            raise EngineClosedError("this TTS was closed; open another one")
        for event in stream(self.engine, self._request(text, language, options)):
            if isinstance(event, Started):
                self.sample_rate = event.sample_rate
            if isinstance(event, Failed):
                raise event.error
            yield event
            if isinstance(event, Finished):
                return

    def close(self) -> None:
        """Release everything; speech under way gets ten seconds to finish."""
        self._closed = True
        if self._owned:
            self.engine.close()

    def __enter__(self) -> TTS:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _request(self, text: str, language: str, options: dict[str, Any]) -> SynthesisRequest:
        reference = _reference(
            options.pop("reference", None),
            options.pop("reference_text", ""),
            options.pop("reference_language", "auto"),
        )
        voice = reference or self.reference
        if (
            voice is None
            and self._own_voices
            and (own := starter.voice_for(languages_asked(language, text))) is not None
        ):
            voice = Reference(str(own.clip), own.text, own.language)
            options.setdefault("weights", WeightsPair(*own.pair))
        if voice is None:
            raise InvalidRequestError("there is no voice: give a reference clip to TTS(...) or to this call")
        sampling = {name: options.pop(name) for name in _SAMPLING if name in options}
        try:
            options.setdefault("sampling_open", not sampling and "sampling" not in options)
            if sampling:
                options["sampling"] = SamplingParameters(**sampling)
            return SynthesisRequest(text, language, voice, **options)
        except (TypeError, SamplingError) as error:
            raise InvalidRequestError(str(error)) from error


def _reference(given: PathLike | Reference | None, text: str, language: str) -> Reference | None:
    if given is None or isinstance(given, Reference):
        return given
    return Reference(os.fspath(given), text, language)


def _pair(gpt: PathLike | None, sovits: PathLike | None) -> WeightsPair:
    """Return the weights given; where none are given or installed, those that come with the program."""
    own = starter.pair()
    if own is not None and gpt is sovits is None and not all(map(locate, _OFFICIAL)):
        return WeightsPair(*own)
    return WeightsPair(_weights(gpt, _OFFICIAL[0], "GPT"), _weights(sovits, _OFFICIAL[1], "SoVITS"))


def _weights(given: PathLike | None, resource: str, what: str) -> str:
    """Return the path of a weight file: the given one, else the installed official one."""
    if given is not None:
        return os.fspath(given)
    folder = locate(resource)
    if folder is None:
        raise WeightsMissingError(
            f"no {what} weights are given and none are installed; give a path, or run: "
            + _commands.module("GPT_SoVITS.resources", "fetch", resource)
        )
    return str(folder / load_manifest().get(resource).files[0].name)
