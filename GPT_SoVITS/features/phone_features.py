"""Text features for phonemes: tokens of the normalised text through RoBERTa, one vector per character, repeated."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from GPT_SoVITS.features.errors import FeatureError
from GPT_SoVITS.features.roberta_config import RobertaConfig

NO_TOKEN = -1
UNKNOWN = "[UNK]"


def load_tokenizer(folder: Path) -> Tokenizer:
    """Read the tokenizer of a model folder: ``tokenizer.json``, else ``vocab.txt``.

    Raises:
        FeatureError: the folder has neither, or one that cannot be read.
    """
    description, vocabulary = folder / "tokenizer.json", folder / "vocab.txt"
    if description.is_file():
        try:
            return Tokenizer.from_file(str(description))
        except Exception as error:  # the library raises nothing more specific
            raise FeatureError(f"{description} is not a tokenizer ({error}); fetch the file again") from error
    if not vocabulary.is_file():
        raise FeatureError(f"{folder} has neither tokenizer.json nor vocab.txt; fetch chinese-roberta-wwm-ext-large")
    return _word_piece(vocabulary)


def _word_piece(vocabulary: Path) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece.from_file(str(vocabulary), **{"unk_token": UNKNOWN}))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    end, begin = tokenizer.token_to_id("[SEP]"), tokenizer.token_to_id("[CLS]")
    if end is None or begin is None:
        raise FeatureError(f"{vocabulary} lacks [SEP] or [CLS], so it is not BERT's; fetch the file again")
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", end), ("[CLS]", begin))
    return tokenizer


class TokenReader(Protocol):
    """Hidden states of token sequences: ids (B, L) with [CLS] and [SEP] -> (B, L, hidden) float32."""

    @property
    def config(self) -> RobertaConfig:
        """Sizes."""

    def __call__(self, ids: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray: ...

    def warm_up(self, longest: int = 128) -> float:
        """Compile what sequences of up to ``longest`` tokens need; return the seconds it took."""


class PhoneFeatures:
    """Phoneme features of Chinese text, as the text-to-semantic network reads them.

    Args:
        roberta: The network.
        tokenizer: Its tokenizer.
    """

    def __init__(self, roberta: TokenReader, tokenizer: Tokenizer) -> None:
        self.roberta, self.tokenizer = roberta, tokenizer

    def __call__(self, norm_text: str, word2ph: Sequence[int]) -> np.ndarray:
        """Return one vector per phoneme: each character's vector, repeated for its phonemes.

        Every character takes the vector of the token it belongs to; one that has none (white space, control
        characters) gets zeros, as all text of other languages does. Text with a token per character, which normalised
        Chinese is, agrees with the official function.

        Args:
            norm_text: Normalised text.
            word2ph: Number of phonemes of each character.

        Returns:
            (hidden, sum of word2ph) float32.

        Raises:
            FeatureError: ``word2ph`` has not one number per character.
        """
        if len(word2ph) != len(norm_text):
            raise FeatureError(
                f"word2ph has {len(word2ph)} numbers for {len(norm_text)} characters; they have to match"
            )
        return np.ascontiguousarray(np.repeat(self.character_features(norm_text), word2ph, axis=0).T)

    def character_features(self, text: str) -> np.ndarray:
        """Return (characters, hidden) float32; a text of more tokens than there are positions is read in halves."""
        encoding = self.tokenizer.encode(text)
        if len(encoding.ids) > self.roberta.config.positions and len(text) > 1:
            middle = len(text) // 2
            return np.concatenate([self.character_features(half) for half in (text[:middle], text[middle:])])
        states = self.roberta(np.asarray([encoding.ids]))[0]
        owner = np.full(len(text), NO_TOKEN)
        for token, (begin, end) in enumerate(encoding.offsets):
            owner[begin:end] = token
        return np.where(owner[:, None] == NO_TOKEN, np.float32(0), states[owner])
