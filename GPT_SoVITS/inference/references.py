"""Reference clips: from a file to what every segment spoken in its voice needs, kept by content."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Generator, Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.audio.decode import check_reference_length, read_audio
from GPT_SoVITS.backend import BackendError
from GPT_SoVITS.cfm.synthesizer import MelPrompt, MelSynthesizer
from GPT_SoVITS.engine.errors import InvalidRequestError, ReferenceAudioError
from GPT_SoVITS.engine.messages import Reference
from GPT_SoVITS.features.errors import FeatureError
from GPT_SoVITS.features.hubert_extractor import with_trailing_silence
from GPT_SoVITS.features.resample import prompt_wave, resample
from GPT_SoVITS.features.spectrogram import (
    SOVITS,
    SpectrogramConfig,
    limit_loudness,
    mel_spectrogram,
    normalise_mel,
    reference_audio,
)
from GPT_SoVITS.inference.bundle import Bundle
from GPT_SoVITS.inference.features import Features
from GPT_SoVITS.inference.frames import encode_phonemes
from GPT_SoVITS.inference.reading import bert_of, check_languages, text_errors
from GPT_SoVITS.sovits.synthesizer import InputError
from GPT_SoVITS.text.cutting import SPLITTERS
from GPT_SoVITS.text.languages import narrowed, resolve_language
from GPT_SoVITS.text.pipeline import default_reader
from GPT_SoVITS.text.symbols import symbol_set
from GPT_SoVITS.versions import version_of

Array = NDArray[np.float32]
Tokens = NDArray[np.int64]
T = TypeVar("T")

LARGEST_FILE = 128 << 20
"""Bytes of a reference file; 10 s in any usual format are below 50 MB."""
LONGEST_AUXILIARY = 10.0
"""Seconds of an auxiliary clip that are looked at, from its beginning."""
SHORTEST_AUXILIARY = 0.5
_PATIENCE = 0.002
"""Seconds that the thread of the networks waits for a file between two other pieces of work."""


@dataclass(frozen=True)
class PreparedReference:
    """A voice, as segments need it.

    Attributes:
        condition: (gin,) float32, timbre for the synthesizer.
        tokens: (P,) int64, semantic prompt; empty without a prompt.
        phonemes: (Tp,) int64, of the prompt's text; empty without a prompt.
        bert: (bert_dim, Tp) float32, features of those phonemes.
        seconds: Length of the clip.
        mel: v3 and v4: what every chunk begins with.
    """

    condition: Array
    tokens: Tokens
    phonemes: Tokens
    bert: Array
    seconds: float
    mel: MelPrompt | None = None


@dataclass(frozen=True)
class Clip:
    """A file's sound, read once; what names it is its content."""

    digest: str
    wave: Array
    rate: int
    channels: int = 1

    @property
    def seconds(self) -> float:
        return len(self.wave) / self.rate


@dataclass(frozen=True)
class _Prompt:
    phonemes: Tokens
    bert: Array


_NO_TOKENS = np.zeros(0, np.int64)


class _Kept(Generic[T]):
    """The values used last, at most so many."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._values: OrderedDict[Hashable, T] = OrderedDict()

    def get(self, key: Hashable) -> T | None:
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: Hashable, value: T) -> T:
        self._values[key] = value
        self._values.move_to_end(key)
        while len(self._values) > self.capacity:
            self._values.popitem(last=False)
        return value

    def drop(self, unwanted: Callable[[Any], bool]) -> None:
        for key in [key for key in self._values if unwanted(key)]:
            del self._values[key]


class References:
    """Prepares voices and keeps the results, by content: file, text, language and weights.

    Args:
        features: The shared networks.
        capacity: Clips, and prompt texts, that are kept; a clip takes about 4 kB, a prompt text up to 1 MB.
    """

    def __init__(self, features: Features, capacity: int = 128) -> None:
        self.features = features
        self._tokens: _Kept[Tokens] = _Kept(capacity)
        self._conditions: _Kept[Array] = _Kept(capacity)
        self._prompts: _Kept[_Prompt] = _Kept(capacity)
        self._mels: _Kept[MelPrompt] = _Kept(capacity)
        # Files and texts are read beside the networks: an odd container, or a first text, may take seconds.
        self._readers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="reference-audio")

    def prepare(
        self, bundle: Bundle, reference: Reference, *, ref_free: bool = False
    ) -> Generator[None, None, PreparedReference]:
        """Prepare a voice, yielding between bounded pieces of work; the generator's value is the result.

        As the official program: the clip's semantic tokens (with 0.6 s of silence after it) and its text are the
        prompt; timbre is the average over the clip and the auxiliary ones. Without text, or with ``ref_free``, there is
        no prompt. An auxiliary clip may have any length from 0.5 s on; its first 10 s count. v3 and v4 always need the
        text, and their timbre is that of the clip alone.

        Raises:
            ReferenceAudioError: a file cannot be read, or the clip is not 3 to 10 s long.
            InvalidRequestError: the text cannot be read aloud, or there is none where the version needs it.
            WeightsMissingError: a network that is needed is not installed.
        """
        version = version_of(bundle.version)
        wanted = bool(reference.text.strip()) and not ref_free
        if version.needs_prompt and not wanted:
            raise InvalidRequestError(
                f"{version.name} continues the reference and needs its text; give prompt_text, without ref_free"
            )
        clip = yield from self._read(reference.path, check=True)
        others = []
        for path in () if version.mel is not None else reference.auxiliary:
            others.append((yield from self._read(path, check=False)))  # noqa: PERF401  (a generator cannot be delegated to in a comprehension)
        prompt, tokens = _no_prompt(bundle), _NO_TOKENS
        if wanted:
            prompt = yield from self._prompt(bundle, reference)
            yield
            tokens = yield from self._semantic(bundle, clip)
        conditions = []
        for each in (clip, *others):
            conditions.append((yield from self._condition(bundle, each)))  # noqa: PERF401
        condition = np.mean(conditions, axis=0, dtype=np.float32)
        mel = None
        if isinstance(bundle.synthesizer, MelSynthesizer):
            mel = self._mel(bundle, bundle.synthesizer, clip, tokens, prompt, condition)
            yield
        return PreparedReference(condition, tokens, prompt.phonemes, prompt.bert, clip.seconds, mel)

    def forget(self, bundle: Bundle) -> None:
        """Drop what was computed with a bundle that is being released."""
        self._tokens.drop(lambda key: key[0] == bundle.key)
        self._conditions.drop(lambda key: key[0] == bundle.key)
        self._mels.drop(lambda key: key[0] == bundle.key)

    def close(self) -> None:
        """End the reading threads."""
        self._readers.shutdown(wait=False, cancel_futures=True)

    def _read(self, path: str, *, check: bool) -> Generator[None, None, Clip]:
        return (yield from self._beside(lambda: read_clip(path, check=check)))

    def _beside(self, work: Callable[[], T]) -> Generator[None, None, T]:
        """Have something done on a reading thread, yielding until it is, so that everything else goes on."""
        pending = self._readers.submit(work)
        while not wait([pending], timeout=_PATIENCE).done:
            yield
        return pending.result()

    def _prompt(self, bundle: Bundle, reference: Reference) -> Generator[None, None, _Prompt]:
        with text_errors():
            language = resolve_language(reference.language, bundle.version)
        language = narrowed(language, reference.text, bundle.languages)
        text = prompt_text(reference.text, language)
        width = bundle.decoder.config.bert_dim
        key = (symbol_set(bundle.version), language, text, width, bundle.languages)
        known = self._prompts.get(key)
        if known is not None:
            return known
        # Beside the networks: a language's dictionaries are read at its first text, which takes seconds.
        with text_errors():
            sentence = yield from self._beside(lambda: default_reader().read(text, language, bundle.version))
        check_languages([sentence], bundle.languages, transcript=True)
        bert = bert_of(sentence, self.features, width)
        return self._prompts.put(key, _Prompt(np.array(sentence.phone_ids, np.int64), bert))

    def _semantic(self, bundle: Bundle, clip: Clip) -> Generator[None, None, Tokens]:
        key = (bundle.key, clip.digest)
        known = self._tokens.get(key)
        if known is not None:
            return known
        with _audio_errors():
            wave = with_trailing_silence(prompt_wave(clip.wave, clip.rate))
            encoder = bundle.companions.content_encoder
            hubert = self.features.hubert(encoder)
            yield
            unloaded = self.features.unloaded_hubert(encoder)
            if unloaded is not None:  # read beside the networks, so that streams go on
                yield from self._beside(unloaded.loaded)
            features = hubert(wave)[0].T  # (frames, hidden) -> (hidden, frames)
            yield
            return self._tokens.put(key, bundle.synthesizer.extract_tokens(features))

    def _condition(self, bundle: Bundle, clip: Clip) -> Generator[None, None, Array]:
        key = (bundle.key, clip.digest)
        known = self._conditions.get(key)
        if known is not None:
            return known
        with _audio_errors():
            audio = reference_audio(clip.wave, clip.rate)
            yield
            speakers = []
            if bundle.synthesizer.config.is_pro:
                speakers.append(self.features.speaker_verifier()(audio.wave_16k())[0])
                yield
            condition = bundle.synthesizer.condition([audio.spectrogram[0]], speakers)
        return self._conditions.put(key, np.asarray(condition, np.float32))

    def _mel(
        self, bundle: Bundle, voice: MelSynthesizer, clip: Clip, tokens: Tokens, prompt: _Prompt, timbre: Array
    ) -> MelPrompt:
        key = (bundle.key, clip.digest, prompt.phonemes.tobytes())
        known = self._mels.get(key)
        if known is not None:
            return known
        frames = voice.cfm.frames
        with _audio_errors():
            wave = resample(mel_wave(clip), clip.rate, frames.sample_rate)
            mel = mel_spectrogram(wave, SpectrogramConfig(frames.sample_rate, frames.fft, frames.hop, voice.cfm.mel))
            content = voice.content(tokens, encode_phonemes(voice, prompt.phonemes), timbre)
            condition = voice.mel_condition(content, timbre, len(tokens))
        return self._mels.put(key, voice.prompt(normalise_mel(mel)[0], condition))


def _no_prompt(bundle: Bundle) -> _Prompt:
    return _Prompt(np.zeros(0, np.int64), np.zeros((bundle.decoder.config.bert_dim, 0), np.float32))


def mel_wave(clip: Clip) -> Array:
    """Return the wave that a clip's mel spectrogram is made of, at the clip's rate.

    The official program limits the loudness of what timbre is made from. Where that needs no other rate and no mixing
    of channels it is the same memory, so that there, and only there, the mel spectrogram is limited as well.
    """
    shared = clip.channels == 1 and clip.rate == SOVITS.sample_rate
    return limit_loudness(clip.wave) if shared else clip.wave


def read_clip(path: str, *, check: bool) -> Clip:
    """Read a reference file; needs no network, so any thread may.

    Args:
        path: The file.
        check: Whether it has to be 3 to 10 s long; else it is cut to its first 10 s.

    Raises:
        ReferenceAudioError: it cannot be read, or is too short or too long.
    """
    content = _content(Path(path))
    channels, rate = read_audio(content, mono=False)
    wave = channels[0] if len(channels) == 1 else channels.mean(axis=0, dtype=np.float32)
    seconds = len(wave) / rate
    if check:
        check_reference_length(seconds)
    elif seconds < SHORTEST_AUXILIARY:
        raise ReferenceAudioError(
            f"the auxiliary audio {Path(path).name!r} is {seconds:.2f} s long; {SHORTEST_AUXILIARY} s are needed"
        )
    digest = hashlib.blake2b(content, digest_size=20).hexdigest()
    return Clip(digest, wave if check else wave[: int(LONGEST_AUXILIARY * rate)], rate, len(channels))


def _content(path: Path) -> bytes:
    """A file's bytes; by content it is known again, and what is decoded is what was hashed."""
    try:
        size = path.stat().st_size if path.is_file() else None
        if size is not None and size <= LARGEST_FILE:
            return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ReferenceAudioError(f"the audio file {path.name!r} cannot be read: {reason}") from None
    if size is None:
        raise ReferenceAudioError(f"there is no audio file {path.name!r}; check the path")
    raise ReferenceAudioError(
        f"the audio file {path.name!r} has {size >> 20} MB, at most {LARGEST_FILE >> 20} are read; cut it first"
    )


def prompt_text(text: str, language: str) -> str:
    """Return a reference's text as it is read: without blank lines around it, with a full stop at its end."""
    stripped = text.strip()
    return stripped if stripped[-1] in SPLITTERS else stripped + ("." if language == "en" else "。")


@contextmanager
def _audio_errors() -> Iterator[None]:
    """Turn what the networks say about a wave into an error of the reference."""
    try:
        yield
    except (FeatureError, InputError, BackendError) as error:
        raise ReferenceAudioError(f"the reference audio cannot be used: {error}") from error
