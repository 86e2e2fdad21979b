"""Words with parts of speech, as jieba finds them.

The tone rules read both, and only jieba's own tags give the official result. The dictionary and the tables are
jieba's; the tokenizer is one of our own, so that nothing else in the process can change its words, and its cache lies
in a private folder (jieba's lies in the common temporary folder and is loaded with ``marshal``).
"""

from __future__ import annotations

import importlib
import logging
import os
import re
import threading
import warnings
from math import inf, log
from pathlib import Path
from typing import Any, NamedTuple

from GPT_SoVITS import _commands
from GPT_SoVITS.text.chinese.parts import WordParts, spans
from GPT_SoVITS.text.chinese.viterbi import TagModel
from GPT_SoVITS.text.errors import MissingResourceError

_BLOCK = re.compile(r"([\u4e00-\u9fd5.]+)")  # jieba searches words in Chinese characters and full stops
_HAN = re.compile(r"([\u4e00-\u9fd5]+)")
_UNKNOWN_TAG, _NUMBER_TAG = "x", "m"


class Word(NamedTuple):
    """A word and its part of speech (jieba's tag, e.g. ``n``, ``v``, ``nr``)."""

    text: str
    tag: str


def _cache_folder() -> str | None:
    """A folder that only this user can write, or None where there is none."""
    try:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder = base / "gpt-sovits-text"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = folder.stat()
    except (OSError, RuntimeError):  # read-only, or a user without a home
        return None
    private = not state.st_mode & 0o022 and (not hasattr(os, "getuid") or state.st_uid == os.getuid())
    return str(folder) if private and os.access(folder, os.W_OK) else None


def _import_jieba() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old escapes in its source, and pkg_resources
            importlib.import_module("jieba.posseg")
            jieba: Any = importlib.import_module("jieba")
    except ModuleNotFoundError as error:
        raise MissingResourceError(
            f"Chinese needs the package jieba: {_commands.pip_install('jieba==0.42.1')}"
        ) from error
    jieba.setLogLevel(logging.ERROR)
    return jieba


def _tokenizer(jieba: Any) -> Any:
    """A loaded tokenizer; without a private folder its dictionary is built anew in each process."""
    tokenizer = jieba.Tokenizer()
    tokenizer.tmp_dir = _cache_folder()
    tokenizer.cache_file = f"jieba-{jieba.__version__}.cache"
    if tokenizer.tmp_dir is None:
        tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
        tokenizer.initialized = True
    else:
        tokenizer.initialize()
    return tokenizer


class Segmenter:
    """Cuts Chinese text into tagged words. One instance serves all threads."""

    def __init__(self) -> None:
        jieba = _import_jieba()
        self._tokenizer = _tokenizer(jieba)
        tagger = jieba.posseg
        self._tags: dict[str, str] = tagger.dt.word_tag_tab
        self._model = TagModel(tagger.char_state_tab_P, tagger.start_P, tagger.trans_P, tagger.emit_P)
        self._parts = WordParts(self._tokenizer, jieba.finalseg)

    def words(self, text: str) -> list[Word]:
        """Return the words of a normalised text in order; joined they are the text."""
        found: list[Word] = []
        for index, block in enumerate(_BLOCK.split(text)):
            if index % 2:
                found += self._block(block)
            else:
                found += [Word(character, _UNKNOWN_TAG) for character in block]
        return found

    def _block(self, text: str) -> list[Word]:
        """Most likely division by the dictionary; runs of single characters are looked at again."""
        found: list[Word] = []
        for piece, is_word in spans(text, self._ends(text)):
            found += [Word(piece, self._tag(piece))] if is_word else self._run(piece)
        return found

    def _ends(self, text: str) -> list[int]:
        """End of the word that begins at each place in the most likely division, of equal ones the longest first word.

        ``get_DAG`` and ``calc`` of jieba in one loop, with the same sums in the same order.
        """
        frequency, total = self._tokenizer.FREQ.get, log(self._tokenizer.total)
        size = len(text)
        score, ends = [0.0] * (size + 1), [0] * size
        for start in range(size - 1, -1, -1):
            best, chosen, end = -inf, start + 1, start + 1
            while end <= size and (count := frequency(text[start:end])) is not None:
                if count and (value := log(count) - total + score[end]) >= best:
                    best, chosen = value, end
                end += 1
            score[start] = best if best > -inf else log(1) - total + score[start + 1]
            ends[start] = chosen
        return ends

    def _run(self, text: str) -> list[Word]:
        """Words in a run of characters that the dictionary left single."""
        if len(text) < 2 or self._tokenizer.FREQ.get(text):
            return [Word(character, self._tag(character)) for character in text]
        found: list[Word] = []
        for index, part in enumerate(_HAN.split(text)):
            if index % 2:
                found += self._unknown(part)
            elif part:
                found.append(Word(part, _NUMBER_TAG))
        return found

    def _unknown(self, text: str) -> list[Word]:
        found: list[Word] = []
        states = self._model.tag(text)
        begin = done = 0
        for index, (position, tag) in enumerate(states):
            if position == "B":
                begin = index
            elif position in "ES":
                begin = begin if position == "E" else index
                found.append(Word(text[begin : index + 1], tag))
                done = index + 1
        if done < len(text):
            found.append(Word(text[done:], states[done][1]))
        return found

    def _tag(self, word: str) -> str:
        return self._tags.get(word, _UNKNOWN_TAG)

    def split(self, word: str) -> tuple[str, str]:
        """Return the two parts of a word, see ``WordParts.split``."""
        return self._parts.split(word)


_lock = threading.Lock()
_segmenter: Segmenter | None = None


def segmenter() -> Segmenter:
    """Return the segmenter of the process; the first call loads the dictionary (about a second)."""
    global _segmenter
    with _lock:
        if _segmenter is None:
            _segmenter = Segmenter()
        return _segmenter
