"""A pair of weights in memory: the decoder of a GPT file and the synthesizer of a SoVITS file, checked as a pair."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert import Base, Weights, open_weights
from GPT_SoVITS.bandwidth.extension import BandwidthExtension
from GPT_SoVITS.cfm.choose import BaseMatrices
from GPT_SoVITS.cfm.config import CfmConfig
from GPT_SoVITS.cfm.synthesizer import MelSynthesizer
from GPT_SoVITS.engine.errors import WeightsInvalidError
from GPT_SoVITS.engine.messages import EngineSettings, WeightsPair
from GPT_SoVITS.execution import Execution
from GPT_SoVITS.inference.companions import Companions
from GPT_SoVITS.inference.features import Features
from GPT_SoVITS.inference.frames import BUCKETS, encode_phonemes
from GPT_SoVITS.inference.installed import loading, resource_file
from GPT_SoVITS.inference.progress import Step, nothing
from GPT_SoVITS.inference.sharing import FileIdentity, LoadedDecoder, LoadedParts, identity_of
from GPT_SoVITS.inference.trial import check_voice
from GPT_SoVITS.sovits.buckets import Buckets
from GPT_SoVITS.sovits.config import SovitsConfig
from GPT_SoVITS.sovits.synthesizer import Synthesizer
from GPT_SoVITS.t2s.backend import ServingBackend
from GPT_SoVITS.t2s.choose import choose_backend
from GPT_SoVITS.t2s.config import T2SConfig
from GPT_SoVITS.text.pipeline import BERT_CHANNELS
from GPT_SoVITS.text.symbols import SYMBOLS
from GPT_SoVITS.versions import SPOKEN, version_of

logger = logging.getLogger(__name__)

REFERENCE_FRAMES = (250, 512)
ROW_COUNTS = (1, 2, 4, 8, 16, 32)
_EMBEDDING = "ar_audio_embedding.word_embeddings.weight"


@dataclass
class Bundle:
    """GPT and SoVITS weights that speak together.

    Attributes:
        weights: Their files.
        version: That of the SoVITS weights, see ``GPT_SoVITS.versions``.
        sample_rate: Of the audio, in Hz.
        decoder: Text to semantic tokens.
        decode_description: Which decode backend that is, in words.
        synthesizer: Semantic tokens to audio.
        memory_bytes: What the weights hold.
        companions: The networks that it speaks with.
        mute_similarity: (vocab,) float32, cosine between each token's embedding and the mute token's.
        key: Tells bundles apart, also one that was loaded again after its files had changed.
        extension: Loads what raises the rate of its audio, for requests that ask for it; None where nothing does.
        has_warm_decoder: Another bundle has the same decoder, which may be speaking now.
        has_warm_base: Another bundle has the base's matrices; the check of the voice has run the rest.
    """

    weights: WeightsPair
    version: str
    sample_rate: int
    decoder: ServingBackend
    decode_description: str
    synthesizer: Synthesizer | MelSynthesizer
    memory_bytes: int
    companions: Companions
    mute_similarity: NDArray[np.float32] = field(repr=False)
    key: int = 0
    has_warm_decoder: bool = False
    has_warm_base: bool = False
    extension: Callable[[], BandwidthExtension] | None = field(default=None, repr=False)

    @property
    def needs(self) -> tuple[str, ...]:
        """Ids of the resources that speech reads beside these weights."""
        return self.companions.resources

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the languages that they speak; empty for all of their version."""
        return self.companions.languages

    @property
    def vits(self) -> Synthesizer:
        """The synthesizer of versions that make latent frames.

        Raises:
            TypeError: this version makes mel spectrograms.
        """
        if not isinstance(self.synthesizer, Synthesizer):
            raise TypeError(f"{self.version} makes mel spectrograms, not latent frames")
        return self.synthesizer

    @property
    def shared_bytes(self) -> dict[int, int]:
        """Bytes of each part that other weights may hold as well, by its identity."""
        return {id(self.decoder): self.decoder.nbytes} | self.synthesizer.shared_bytes

    @property
    def vocoder_description(self) -> str:
        """What makes audio of latent frames or mel spectrograms, in words."""
        return self.synthesizer.vocoder_description

    @property
    def sampler_description(self) -> str:
        """What the sampler multiplies, in words; empty where there is none."""
        return self.synthesizer.sampler_description if isinstance(self.synthesizer, MelSynthesizer) else ""

    @property
    def needs_graphs(self) -> bool:
        """Whether speaking with these weights runs graphs of MindSpore."""
        voice = self.synthesizer
        encoders, vocoder = voice.encoders.needs_compiling, voice.vocoder.needs_compiling
        return self.decoder.needs_compiling or encoders or vocoder

    def warm_up(self, begin: Callable[[int], Step] = lambda steps: nothing) -> float:
        """Compile what serving needs and return the seconds it took; afterwards nothing compiles while serving.

        Args:
            begin: Given the number of steps, returns what is called before each.

        Raises:
            WeightsInvalidError: what is spoken with graphs is not finite; native code is asked when it is built.
        """
        began = time.perf_counter()
        steps = list(self._warm_up_steps())
        say = begin(len(steps))
        for what, step in steps:
            say(what)
            step()
        voice = self.synthesizer
        if voice.encoders.needs_compiling or voice.vocoder.needs_compiling:
            with loading("SoVITS weights", Path(self.weights.sovits)):
                check_voice(voice)
        return time.perf_counter() - began

    def _warm_up_steps(self) -> Iterator[tuple[str, Callable[[], object]]]:
        """What has to be run once, in words, and what runs it."""
        voice, buckets = self.synthesizer, self.synthesizer.buckets
        if not self.has_warm_decoder:
            yield from self.decoder.warm_up_steps()
        if self.has_warm_base:
            return
        condition = np.zeros(voice.config.gin_channels, np.float32)
        if not voice.encoders.needs_compiling:  # one run of each shows that they work and fills caches
            buckets = replace(buckets, phonemes=(1,), codes=(1,), frames=(2,))
        for count in buckets.phonemes:
            yield f"{count} phonemes", partial(voice.phonemes, np.zeros(count, np.int64))
        for count in buckets.codes:
            yield f"content, {count} tokens", partial(self._warm_up_content, count, condition)
        if isinstance(voice, MelSynthesizer):
            yield from voice.warm_up_steps(REFERENCE_FRAMES)
        else:
            yield from self._warm_up_latent(voice, buckets)

    @staticmethod
    def _warm_up_latent(voice: Synthesizer, buckets: Buckets) -> Iterator[tuple[str, Callable[[], object]]]:
        condition = np.zeros(voice.config.gin_channels, np.float32)
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
        version: That of the SoVITS weights.
        companions: The networks that they speak with.
        files: Kind to what was read; taken out as it is used, so that it can be freed.
        needs_graphs: Whether loading them builds graphs of MindSpore.
        decoder: That of the GPT file where it is in memory; the file was not read then.
        base: What is in memory of the published weights that the SoVITS file is or changes.
        gpt_file: What the GPT file is known by.
        base_file: The same of the published weights.
    """

    weights: WeightsPair
    version: str
    companions: Companions
    files: dict[str, Weights] = field(repr=False)
    needs_graphs: bool = False
    decoder: LoadedDecoder | None = field(default=None, repr=False)
    base: BaseMatrices | None = field(default=None, repr=False)
    gpt_file: FileIdentity | None = None
    base_file: FileIdentity | None = None


_keys = itertools.count(1)
BUILD_STEPS = 2


def open_pair(weights: WeightsPair, parts: LoadedParts | None = None) -> OpenedPair:
    """Open a pair of weight files; no network runs here, so any thread may.

    Args:
        weights: The files.
        parts: What is in memory already and is not read again.

    Raises:
        WeightsMissingError: a file is not there.
        WeightsInvalidError: a file cannot be used, is of the wrong kind, or the two do not belong together.
    """
    parts = parts or LoadedParts()
    gpt_file = identity_of(weights.gpt)
    decoder = parts.decoder(gpt_file)
    files = {} if decoder is not None else {"t2s": _open(weights.gpt, "t2s", "GPT weights")}
    published = _Published(parts, weights.sovits)
    sovits = files["sovits"] = _open(weights.sovits, "sovits", "SoVITS weights", published)
    _check_pair(weights.gpt, decoder.symbols if decoder is not None else files["t2s"].symbols, sovits)
    companions = Companions(
        sovits.version,
        _content_encoder(sovits),
        _languages(decoder, files),
        _text_width(decoder, files) == BERT_CHANNELS,
    )
    return OpenedPair(
        weights, sovits.version, companions, files, decoder=decoder, base=published.matrices, gpt_file=gpt_file,
        base_file=published.file,
    )  # fmt: skip


class _Published:
    """The published weights that a SoVITS file changes if it is a LoRA, else the file itself.

    Attributes:
        file: What they are known by.
        matrices: What is in memory of them; kept from now on, because what is there is not read.
    """

    def __init__(self, parts: LoadedParts, path: str) -> None:
        self._parts, self.file = parts, identity_of(path)
        self.matrices = parts.base(self.file)

    def __call__(self, version: str) -> Base:
        """Told that the file is a LoRA of a version.

        Raises:
            WeightsMissingError: the published weights are not installed.
        """
        path = resource_file(version_of(version).sovits)
        self.file = identity_of(path)
        self.matrices = self._parts.base(self.file)
        return Base(path, frozenset() if self.matrices is None else self.matrices.keys)


def _content_encoder(sovits: Weights) -> str:
    return str(sovits.config["model"].get("content_encoder", SovitsConfig.content_encoder))


def _languages(decoder: LoadedDecoder | None, files: Mapping[str, Weights]) -> tuple[str, ...]:
    if decoder is not None:
        return decoder.backend.config.languages
    return tuple(files["t2s"].config["model"].get("languages", ()))


def _text_width(decoder: LoadedDecoder | None, files: Mapping[str, Weights]) -> int:
    if decoder is not None:
        return decoder.backend.config.bert_dim
    return int(files["t2s"].config["model"].get("bert_dim", BERT_CHANNELS))


def load_bundle(weights: WeightsPair, settings: EngineSettings, features: Features) -> Bundle:
    """Open and build a pair of weights; see :func:`open_pair` and :func:`build_bundle`."""
    return build_bundle(open_pair(weights, features.parts), settings, features)


def build_bundle(opened: OpenedPair, settings: EngineSettings, features: Features, say: Step = nothing) -> Bundle:
    """Make what speaks of a pair of files.

    Args:
        opened: The files; nothing is left of what was read.
        settings: Threads and rows.
        features: The shared networks: their execution plan is that of the pair, and they say whether the speaker
            verifier or the vocoder that the version needs is there.
        say: Called before each of :data:`BUILD_STEPS` steps.

    Raises:
        WeightsMissingError: the speaker verifier or the vocoder is not there.
        WeightsInvalidError: a file cannot be used.
    """
    execution = features.execution
    if version_of(opened.version).uses_speaker_verifier:
        features.speaker_verifier()
    if version_of(opened.version).mel is not None:
        features.mel_vocoder(opened.version)
    say(f"packing {Path(opened.weights.gpt).name}")
    decoder = opened.decoder or _decoder(opened.files.pop("t2s"), settings, execution)
    features.parts.note_decoder(opened.gpt_file, decoder)
    sovits = opened.files.pop("sovits")
    say(f"packing {sovits.path.name}")
    with loading("SoVITS weights", sovits.path):
        config = SovitsConfig.from_official(sovits.config, sovits.version)
        _check_tokens(opened.weights, decoder.backend.config, config)
        with np.errstate(over="ignore", invalid="ignore"):  # the check says it in words
            synthesizer = _synthesizer(config, sovits, opened.base, settings.threads, features)
        if not (synthesizer.encoders.needs_compiling or synthesizer.vocoder.needs_compiling):
            check_voice(synthesizer)
    if isinstance(synthesizer, MelSynthesizer):
        features.parts.note_base(opened.base_file, synthesizer.base)
    memory = decoder.backend.nbytes + synthesizer.nbytes
    rate = config.sampling_rate if version_of(config.version).mel is None else version_of(config.version).sample_rate
    del sovits
    return Bundle(
        opened.weights, config.version, rate, decoder.backend, decoder.description,
        synthesizer, memory, opened.companions, decoder.mute_similarity, next(_keys), opened.decoder is not None,
        opened.base is not None,
        features.bandwidth_extension if version_of(config.version).vocoder == "bigvgan" else None,
    )  # fmt: skip


def _decoder(gpt: Weights, settings: EngineSettings, execution: Execution) -> LoadedDecoder:
    with loading("GPT weights", gpt.path):
        config = T2SConfig.from_official(gpt.config)
        _check_text(config, gpt)
        # Graphs and caches for no more rows than are used.
        rows = tuple(n for n in ROW_COUNTS if n <= settings.max_rows) or ROW_COUNTS[:1]
        backend, description, _ = choose_backend(config, gpt.arrays, execution, settings.threads, rows)
        return LoadedDecoder(backend, description, gpt.symbols, _mute_similarity(config.mute_token, gpt.arrays))


def _synthesizer(
    config: SovitsConfig, sovits: Weights, base: BaseMatrices | None, threads: int, features: Features
) -> Synthesizer | MelSynthesizer:
    execution = features.execution
    if version_of(config.version).mel is None:
        return Synthesizer(
            config, sovits.arrays, buckets=BUCKETS, vocoder=execution.vocoder_choice, encoders=execution.encoders,
            holding=execution.encoders_holding, threads=threads,
        )  # fmt: skip
    if execution.why_not_bfloat16:
        logger.warning("the sampler was to multiply bfloat16, but %s", execution.why_not_bfloat16)
    return MelSynthesizer(
        config, CfmConfig.from_official(sovits.config, config.version), sovits.arrays,
        features.mel_vocoder(config.version), buckets=BUCKETS, encoders=execution.encoders,
        holding=execution.encoders_holding, sampler=execution.sampler_holding, threads=threads, base=base,
        changed=sovits.changed or (), changes=sovits.pairs,
    )  # fmt: skip


def _open(path: str, kind: str, what: str, base: Callable[[str], Base] | None = None) -> Weights:
    with loading(what, Path(path)):
        weights = open_weights(path, base=base, apart=True)
    if weights.kind != kind:
        raise WeightsInvalidError(f"{Path(path).name!r} holds a network of kind {weights.kind!r}, expected {what}")
    return weights


def _check_pair(gpt: str, symbols: str, sovits: Weights) -> None:
    if sovits.version not in SPOKEN:
        raise WeightsInvalidError(
            f"{sovits.path.name!r} is SoVITS {sovits.version}; speaking with it is not built yet, only "
            f"{', '.join(SPOKEN)}"
        )
    if symbols != sovits.symbols:
        raise WeightsInvalidError(
            f"{Path(gpt).name!r} knows the phonemes of {symbols}, {sovits.path.name!r} ({sovits.version}) those of "
            f"{sovits.symbols}; choose GPT and SoVITS weights of the same version"
        )


def _check_text(config: T2SConfig, gpt: Weights) -> None:
    symbols = len(SYMBOLS[gpt.symbols])
    # Another width than RoBERTa's says that a network was trained without its features, as only own ones are.
    if config.phoneme_vocab_size < symbols or (not config.languages and config.bert_dim != BERT_CHANNELS):
        raise WeightsInvalidError(
            f"{gpt.path.name!r} has {config.phoneme_vocab_size} phonemes and {config.bert_dim} text channels; "
            f"expected at least {symbols}, and {BERT_CHANNELS}"
        )


def _check_tokens(weights: WeightsPair, gpt: T2SConfig, sovits: SovitsConfig) -> None:
    if gpt.eos != sovits.codebook_size:
        raise WeightsInvalidError(
            f"{Path(weights.gpt).name!r} has {gpt.eos} semantic tokens, {Path(weights.sovits).name!r} "
            f"{sovits.codebook_size}; choose GPT and SoVITS weights that were trained together"
        )


def _mute_similarity(mute_token: int | None, arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    """Cosine between the embedding of every token and that of silence, (vocab,); zeros where that is not known."""
    embedding = np.asarray(arrays[_EMBEDDING], np.float32)
    if mute_token is None:
        return np.zeros(len(embedding), np.float32)
    mute = embedding[mute_token]
    norms = np.linalg.norm(embedding, axis=1) * np.linalg.norm(mute)
    return np.asarray(embedding @ mute / np.maximum(norms, 1e-8), np.float32)
