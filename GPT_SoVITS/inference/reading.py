"""Texts as the decoder reads them, for segments and prompts alike: errors of the engine, features of sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.engine.errors import InvalidRequestError, WeightsMissingError
from GPT_SoVITS.inference.features import Features
from GPT_SoVITS.inference.progress import Step
from GPT_SoVITS.text.errors import MissingResourceError, TextError
from GPT_SoVITS.text.frontend import FRONT_ENDS
from GPT_SoVITS.text.pipeline import BERT_CHANNELS, BertFeature, Sentence, default_reader

FIRST_TEXTS = {"all_zh": ("Chinese", "好。"), "en": ("English", "Well.")}
"""Text language -> its name and a text. Their dictionaries are read while weights load: Chinese takes two seconds of
computing, far more on a busy machine. Japanese and Korean take a tenth of a second, and Cantonese 70 MB of memory, so
that they wait for a first text."""


@contextmanager
def text_errors() -> Iterator[None]:
    """Turn what the text front end raises into errors of the engine."""
    try:
        yield
    except MissingResourceError as error:
        raise WeightsMissingError(str(error)) from error
    except TextError as error:
        raise InvalidRequestError(str(error), code=error.code) from error


def check_languages(sentences: Iterable[Sentence], spoken: Sequence[str], *, transcript: bool = False) -> None:
    """Refuse texts in languages that weights were not trained on.

    Args:
        sentences: Read.
        spoken: Codes of the languages that the weights speak; empty for all.
        transcript: They are what is said in a reference.

    Raises:
        InvalidRequestError: a part of a text is in another language.
    """
    if not spoken:
        return
    found = {part.language for sentence in sentences for part in sentence.segments if part.phones}
    unknown = sorted(code for code in found if code in FRONT_ENDS and code not in spoken)
    if unknown:
        what, other = ("what is said in the reference", "reference") if transcript else ("the text", "language")
        message = (
            f"these weights speak {', '.join(spoken)} only, and {what} has {', '.join(unknown)}; "
            f"choose other weights, or another {other}"
        )
        params = {"found": ", ".join(unknown), "spoken": ", ".join(spoken)}
        if transcript:
            raise InvalidRequestError(message, code="transcript_not_trained", **params)
        raise InvalidRequestError(message, code="language_not_trained", **params)


def bert_of(sentence: Sentence, features: Features, width: int = BERT_CHANNELS) -> NDArray[np.float32]:
    """Return the phoneme features (width, L) of a sentence; RoBERTa is loaded only if some of it is Chinese.

    Args:
        sentence: Read.
        features: Has RoBERTa.
        width: Channels that the decoder reads; one of another number than RoBERTa's was trained without its features.
    """
    if width != BERT_CHANNELS:
        return np.zeros((width, len(sentence.phone_ids)), np.float32)
    feature: BertFeature | None = None
    if any(segment.needs_bert for segment in sentence.segments):
        feature = features.phone_features()
    return sentence.bert(feature)


def read_dictionaries(version: str, step: Step) -> None:
    """Read a first text of the usual languages, so that no request waits for their dictionaries.

    Args:
        version: Of the weights.
        step: Called before each language. What a language lacks is told when a text needs it.
    """
    for code, (name, text) in FIRST_TEXTS.items():
        step(f"reading the {name} dictionaries")
        with suppress(TextError):
            default_reader().read(text, code, version)
