"""What a request comes down to: segments of text that can be spoken one by one, in any order, with their numbers."""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.cfm.sampler import LEAST_STEPS, MOST_STEPS
from GPT_SoVITS.engine.errors import InvalidRequestError
from GPT_SoVITS.engine.messages import Streaming, SynthesisRequest
from GPT_SoVITS.inference.attempts import Purpose, generator_for, token_limit, tokens_per_phoneme
from GPT_SoVITS.inference.bundle import Bundle
from GPT_SoVITS.inference.features import Features
from GPT_SoVITS.inference.frames import LONGEST_TEXT
from GPT_SoVITS.inference.reading import bert_of, check_languages, text_errors
from GPT_SoVITS.inference.references import PreparedReference
from GPT_SoVITS.t2s.backend import DecodeInput
from GPT_SoVITS.t2s.decoding import MAX_STEPS, Row
from GPT_SoVITS.text.cutting import SPLITTERS
from GPT_SoVITS.text.errors import EmptyTextError
from GPT_SoVITS.text.languages import narrowed, resolve_cutting, resolve_language, resolve_reading
from GPT_SoVITS.text.pipeline import Reader, Sentence, reader_of
from GPT_SoVITS.text.reading.unspoken import told
from GPT_SoVITS.versions import NEWEST, version_of

Tokens = NDArray[np.int64]

SPEEDS = (0.25, 4.0)
LONGEST_INTERVAL = 60.0
MOST_ATTEMPTS = 10
CHUNK_LENGTHS = (4, 500)
LARGEST_SEED = 2**63 - 1
EARLY_STOP_HZ = 50
"""The official early stop is so many tokens per second of the checkpoint's ``max_sec``, though there are 25."""
LONGEST_SEGMENT = 1000
"""Tokens (40 s) that a segment may be expected to take; a longer one is cut in two."""


def _within(name: str, value: float, lowest: float, highest: float, unit: str = "") -> None:
    if not (math.isfinite(value) and lowest <= value <= highest):
        raise InvalidRequestError(
            f"{name} is {value:g}, expected {lowest:g} to {highest:g}{unit}",
            code="setting_out_of_range",
            field=name,
            found=f"{value:g}",
            lowest=f"{lowest:g}",
            highest=f"{highest:g}{unit}",
        )


def validate(request: SynthesisRequest) -> None:
    """Check what can be checked without weights and without reading the text; quick, needs no MindSpore.

    Raises:
        InvalidRequestError: a field is out of range, or the language or cutting method is unknown.
    """
    _within("speed", request.speed, *SPEEDS)
    _within("fragment_interval", request.fragment_interval, 0, LONGEST_INTERVAL, " s")
    _within("max_attempts", request.max_attempts, 1, MOST_ATTEMPTS)
    if request.seed is not None:
        _within("seed", request.seed, 0, LARGEST_SEED)
    if request.streaming in (Streaming.TOKENS, Streaming.TOKENS_FAST):
        _within("min_chunk_length", request.min_chunk_length, *CHUNK_LENGTHS, " tokens")
        _within("overlap_length", request.overlap_length, 0, request.min_chunk_length - 1, " tokens")
    with text_errors():
        resolve_language(request.language, NEWEST)
        resolve_cutting(request.how_to_cut)
        resolve_reading(request.reading)
        if request.reference.text and not request.ref_free:
            resolve_language(request.reference.language, NEWEST)
        if not request.text.strip():
            raise EmptyTextError("the text is empty; give at least one word")


@dataclass(frozen=True)
class SegmentPlan:
    """A part of the text that is spoken in one go.

    Attributes:
        index: Its place among all segments of the request.
        sentence: Its text and phonemes.
        reference: The voice.
        request: The request it belongs to.
        seed: The request's, in use.
        expected_tokens: Estimate of its length in semantic tokens.
        token_limit: Tokens after which decoding is given up.
        eos: The end token.
    """

    index: int
    sentence: Sentence
    reference: PreparedReference = field(repr=False)
    request: SynthesisRequest = field(repr=False)
    seed: int
    expected_tokens: int
    token_limit: int
    eos: int

    @property
    def text(self) -> str:
        """What is spoken."""
        return self.sentence.text

    @property
    def remark(self) -> str | None:
        """What is not as its writer may expect: words that are left out."""
        return told(self.sentence.left_out) if self.sentence.left_out else None

    @property
    def silence(self) -> float:
        """Seconds of silence after it: what the text asks for, else what the request does."""
        asked = self.sentence.pause
        return self.request.fragment_interval if asked is None else asked

    @property
    def lead(self) -> float:
        """Seconds of silence before it."""
        return self.sentence.lead

    @property
    def speed(self) -> float:
        """The request's pace, or slower or faster where the text asks for it."""
        return min(max(self.request.speed * self.sentence.rate, SPEEDS[0]), SPEEDS[1])

    @property
    def phonemes(self) -> Tokens:
        """Phoneme ids (L,) of the text, without the prompt's."""
        return np.array(self.sentence.phone_ids, np.int64)

    def decode_input(self, features: Features) -> DecodeInput:
        """Return what the decoder is prefilled with; runs RoBERTa for Chinese text.

        Raises:
            WeightsMissingError: RoBERTa is needed and not there.
        """
        prompt = self.reference
        phonemes = np.concatenate([prompt.phonemes, self.phonemes])
        columns = np.concatenate([prompt.bert, bert_of(self.sentence, features, len(prompt.bert))], axis=1)
        return DecodeInput(phonemes, columns, prompt.tokens)

    def row(self, attempt: int = 1) -> Row:
        """Return the sequence to decode, with this attempt's own random numbers and the segment's limit."""
        rng = generator_for(self.seed, self.index, attempt, Purpose.TOKENS)
        return Row(self.reference.tokens, self.eos, self.request.sampling, rng, self.token_limit)

    def noise(self, attempt: int = 1) -> np.random.Generator:
        """Return the generator of the latent noise; drawn frame by frame, so a part does not depend on the length."""
        return generator_for(self.seed, self.index, attempt, Purpose.NOISE)


@dataclass(frozen=True)
class RequestPlan:
    """A request, ready to be spoken.

    Attributes:
        request: As it came.
        seed: The one in use.
        segments: All of them, also those that were not asked for.
        wanted: Indices of those to speak, rising.
        sample_rate: Of the audio, in Hz.
    """

    request: SynthesisRequest
    seed: int
    segments: tuple[SegmentPlan, ...]
    wanted: tuple[int, ...]
    sample_rate: int

    @property
    def texts(self) -> tuple[str, ...]:
        """The text of every segment."""
        return tuple(segment.text for segment in self.segments)


def plan(
    request: SynthesisRequest, bundle: Bundle, reference: PreparedReference, reader: Reader | None = None
) -> RequestPlan:
    """Cut a request's text into segments and number them.

    A segment that would take more than 40 s, or that does not fit into the decoder's cache together with the prompt, is
    cut further whatever the cutting method (the official program fails or loses the rest there).

    Args:
        request: Checked by :func:`validate`.
        bundle: What it is spoken with.
        reference: Its voice.
        reader: Reads texts; the voice's when None.

    Raises:
        InvalidRequestError: the text cannot be spoken, the weights do not know the language, there is no such
            segment, or the prompt leaves no room.
        WeightsMissingError: a package of the language, or what raises the rate, is not installed.
    """
    validate(request)
    if request.sampling_open and bundle.decoder.config.sampling is not None:
        request = replace(request, sampling=bundle.decoder.config.sampling)
    if version_of(bundle.version).mel is not None:
        _within("sample_steps", request.sample_steps, LEAST_STEPS, MOST_STEPS)
    raised = bundle.extension() if request.super_sampling and bundle.extension is not None else None
    reader = reader or reader_of(request.reference.path)
    with text_errors():
        text = request.text.strip("\n")
        language = narrowed(resolve_language(request.language, bundle.version), text, bundle.languages)
        planner = _Planner(replace(request, language=language), bundle, reference, reader)
        cut = reader.prepare(text, language, bundle.version, request.how_to_cut, request.reading)
        sentences = [part for sentence in cut for part in planner.fitting(sentence)]
    check_languages(sentences, bundle.languages)
    segments = tuple(planner.segment(i, sentence) for i, sentence in enumerate(sentences))
    wanted = tuple(range(len(segments))) if request.segments is None else tuple(sorted(set(request.segments)))
    if not wanted or wanted[0] < 0 or wanted[-1] >= len(segments):
        raise InvalidRequestError(f"segments {wanted} were asked for; the text has 0 to {len(segments) - 1}")
    rate = bundle.sample_rate if raised is None else raised.rate
    return RequestPlan(request, planner.seed, segments, wanted, rate)


class _Planner:
    """What all segments of a request have in common."""

    def __init__(self, request: SynthesisRequest, bundle: Bundle, reference: PreparedReference, reader: Reader) -> None:
        self.request, self.reference, self.reader, self.version = request, reference, reader, bundle.version
        self.seed = secrets.randbelow(2**32) if request.seed is None else request.seed
        config = bundle.decoder.config
        self.eos = config.eos
        self.early_stop = min(int(EARLY_STOP_HZ * config.max_sec), MAX_STEPS)
        self.room = bundle.decoder.max_length - len(reference.phonemes) - len(reference.tokens)
        self.rate = tokens_per_phoneme(len(reference.tokens), len(reference.phonemes))

    def _expected(self, sentence: Sentence) -> int:
        return max(round(self.rate * len(sentence.phone_ids)), 1)

    def fitting(self, sentence: Sentence) -> list[Sentence]:
        """Cut a sentence in two, again and again, until every part fits."""
        expected = self._expected(sentence)
        needed = len(sentence.phone_ids) + 2 * expected
        short = expected <= LONGEST_SEGMENT and len(sentence.phone_ids) <= LONGEST_TEXT
        if short and needed <= self.room:
            return [sentence]
        if len(sentence.text.strip()) < 2:
            raise InvalidRequestError(
                f"the reference's text and audio take {-self.room} entries more than the decoder holds beside the "
                "text; give less reference text"
                if self.room <= 0
                else f"{sentence.text!r:.40} has {len(sentence.phone_ids)} phonemes, for which there is no room"
            )
        read = [part for half in halve(sentence.text) if half.strip() for part in self._read(half)]
        parts = [part for half in read for part in self.fitting(replace(half, rate=sentence.rate))]
        if not parts:
            return []
        missing = tuple(word for word in sentence.left_out if all(word not in part.left_out for part in parts))
        parts[-1] = replace(parts[-1], pause=sentence.pause, left_out=parts[-1].left_out + missing)
        parts[0] = replace(parts[0], lead=sentence.lead)
        return parts

    def _read(self, text: str) -> list[Sentence]:
        language, reading = self.request.language, self.request.reading
        try:
            return self.reader.prepare(text, language, self.version, "cut0", reading)
        except EmptyTextError:
            return []

    def segment(self, index: int, sentence: Sentence) -> SegmentPlan:
        """Return the plan of a sentence that fits."""
        expected = self._expected(sentence)
        room = self.room - len(sentence.phone_ids) - 1
        limit = max(min(token_limit(expected), self.early_stop, room), 1)
        return SegmentPlan(index, sentence, self.reference, self.request, self.seed, expected, limit, self.eos)


def halve(text: str) -> tuple[str, str]:
    """Cut a text after the splitter nearest to its middle, else at the nearest space, else in the middle."""
    middle = len(text) // 2
    for signs in (SPLITTERS, frozenset(" ")):
        places: list[Any] = [i + 1 for i, char in enumerate(text[:-1]) if char in signs]
        if places:
            place = min(places, key=lambda i: abs(i - middle))
            return text[:place], text[place:]
    return text[:middle], text[middle:]
