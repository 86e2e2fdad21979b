"""The networks that all bundles share, each loaded when it is first needed: HuBERT, RoBERTa, the speaker verifier."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from convert import Weights, open_weights
from convert.folder import read_json
from GPT_SoVITS.bandwidth.config import BandwidthConfig
from GPT_SoVITS.bandwidth.extension import BandwidthExtension
from GPT_SoVITS.engine.errors import WeightsMissingError
from GPT_SoVITS.engine.messages import EngineSettings
from GPT_SoVITS.execution import Execution, plan_execution
from GPT_SoVITS.features.errors import FeatureError
from GPT_SoVITS.features.hubert_extractor import Hubert
from GPT_SoVITS.features.phone_features import PhoneFeatures, TokenReader, load_tokenizer
from GPT_SoVITS.features.roberta_config import RobertaConfig
from GPT_SoVITS.features.speaker import SpeakerVerifier
from GPT_SoVITS.features.speaker_config import SpeakerConfig
from GPT_SoVITS.features.speaker_host import speaker_matrices
from GPT_SoVITS.features.stack import StackedRoberta, roberta_layers
from GPT_SoVITS.inference.companions import OFFICIAL, Companions
from GPT_SoVITS.inference.content_encoders import ContentEncoders
from GPT_SoVITS.inference.frames import LONGEST_TEXT
from GPT_SoVITS.inference.idle_unload import IdleUnloadStack
from GPT_SoVITS.inference.installed import extension_file, folder_of, loading, open_network, resource_file
from GPT_SoVITS.inference.native_parts import native_products, native_stack
from GPT_SoVITS.inference.progress import Step, nothing
from GPT_SoVITS.inference.sharing import LoadedParts
from GPT_SoVITS.native.encoder import EncoderSizes
from GPT_SoVITS.text.pipeline import BERT_CHANNELS
from GPT_SoVITS.versions import version_of
from GPT_SoVITS.vocoders.choose import choose_bigvgan, choose_hifigan
from GPT_SoVITS.vocoders.config import BigVganConfig, HifiGanConfig
from GPT_SoVITS.vocoders.mel_vocoder import MelVocoder

logger = logging.getLogger(__name__)

Arrays = Mapping[str, np.ndarray[Any, np.dtype[Any]]]

REFERENCE_SECONDS = (3.0, 10.0)


class Features:
    """HuBERT, RoBERTa and the speaker verifier of one engine.

    For the thread that owns MindSpore; where they run natively, another one may load and warm them up beside it.

    Args:
        settings: Says where the networks are; else they are looked for where ``GPT_SoVITS.resources`` puts them.

    Attributes:
        parts: What bundles made with these may share.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self._execution: Execution | None = None
        self._lock = threading.Lock()
        self._phone_features: PhoneFeatures | None = None
        self._speaker: SpeakerVerifier | None = None
        self._vocoders: dict[str, MelVocoder] = {}
        self._extension: BandwidthExtension | None = None
        self._warm: set[str] = set()
        self.parts = LoadedParts()
        self._content_encoders = ContentEncoders(lambda: self.execution, settings.hubert, settings.threads)

    @property
    def execution(self) -> Execution:
        """What computes what in this engine; decided when it is first asked for, the device being known by then."""
        if self._execution is None:
            self._execution = plan_execution(self.settings)
        return self._execution

    def note_failure(self) -> None:
        """Remember that a native decoder failed its check."""
        self._execution = self.execution.after_failure()

    def hubert(self, name: str = OFFICIAL) -> Hubert:
        """Return a content encoder; see :meth:`ContentEncoders.get`."""
        return self._content_encoders.get(name)

    def unloaded_hubert(self, name: str = OFFICIAL) -> IdleUnloadStack | None:
        """Return a content encoder's layers where they are not in memory; see :meth:`ContentEncoders.unloaded`."""
        return self._content_encoders.unloaded(name)

    def phone_features(self) -> PhoneFeatures:
        """Return the features of Chinese phonemes (RoBERTa).

        Raises:
            WeightsMissingError: it is not installed.
            WeightsInvalidError: its files cannot be used.
        """
        with self._lock:
            if self._phone_features is None:
                path = folder_of("roberta", self.settings.roberta)
                with loading("RoBERTa", path):
                    tokenizer = load_tokenizer(path)
                    weights = open_network(path, "bert")
                    config = RobertaConfig.from_official(weights.config)
                    if config.hidden_size != BERT_CHANNELS:
                        raise FeatureError(
                            f"{path.name} has {config.hidden_size} channels, the decoder reads {BERT_CHANNELS}; "
                            "use chinese-roberta-wwm-ext-large"
                        )
                    self._phone_features = PhoneFeatures(self._build_roberta(config, weights.arrays), tokenizer)
            return self._phone_features

    def speaker_verifier(self) -> SpeakerVerifier:
        """Return the speaker verifier, which the Pro versions need.

        Raises:
            WeightsMissingError: it is not installed.
            WeightsInvalidError: its file cannot be used.
        """
        with self._lock:
            if self._speaker is None:
                path = folder_of("speaker-verifier", self.settings.speaker_verifier)
                with loading("speaker verifier", path):
                    weights = open_network(path, "eres2netv2")
                    config, arrays = SpeakerConfig.from_official(weights.config), weights.arrays
                    products = native_products(
                        self.execution, self.settings.threads, lambda: speaker_matrices(config, arrays)
                    )
                    self._speaker = SpeakerVerifier(config, arrays, products=products)
            return self._speaker

    def mel_vocoder(self, version: str) -> MelVocoder:
        """Return the vocoder of a version that makes mel spectrograms.

        Raises:
            WeightsMissingError: it is not installed.
            WeightsInvalidError: its file cannot be used.
        """
        known = version_of(version)
        with self._lock:
            if known.vocoder not in self._vocoders:
                given = self.settings.bigvgan if known.vocoder == "bigvgan" else self.settings.hifigan
                path = Path(given) if given is not None else resource_file(known.vocoder_resource)
                with loading("vocoder", path):
                    self._vocoders[known.vocoder] = self._build_vocoder(open_network(path, known.vocoder))
            return self._vocoders[known.vocoder]

    def bandwidth_extension(self) -> BandwidthExtension:
        """Return what raises the audio of v3 to 48 kHz.

        Raises:
            WeightsMissingError: it is not there.
            WeightsInvalidError: its file cannot be used.
        """
        with self._lock:
            if self._extension is None:
                path = extension_file(self.settings.ap_bwe)
                with loading("AP-BWE", path):
                    beside = path.parent / "config.json"
                    weights = open_weights(path, config=read_json(beside) if beside.is_file() else None)
                    if weights.kind != "ap_bwe":
                        raise FeatureError(f"{path.name} holds a network of kind {weights.kind!r}, expected 'ap_bwe'")
                    config = BandwidthConfig.from_official(weights.config)
                    self._extension = BandwidthExtension(config, weights.arrays, self.settings.threads)
            return self._extension

    def _build_vocoder(self, weights: Weights) -> MelVocoder:
        choice = self.execution.vocoder_choice
        if weights.kind == "bigvgan":
            return choose_bigvgan(BigVganConfig.from_official(weights.config), weights.arrays, choice)
        return choose_hifigan(HifiGanConfig.from_official(weights.config), weights.arrays, choice)

    def builds_graphs_for(self, version: str) -> bool:
        """Whether loading weights of a version builds graphs, the speaker verifier's included."""
        verifier = version_of(version).uses_speaker_verifier and self._speaker is None
        return self.execution.loads_graphs or (verifier and self.execution.features == "graph")

    def cold(self, companions: Companions) -> list[str]:
        """Names of the networks that weights need and that are not warm."""
        return [name for name in companions.networks if name not in self._warm]

    def warm_up(self, companions: Companions, begin: Callable[[str], Step] = lambda name: nothing) -> None:
        """Load and compile what weights need and what is not warm yet, as far as it is installed.

        What is missing is logged and left for the request that needs it, which fails with the command that mends it.

        Args:
            companions: Of the weights.
            begin: Given the name of a network, returns what is called before each of its two steps.
        """
        encoder = companions.content_encoder
        content = (partial(self.hubert, encoder), lambda: self.hubert(encoder).warm_up(REFERENCE_SECONDS[1] + 1))
        steps: dict[str, tuple[Callable[[], object], Callable[[], float]]] = {
            "RoBERTa": (self.phone_features, lambda: self.phone_features().roberta.warm_up(LONGEST_TEXT)),
            "speaker verifier": (
                self.speaker_verifier, lambda: self.speaker_verifier().warm_up(REFERENCE_SECONDS[1]),
            ),
        }  # fmt: skip
        for name in self.cold(companions):
            load, run = steps.get(name, content)
            say = begin(name)
            try:
                say(f"loading {name}")
                load()
                say(f"warming up {name}")
                run()
            except WeightsMissingError as error:
                logger.warning("%s", error)
            else:
                self._warm.add(name)

    def _build_roberta(self, config: RobertaConfig, arrays: Arrays) -> TokenReader:
        sizes = EncoderSizes(
            config.hidden_size, config.heads, config.feature_layers, config.intermediate_size, config.layer_norm_eps
        )
        stack = native_stack(
            self.execution, self.settings.threads, sizes, roberta_layers(arrays), self.execution.roberta_precision
        )
        if stack is not None:
            return StackedRoberta(config, arrays, stack)
        from GPT_SoVITS.features.roberta_graph import Roberta

        return Roberta(config, arrays)
