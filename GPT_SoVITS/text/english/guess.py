"""Readings of unknown words: g2p_en's small network (an encoder and a decoder of one GRU layer each) in numpy."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from GPT_SoVITS import _commands
from GPT_SoVITS.text.errors import MissingResourceError

Floats = NDArray[np.float32]

_LETTERS = ("<pad>", "<unk>", "</s>", *"abcdefghijklmnopqrstuvwxyz")
_PHONES = (
    *("<pad>", "<unk>", "<s>", "</s>"),
    *(vowel + stress for vowel in ("AA", "AE", "AH", "AO", "AW", "AY") for stress in "012"),
    *("B", "CH", "D", "DH"),
    *(vowel + stress for vowel in ("EH", "ER", "EY") for stress in "012"),
    *("F", "G", "HH"),
    *(vowel + stress for vowel in ("IH", "IY") for stress in "012"),
    *("JH", "K", "L", "M", "N", "NG"),
    *(vowel + stress for vowel in ("OW", "OY") for stress in "012"),
    *("P", "R", "S", "SH", "T", "TH", "UH0", "UH1", "UH2", "UW", "UW0", "UW1", "UW2", "V", "W", "Y", "Z", "ZH"),
)
_UNKNOWN, _LETTERS_END = 1, 2
_START, _PHONES_END = 2, 3
_MOST_PHONES = 20


class _Gru:
    """One GRU layer over embedded symbols; gates in the order reset, update, new."""

    def __init__(self, arrays: dict[str, Floats], part: str) -> None:
        self._inputs: Floats = arrays[f"{part}_emb"] @ arrays[f"{part}_w_ih"].T + arrays[f"{part}_b_ih"]
        self._recurrent: Floats = arrays[f"{part}_w_hh"].T
        self._bias: Floats = arrays[f"{part}_b_hh"]
        self.size: int = self._recurrent.shape[0]

    def step(self, symbol: int, state: Floats) -> Floats:
        """Return the state ``(H,)`` after one symbol."""
        given, kept = self._inputs[symbol], state @ self._recurrent + self._bias
        gates = 2 * self.size
        reset, update = np.split(1 / (1 + np.exp(-(given[:gates] + kept[:gates]))), 2)
        new = np.tanh(given[gates:] + reset * kept[gates:])
        state = (1 - update) * new + update * state
        return state


class Guesser:
    """Guesses ARPABET phonemes of a word in small letters.

    Args:
        checkpoint: g2p_en's ``checkpoint20.npz``.

    Raises:
        MissingResourceError: the file is broken or has other arrays.
    """

    def __init__(self, checkpoint: Path) -> None:
        try:
            with np.load(checkpoint, allow_pickle=False) as file:
                arrays: dict[str, Floats] = {name: file[name] for name in file.files}
            self._encoder, self._decoder = _Gru(arrays, "enc"), _Gru(arrays, "dec")
            self._project, self._offset = arrays["fc_w"], arrays["fc_b"]
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise MissingResourceError(
                f"{checkpoint} cannot be read ({error}); mend it: "
                + _commands.pip_install("--force-reinstall", "--no-deps", "g2p_en")
            ) from error
        self._numbers = {letter: number for number, letter in enumerate(_LETTERS)}

    def __call__(self, word: str) -> list[str]:
        """Return at most 20 phonemes; ``<unk>`` where the network gives none."""
        state = np.zeros(self._encoder.size, np.float32)
        for letter in word:
            state = self._encoder.step(self._numbers.get(letter, _UNKNOWN), state)
        state = self._encoder.step(_LETTERS_END, state)
        phones: list[str] = []
        last = _START
        while len(phones) < _MOST_PHONES:
            state = self._decoder.step(last, state)
            last = int(np.argmax(self._project @ state + self._offset))
            if last == _PHONES_END:
                break
            phones.append(_PHONES[last])
        return phones
