"""The page says what the service says: its words are made from the table."""

from __future__ import annotations

from pathlib import Path

import service
from service.words.__main__ import page_module, sentence


def test_the_words_of_the_page_are_those_of_the_table() -> None:
    path = Path(service.__file__).parents[1] / "web/i18n/errors.js"
    assert path.read_text("utf-8") == page_module(), "make it anew: python -m service.words > web/i18n/errors.js"


def test_the_page_gets_sentences_and_names_of_fields_as_they_are() -> None:
    assert sentence("there is no voice: choose one") == "There is no voice: choose one."
    assert sentence("model_id must have 1 character") == "model_id must have 1 character."
    assert sentence("{field} is empty") == "{field} is empty."
    assert sentence("run: {command}") == "Run: {command}"
