"""A text and its language to sentences of phonemes: what the engine, the command line and the preview share.

Agrees with ``TextPreprocessor`` of the official program (``preprocess`` and ``get_phones_and_bert``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from GPT_SoVITS.text.cleaning import Cleaner, FrontEnds
from GPT_SoVITS.text.frontend import front_end
from GPT_SoVITS.text.languages import resolve_cutting, resolve_language, resolve_reading
from GPT_SoVITS.text.pieces import official_pieces
from GPT_SoVITS.text.reading import NATURAL
from GPT_SoVITS.text.reading.frontends import natural_front_end
from GPT_SoVITS.text.reading.natural import Part, Passage, natural_passages
from GPT_SoVITS.text.reading.unspoken import nothing_spoken
from GPT_SoVITS.text.segmenters import segmenter_named
from GPT_SoVITS.text.settling import settle
from GPT_SoVITS.text.stretches import Segmenter, Stretch
from GPT_SoVITS.text.symbols import PAD, PAUSES, PUNCTUATION, UNK, symbol_set, to_ids
from GPT_SoVITS.text.userdict import FILE, UserDictionary, installation_dictionary, voice_dictionary

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BERT_CHANNELS = 1024
# (norm_text, word2ph) -> float32 [1024, sum(word2ph)]: one column per phoneme.
BertFeature = Callable[[str, list[int]], "NDArray[np.float32]"]

_FEWEST_PHONES = 6
_SILENT = frozenset({PAD, UNK, *PAUSES, *PUNCTUATION, "停", "空"})
_SPACES = re.compile(" {2,}")


@dataclass(frozen=True)
class Segment:
    """Part of a sentence that one language's front end read.

    Attributes:
        language: ``zh``, ``en``, ``ja``, ``ko`` or ``yue`` (or what the segmenter calls a text of signs only).
        text: As it stood in the sentence.
        norm_text: As it was read.
        phones: Symbols of the version.
        phone_ids: Their embedding numbers.
        word2ph: Phonemes per character of ``norm_text``; None for languages without character alignment.
    """

    language: str
    text: str
    norm_text: str
    phones: list[str]
    phone_ids: list[int]
    word2ph: list[int] | None

    @property
    def needs_bert(self) -> bool:
        """Whether its columns of the BERT feature are computed; those of other languages are zeros."""
        return self.language == "zh" and bool(self.phones)


@dataclass(frozen=True)
class Sentence:
    """What is synthesised in one go.

    Attributes:
        text: The sentence after cutting.
        segments: Its parts, in order.
        pause: Seconds of silence after it that the text asks for, None when it asks for none.
        rate: Its pace that the text asks for, 1 when it asks for none.
        lead: Seconds of silence before it that the text asks for.
        left_out: What stands in it, or beside it, and is read by no front end; of the natural reading.
    """

    text: str
    segments: tuple[Segment, ...]
    pause: float | None = None
    rate: float = 1.0
    lead: float = 0.0
    left_out: tuple[str, ...] = ()

    @cached_property
    def norm_text(self) -> str:
        """The text as it was read."""
        return "".join(segment.norm_text for segment in self.segments)

    @cached_property
    def phones(self) -> list[str]:
        """The symbols of all segments."""
        return [phone for segment in self.segments for phone in segment.phones]

    @cached_property
    def phone_ids(self) -> list[int]:
        """The embedding numbers of all segments."""
        return [number for segment in self.segments for number in segment.phone_ids]

    @property
    def is_spoken(self) -> bool:
        """Whether there is a phoneme that sounds."""
        return any(phone not in _SILENT for phone in self.phones)

    def bert(self, feature: BertFeature | None = None) -> NDArray[np.float32]:
        """Return the BERT feature, float32 ``[1024, len(phones)]``.

        Args:
            feature: Computes the columns of a Chinese segment; without it they are zeros as well.

        Raises:
            ValueError: ``feature`` answered with another shape.
        """
        import numpy as np

        columns = np.zeros((BERT_CHANNELS, len(self.phone_ids)), np.float32)
        start = 0
        for segment in self.segments:
            end = start + len(segment.phone_ids)
            if feature is not None and segment.needs_bert and segment.word2ph is not None:
                found = feature(segment.norm_text, segment.word2ph)
                if found.shape != (BERT_CHANNELS, end - start):
                    raise ValueError(
                        f"the BERT feature of {segment.norm_text!r:.80} has shape {found.shape}, "
                        f"expected {(BERT_CHANNELS, end - start)}"
                    )
                columns[:, start:end] = found
            start = end
        return columns


class Reader:
    """Reads texts aloud as far as the phonemes. Threads may share it.

    Args:
        dictionaries: The user's dictionaries; a later one (the voice's) wins over an earlier one.
        segmenter: Divides mixed text by language; the configured one when None.
        front_ends: Gives the front end of a language for a symbol set.
    """

    def __init__(
        self,
        dictionaries: Sequence[UserDictionary] = (),
        segmenter: Segmenter | None = None,
        front_ends: FrontEnds = front_end,
    ) -> None:
        self._cleaner = Cleaner(dictionaries, front_ends)
        self._segmenter = segmenter or segmenter_named()
        natural = natural_front_end if front_ends is front_end else front_ends
        self._natural_cleaner = Cleaner(dictionaries, natural)

    def stretches(self, text: str, language: str) -> list[Stretch]:
        """Return the parts of a sentence with the language of the front end that reads each.

        Args:
            text: A sentence.
            language: Code of a text language.

        Raises:
            TextError: the text cannot be divided (blank, not Unicode, a package is missing).
        """
        if language == "en":
            return [Stretch("en", text)]
        if language in ("all_zh", "all_ja", "all_ko"):
            return self._segmenter(text, language.removeprefix("all_"))
        if language == "all_yue":
            return _cantonese(self._segmenter(text, "zh"))
        if language == "auto":
            return self._segmenter(text, "")
        if language == "auto_yue":
            return _cantonese(self._segmenter(text, ""))
        return _english_or_not(self._segmenter(text, ""), language)

    def read(self, text: str, language: str, version: str = "v2") -> Sentence:
        """Return one sentence's phonemes; a sentence of fewer than six is read with a full stop before it.

        Args:
            text: A sentence.
            language: Code or name of a text language.
            version: Model version.

        Raises:
            UnsupportedLanguageError: the version does not speak the language.
            TextError: the text cannot be read; its subclasses say why.
        """
        code = resolve_language(language, version)
        text = _SPACES.sub(" ", text)
        segments = self._segments(text, code, version)
        if sum(len(segment.phones) for segment in segments) < _FEWEST_PHONES:
            segments = self._segments("." + text, code, version)
        return Sentence(text, tuple(segments))

    def _segments(self, text: str, language: str, version: str) -> list[Segment]:
        return [self._segment(stretch, version) for stretch in self.stretches(text, language)]

    def _segment(self, stretch: Stretch, version: str) -> Segment:
        spoken = self._cleaner.clean(stretch.text, stretch.language, version)
        ids = to_ids(spoken.phones, symbol_set(version))
        return Segment(stretch.language, stretch.text, spoken.norm_text, spoken.phones, ids, spoken.word2ph)

    def prepare(
        self,
        text: str,
        language: str,
        version: str = "v2",
        how_to_cut: str = "cut5",
        reading: str = NATURAL,
    ) -> list[Sentence]:
        """Return the sentences of a text, ready for synthesis.

        Args:
            text: What is to be read. Lone surrogates are left out, stretches of more than 510 characters without a
                splitter are cut at a space or else anywhere.
            language: Code or name of a text language.
            version: Model version.
            how_to_cut: Code or name of a cutting method.
            reading: ``natural``, or ``official`` for what the official program would read, faults included.

        Returns:
            At least one sentence; those without a sound are left out.

        Raises:
            UnsupportedLanguageError: the version does not speak the language.
            UnknownCuttingError: there is no such cutting method.
            EmptyTextError: nothing in the text can be spoken.
            UnknownReadingError: there is no such reading.
            TextError: the text cannot be read; its subclasses say why.
        """
        code = resolve_language(language, version)
        method = resolve_cutting(how_to_cut)
        if resolve_reading(reading) == NATURAL:
            passages = natural_passages(text, code, version, method)
            return _spoken((self._passage(passage, version) for passage in passages), code)
        return _spoken((self.read(piece, code, version) for piece in official_pieces(text, code, method)), code)

    def _passage(self, passage: Passage, version: str) -> Sentence:
        """Return the phonemes of a passage; one of fewer than six is read with a full stop before it."""
        segments = self._parts(passage.parts, version)
        if sum(len(segment.phones) for segment in segments) < _FEWEST_PHONES:
            first, *others = passage.parts
            segments = self._parts((first.led("."), *others), version)
        return Sentence(passage.text, tuple(segments), passage.pause, passage.rate, passage.lead, passage.left_out)

    def _parts(self, parts: Sequence[Part], version: str) -> list[Segment]:
        return [self._part(part, version, alone=len(parts) == 1) for part in parts]

    def _part(self, part: Part, version: str, *, alone: bool) -> Segment:
        spoken = self._natural_cleaner.clean(
            _SPACES.sub(" ", part.spoken) if not part.pins else part.spoken,
            part.language,
            version,
            part.pins,
            led=alone,
        )
        ids = to_ids(spoken.phones, symbol_set(version))
        return Segment(part.language, part.text, spoken.norm_text, spoken.phones, ids, spoken.word2ph)


def _spoken(sentences: Iterable[Sentence], code: str) -> list[Sentence]:
    spoken, unsaid = _with_unsaid(sentences)
    settle(segment.language for sentence in spoken for segment in sentence.segments)
    if not spoken:
        raise nothing_spoken(code, unsaid)
    return spoken


def _with_unsaid(sentences: Iterable[Sentence]) -> tuple[list[Sentence], tuple[str, ...]]:
    """Return the sentences with a sound, each with what was left out before it; and what no sentence follows."""
    spoken: list[Sentence] = []
    unsaid: tuple[str, ...] = ()
    for sentence in sentences:
        unsaid += sentence.left_out
        if sentence.norm_text and sentence.is_spoken:
            spoken.append(replace(sentence, left_out=unsaid) if unsaid else sentence)
            unsaid = ()
    if unsaid and spoken:
        spoken[-1] = replace(spoken[-1], left_out=spoken[-1].left_out + unsaid)
        unsaid = ()
    return spoken, unsaid


def _cantonese(stretches: list[Stretch]) -> list[Stretch]:
    return [Stretch("yue", stretch.text) if stretch.language == "zh" else stretch for stretch in stretches]


def _english_or_not(stretches: list[Stretch], language: str) -> list[Stretch]:
    """Join neighbours that are not English and let the chosen language read them."""
    groups: list[tuple[str, list[str]]] = []
    for stretch in stretches:
        reader = "en" if stretch.language == "en" else language
        if groups and groups[-1][0] == reader:
            groups[-1][1].append(stretch.text)
        else:
            groups.append((reader, [stretch.text]))
    return [Stretch(reader, "".join(texts)) for reader, texts in groups]


@lru_cache(maxsize=1)
def default_reader() -> Reader:
    """Return the reader with the installation's dictionary and the configured segmenter."""
    return Reader([installation_dictionary()])


@lru_cache(maxsize=256)
def _voice_reader(folder: str) -> Reader:
    return Reader([installation_dictionary(), UserDictionary(Path(folder) / FILE)])


def reader_of(reference: str) -> Reader:
    """Return the reader of a voice: its dictionary lies beside its reference audio and wins over the installation's."""
    if not reference or voice_dictionary(reference) is None:
        return default_reader()
    return _voice_reader(str(Path(reference).parent))


def prepare(
    text: str, language: str, version: str = "v2", how_to_cut: str = "cut5", reading: str = NATURAL
) -> list[Sentence]:
    """Return the sentences of a text, ready for synthesis; see ``Reader.prepare``."""
    return default_reader().prepare(text, language, version, how_to_cut, reading)
