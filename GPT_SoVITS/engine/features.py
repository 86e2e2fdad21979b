"""The networks that all bundles share, each loaded when it is first needed: HuBERT, RoBERTa, the speaker verifier."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convert import CheckpointError, Weights, open_weights
from GPT_SoVITS import backend
from GPT_SoVITS.engine.errors import WeightsInvalidError, WeightsMissingError
from GPT_SoVITS.engine.messages import EngineSettings
from GPT_SoVITS.engine.progress import Step, nothing
from GPT_SoVITS.engine.resting import RestingStack
from GPT_SoVITS.features.errors import FeatureError
from GPT_SoVITS.features.host_frames import frame_matrices
from GPT_SoVITS.features.hubert_config import HubertConfig
from GPT_SoVITS.features.hubert_extractor import Hubert
from GPT_SoVITS.features.phone_features import PhoneFeatures, TokenReader, load_tokenizer
from GPT_SoVITS.features.roberta_config import RobertaConfig
from GPT_SoVITS.features.stack import LayerStack, LayerTensors, StackedRoberta, hubert_layers, roberta_layers
from GPT_SoVITS.native import library
from GPT_SoVITS.native.decoder import NativeError, Precision
from GPT_SoVITS.native.encoder import EncoderSizes, NativeEncoder
from GPT_SoVITS.native.products import NativeProducts
from GPT_SoVITS.resources.locate import locate
from GPT_SoVITS.resources.manifest import load_manifest
from GPT_SoVITS.sovits.config import ConfigError
from GPT_SoVITS.t2s.choose import WeightsError
from GPT_SoVITS.t2s.config import T2SConfigError
from GPT_SoVITS.text.pipeline import BERT_CHANNELS

if TYPE_CHECKING:
    from GPT_SoVITS.features.speaker import SpeakerVerifier

logger = logging.getLogger(__name__)

Arrays = Mapping[str, np.ndarray[Any, np.dtype[Any]]]

REFERENCE_SECONDS = (3.0, 10.0)
LONGEST_TEXT = 512
"""Tokens of RoBERTa that are compiled for when warming up: the most that a segment can have."""


@contextmanager
def loading(what: str, path: Path) -> Iterator[None]:
    """Turn what can go wrong while weights are read into errors of the engine that name the file."""
    try:
        yield
    except FileNotFoundError as error:
        raise WeightsMissingError(f"{what}: {path.name!r} is not there; check the path") from error
    except OSError as error:
        raise WeightsMissingError(f"{what}: {path.name!r} cannot be opened: {error.strerror or error}") from error
    except (CheckpointError, WeightsError, FeatureError, T2SConfigError, ConfigError) as error:
        raise WeightsInvalidError(f"{what}: {error}") from error


class Features:
    """HuBERT, RoBERTa and the speaker verifier of one engine.

    For the thread that owns MindSpore; where they run natively, another one may load and warm them up beside it.

    Args:
        settings: Says where the networks are; else they are looked for where ``GPT_SoVITS.resources`` puts them.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self.precise = settings.precision == "float32"
        self._lock = threading.Lock()
        self._hubert: Hubert | None = None
        self._phone_features: PhoneFeatures | None = None
        self._speaker: SpeakerVerifier | None = None
        self._resting: RestingStack | None = None
        self._warm: set[str] = set()

    def hubert(self) -> Hubert:
        """Return HuBERT.

        Raises:
            WeightsMissingError: it is not installed.
            WeightsInvalidError: its files cannot be used.
        """
        with self._lock:
            if self._hubert is None:
                path = self._folder("hubert", self.settings.hubert)
                with loading("HuBERT", path):
                    weights = _open(path, "hubert")
                    self._hubert = self._build_hubert(HubertConfig.from_official(weights.config), weights.arrays)
            return self._hubert

    @property
    def hubert_rests(self) -> RestingStack | None:
        """HuBERT's layers where they have been dropped: any thread may wake them before HuBERT is asked."""
        resting = self._resting
        return resting if resting is not None and not resting.awake else None

    def phone_features(self) -> PhoneFeatures:
        """Return the features of Chinese phonemes (RoBERTa).

        Raises:
            WeightsMissingError: it is not installed.
            WeightsInvalidError: its files cannot be used.
        """
        with self._lock:
            if self._phone_features is None:
                path = self._folder("roberta", self.settings.roberta)
                with loading("RoBERTa", path):
                    tokenizer = load_tokenizer(path)
                    weights = _open(path, "bert")
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
                from GPT_SoVITS.features.speaker import SpeakerVerifier
                from GPT_SoVITS.features.speaker_network import SpeakerConfig

                path = self._folder("speaker-verifier", self.settings.speaker_verifier)
                with loading("speaker verifier", path):
                    weights = _open(path, "eres2netv2")
                    self._speaker = SpeakerVerifier(SpeakerConfig.from_official(weights.config), weights.arrays)
            return self._speaker

    @property
    def has_speaker_verifier(self) -> bool:
        """Whether the speaker verifier's graph is built."""
        return self._speaker is not None

    def cold(self, version: str) -> list[str]:
        """Names of the networks that a version needs and that are not warm."""
        names = ["HuBERT", "RoBERTa", *(["speaker verifier"] if version.startswith("v2Pro") else [])]
        return [name for name in names if name not in self._warm]

    def warm_up(self, version: str, begin: Callable[[str], Step] = lambda name: nothing) -> None:
        """Load and compile what a version needs and what is not warm yet, as far as it is installed.

        What is missing is logged and left for the request that needs it, which fails with the command that mends it.

        Args:
            version: Model version.
            begin: Given the name of a network, returns what is called before each of its two steps.
        """
        steps: dict[str, tuple[Callable[[], object], Callable[[], float]]] = {
            "HuBERT": (self.hubert, lambda: self.hubert().warm_up(REFERENCE_SECONDS[1] + 1)),
            "RoBERTa": (self.phone_features, lambda: self.phone_features().roberta.warm_up(LONGEST_TEXT)),
            "speaker verifier": (
                self.speaker_verifier, lambda: self.speaker_verifier().warm_up(REFERENCE_SECONDS[1]),
            ),
        }  # fmt: skip
        for name in self.cold(version):
            load, run = steps[name]
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

    def _build_hubert(self, config: HubertConfig, arrays: Arrays) -> Hubert:
        sizes = EncoderSizes(
            config.hidden_size, config.heads, config.layers, config.intermediate_size, config.layer_norm_eps
        )
        # Not int8: a prompt's semantic tokens are nearest neighbours, which small errors move.
        precision: Precision = "fp32" if self.precise else "fp16"
        stack = self._stack(sizes, hubert_layers(arrays), precision)
        products = self._products(frame_matrices(config, arrays))
        if stack is None or self.precise:
            return Hubert(config, arrays, stack=stack, products=products)

        def load() -> LayerStack:
            path = self._folder("hubert", self.settings.hubert)
            with loading("HuBERT", path):
                again = self._stack(sizes, hubert_layers(_open(path, "hubert").arrays), precision)
            if again is None:
                raise WeightsInvalidError(f"HuBERT: {path.name!r} can no longer be loaded")
            return again

        self._resting = RestingStack(load, first=stack)
        return Hubert(config, arrays, stack=self._resting, products=products)

    def _build_roberta(self, config: RobertaConfig, arrays: Arrays) -> TokenReader:
        sizes = EncoderSizes(
            config.hidden_size, config.heads, config.feature_layers, config.intermediate_size, config.layer_norm_eps
        )
        precision: Precision = "int8" if self.settings.precision == "int8" else "fp32" if self.precise else "fp16"
        stack = self._stack(sizes, roberta_layers(arrays), precision)
        if stack is not None:
            return StackedRoberta(config, arrays, stack)
        from GPT_SoVITS.features.roberta_graph import Roberta

        return Roberta(config, arrays)

    def _products(self, layers: dict[str, tuple[Any, Any]]) -> NativeProducts | None:
        """Matrices held natively in float32, None where there is no native code or graphs are asked for."""
        found = library.load()
        if backend.current().is_ascend or self.settings.decode_backend == "jit" or found.handle is None:
            return None
        try:
            return NativeProducts(found.handle, layers, "fp32", threads=self.settings.threads)
        except NativeError as error:
            raise WeightsError(str(error)) from error
        except (AttributeError, MemoryError) as error:
            logger.warning("native products cannot be used (%s); compiling graphs instead", error)
            return None

    def _stack(self, sizes: EncoderSizes, layers: LayerTensors, precision: Precision) -> NativeEncoder | None:
        """The native layers, None where there are none; matrices whose file is float16 are never held wider."""
        if backend.current().is_ascend or self.settings.decode_backend == "jit":
            return None
        found = library.load()
        if found.handle is None:
            return None
        is_half = layers(0)["query.weight"].dtype == np.float16
        held: Precision = "fp16" if precision == "fp32" and is_half else precision
        try:
            return NativeEncoder(found.handle, sizes, layers, held, threads=self.settings.threads)
        except NativeError as error:
            raise WeightsError(str(error)) from error
        except (AttributeError, MemoryError) as error:
            logger.warning("the native encoder cannot be used (%s); compiling graphs instead", error)
            return None

    def _folder(self, resource: str, given: str | None) -> Path:
        if given is not None:
            return Path(given)
        folder = locate(resource)
        if folder is None:
            description = load_manifest().get(resource).description["en"]
            raise WeightsMissingError(
                f"{description}: not installed; fetch it with: python -m GPT_SoVITS.resources fetch {resource}"
            )
        name = next(
            file.name
            for file in load_manifest().get(resource).files
            if file.name.endswith(("pytorch_model.bin", ".ckpt"))
        )
        path = folder / name
        return path.parent if path.name == "pytorch_model.bin" else path


def _open(path: Path, kind: str) -> Weights:
    weights = open_weights(path)
    if weights.kind != kind:
        raise FeatureError(f"{path.name} holds a network of kind {weights.kind!r}, expected {kind!r}")
    return weights
