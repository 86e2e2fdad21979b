"""Texts as the decoder reads them, for segments and prompts alike: errors of the engine, features of sentences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS.engine.errors import InvalidRequestError, WeightsMissingError
from GPT_SoVITS.inference.features import Features
from GPT_SoVITS.inference.progress import Step
from GPT_SoVITS.text.errors import MissingResourceError, TextError
from GPT_SoVITS.text.pipeline import BertFeature, Sentence, default_reader

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
        raise InvalidRequestError(str(error)) from error


def bert_of(sentence: Sentence, features: Features) -> NDArray[np.float32]:
    """Return the phoneme features (1024, L) of a sentence; RoBERTa is loaded only if some of it is Chinese."""
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
