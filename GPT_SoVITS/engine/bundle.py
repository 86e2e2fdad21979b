"""A pair of weights in memory: the decoder of a GPT file and the synthesizer of a SoVITS file, checked as a pair."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert import Weights, open_weights
from GPT_SoVITS.engine.errors import WeightsInvalidError
from GPT_SoVITS.engine.features import Features, loading
from GPT_SoVITS.engine.frames import BUCKETS, encode_phonemes
from GPT_SoVITS.engine.messages import EngineSettings, WeightsPair
from GPT_SoVITS.engine.progress import Step, nothing
from GPT_SoVITS.native.decoder import Precision
from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.sovits.synthesizer import Synthesizer
from GPT_SoVITS.t2s.backend import ServingBackend
from GPT_SoVITS.t2s.choose import Preference, choose_backend
from GPT_SoVITS.t2s.config import T2SConfig
from GPT_SoVITS.text.pipeline import BERT_CHANNELS
from GPT_SoVITS.text.symbols import SYMBOLS

SPOKEN_VERSIONS = ("v1", "v2", "v2Pro", "v2ProPlus")
MUTE_TOKEN = 486
"""The semantic token of silence in all published quantizers."""
REFERENCE_FRAMES = (250, 512)
ROW_COUNTS = (1, 2, 4, 8, 16, 32)
_PRECISIONS: dict[str, Precision] = {"float32": "fp32", "float16": "fp16", "int8": "int8"}
_EMBEDDING = "ar_audio_embedding.word_embeddings.weight"


@dataclass
class Bundle:
    """GPT and SoVITS weights that speak together.

    Attributes:
        weights: Their files.
        version: v1, v2, v2Pro or v2ProPlus: that of the SoVITS weights.
        sample_rate: Of the audio, in Hz.
        decoder: Text to semantic tokens.
        decode_description: Which decode backend that is, in words.
        synthesizer: Semantic tokens to audio.
        memory_bytes: What the weights hold.
        mute_similarity: (vocab,) float32, cosine between each token's embedding and the mute token's.
        key: Tells bundles apart, also one that was loaded again after its files had changed.
    """

    weights: WeightsPair
    version: str
    sample_rate: int
    decoder: ServingBackend
    decode_description: str
    synthesizer: Synthesizer
    memory_bytes: int
    mute_similarity: NDArray[np.float32] = field(repr=False)
    key: int = 0

    @property
    def vocoder_description(self) -> str:
        """What makes audio of latent frames, in words."""
        return self.synthesizer.vocoder_description

    @property
    def needs_graphs(self) -> bool:
        """Whether speaking with these weights runs graphs of MindSpore; the speaker verifier of Pro versions is one."""
        voice = self.synthesizer
        encoders, vocoder = voice.encoders.needs_compiling, voice.vocoder.needs_compiling
        return self.decoder.needs_compiling or encoders or vocoder or voice.config.is_pro

    def warm_up(self, begin: Callable[[int], Step] = lambda steps: nothing) -> float:
        """Compile what serving needs and return the seconds it took; afterwards nothing compiles while serving.

        Args:
            begin: Given the number of steps, returns what is called before each.
        """
        began = time.perf_counter()
        steps = list(self._warm_up_steps())
        say = begin(len(steps))
        for what, step in steps:
            say(what)
            step()
        return time.perf_counter() - began

    def _warm_up_steps(self) -> Iterator[tuple[str, Callable[[], object]]]:
        """What has to be run once, in words, and what runs it."""
        voice, buckets = self.synthesizer, self.synthesizer.buckets
        yield from self.decoder.warm_up_steps()
        condition = np.zeros(voice.config.gin_channels, np.float32)
        if not voice.encoders.needs_compiling:  # one run of each shows that they work and fills caches
            buckets = replace(buckets, phonemes=(1,), codes=(1,), frames=(2,))
        for count in buckets.phonemes:
            yield f"{count} phonemes", partial(voice.phonemes, np.zeros(count, np.int64))
        for count in buckets.codes:
            yield f"content, {count} tokens", partial(self._warm_up_content, count, condition)
        content = np.zeros((voice.config.hidden_channels, 1), np.float32)
        for frames in buckets.frames:
            longest = np.repeat(content, frames, axis=1)
            yield f"latent, {frames} frames", partial(voice.latent, longest, condition, None, 0.0)
        latent = np.zeros((voice.config.inter_channels, 1), np.float32)
        for frames in voice.vocoder.lengths_to_warm:
            yield f"vocoder, {frames} frames", partial(voice.vocoder, np.repeat(latent, frames, axis=1), condition)
        yield "reference", partial(voice.warm_up, (), (), REFERENCE_FRAMES)

    def _warm_up_content(self, tokens: int, condition: NDArray[np.float32]) -> None:
        encoded = encode_phonemes(self.synthesizer, np.zeros(1, np.int64))
        self.synthesizer.content(np.zeros(tokens, np.int64), encoded, condition)


@dataclass
class OpenedPair:
    """A pair of weight files that is open and known to belong together.

    Attributes:
        weights: The files.
        version: v1, v2, v2Pro or v2ProPlus.
        files: Kind to what was read; taken out as it is used, so that it can be freed.
        needs_graphs: Whether loading them builds graphs of MindSpore.
    """

    weights: WeightsPair
    version: str
    files: dict[str, Weights] = field(repr=False)
    needs_graphs: bool = False


_keys = itertools.count(1)
BUILD_STEPS = 2


def open_pair(weights: WeightsPair) -> OpenedPair:
    """Open a pair of weight files; no network runs here, so any thread may.

    Raises:
        WeightsMissingError: a file is not there.
        WeightsInvalidError: a file cannot be used, is of the wrong kind, or the two do not belong together.
    """
    gpt, sovits = _open(weights.gpt, "t2s", "GPT weights"), _open(weights.sovits, "sovits", "SoVITS weights")
    _check_pair(gpt, sovits)
    return OpenedPair(weights, sovits.version, {gpt.kind: gpt, sovits.kind: sovits})


def load_bundle(weights: WeightsPair, settings: EngineSettings, features: Features) -> Bundle:
    """Open and build a pair of weights; see :func:`open_pair` and :func:`build_bundle`."""
    return build_bundle(open_pair(weights), settings, features)


def build_bundle(opened: OpenedPair, settings: EngineSettings, features: Features, say: Step = nothing) -> Bundle:
    """Make what speaks of a pair of files.

    Args:
        opened: The files; nothing is left of what was read.
        settings: Precision, decode backend, threads, rows.
        features: The shared networks; asked whether the speaker verifier that Pro versions need is there.
        say: Called before each of :data:`BUILD_STEPS` steps.

    Raises:
        WeightsMissingError: the speaker verifier is not there.
        WeightsInvalidError: a file cannot be used.
    """
    if opened.version.startswith("v2Pro"):
        features.speaker_verifier()
    gpt = opened.files.pop("t2s")
    say(f"packing {gpt.path.name}")
    with loading("GPT weights", gpt.path):
        t2s = T2SConfig.from_official(gpt.config)
        _check_tokens(t2s, gpt, SovitsConfig.codebook_size)
        decoder, description = _decoder(t2s, gpt.arrays, settings)
        similarity = _mute_similarity(gpt.arrays)
    decoder_bytes = _weight_bytes(gpt.arrays, settings.precision if "native" in description else "float32")
    del gpt
    sovits = opened.files.pop("sovits")
    say(f"packing {sovits.path.name}")
    with loading("SoVITS weights", sovits.path):
        config = SovitsConfig.from_official(sovits.config, sovits.version)
        synthesizer = Synthesizer(
            config,
            sovits.arrays,
            buckets=BUCKETS,
            vocoder=settings.vocoder_backend,
            encoders="graph" if settings.decode_backend == "jit" else "auto",
            holding="fp32" if settings.precision == "float32" else "fp16",
            threads=settings.threads,
        )
    memory = decoder_bytes + _weight_bytes(sovits.arrays, "float32")
    del sovits
    return Bundle(
        opened.weights, config.version, config.sampling_rate, decoder, description, synthesizer, memory, similarity,
        next(_keys),
    )  # fmt: skip


def _open(path: str, kind: str, what: str) -> Weights:
    with loading(what, Path(path)):
        weights = open_weights(path)
    if weights.kind != kind:
        raise WeightsInvalidError(f"{Path(path).name!r} holds a network of kind {weights.kind!r}, expected {what}")
    return weights


def _check_pair(gpt: Weights, sovits: Weights) -> None:
    if sovits.version not in SPOKEN_VERSIONS:
        raise WeightsInvalidError(
            f"{sovits.path.name!r} is SoVITS {sovits.version}; speaking with it is not built yet, only "
            f"{', '.join(SPOKEN_VERSIONS)}"
        )
    if gpt.symbols != sovits.symbols:
        raise WeightsInvalidError(
            f"{gpt.path.name!r} knows the phonemes of {gpt.symbols}, {sovits.path.name!r} ({sovits.version}) those of "
            f"{sovits.symbols}; choose GPT and SoVITS weights of the same version"
        )


def _check_tokens(config: T2SConfig, gpt: Weights, codebook_size: int) -> None:
    symbols = len(SYMBOLS[gpt.symbols])
    if config.eos != codebook_size or config.phoneme_vocab_size < symbols or config.bert_dim != BERT_CHANNELS:
        raise WeightsInvalidError(
            f"{gpt.path.name!r} has {config.eos} semantic tokens, {config.phoneme_vocab_size} phonemes and "
            f"{config.bert_dim} text channels; expected {codebook_size}, at least {symbols}, and {BERT_CHANNELS}"
        )


def _decoder(
    config: T2SConfig, arrays: Mapping[str, NDArray[Any]], settings: EngineSettings
) -> tuple[ServingBackend, str]:
    prefer: Preference = "jit" if settings.decode_backend == "jit" else "auto"
    if settings.decode_backend == "native":
        prefer = "native"
    held = _PRECISIONS.get(settings.precision, "fp16")
    # Graphs and caches for no more rows than are used.
    rows = tuple(n for n in ROW_COUNTS if n <= settings.max_rows) or ROW_COUNTS[:1]
    decoder, description, _ = choose_backend(config, arrays, held, prefer, settings.threads, rows)
    return decoder, description


def _weight_bytes(arrays: Mapping[str, NDArray[Any]], precision: str) -> int:
    size = {"float32": 4, "float16": 2, "int8": 1}.get(precision, 4)
    return size * sum(array.size for array in arrays.values())


def _mute_similarity(arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    """Cosine between the embedding of every token and that of silence, (vocab,)."""
    embedding = np.asarray(arrays[_EMBEDDING], np.float32)
    mute = embedding[min(MUTE_TOKEN, len(embedding) - 1)]
    norms = np.linalg.norm(embedding, axis=1) * np.linalg.norm(mute)
    return np.asarray(embedding @ mute / np.maximum(norms, 1e-8), np.float32)
