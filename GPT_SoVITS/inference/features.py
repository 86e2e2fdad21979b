"""The networks that all bundles share, each loaded when it is first needed: HuBERT, RoBERTa, the speaker verifier."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from convert import CheckpointError, Weights, open_weights
from convert.folder import read_json
from convert.printing import printable
from GPT_SoVITS import _commands
from GPT_SoVITS.bandwidth.config import BandwidthConfig
from GPT_SoVITS.bandwidth.extension import BandwidthExtension
from GPT_SoVITS.cfm.config import CfmConfigError
from GPT_SoVITS.engine.errors import WeightsInvalidError, WeightsMissingError
from GPT_SoVITS.engine.messages import EngineSettings
from GPT_SoVITS.execution import Execution, Holding, plan_execution
from GPT_SoVITS.features.errors import FeatureError
from GPT_SoVITS.features.host_frames import frame_matrices
from GPT_SoVITS.features.hubert_config import HubertConfig
from GPT_SoVITS.features.hubert_extractor import Hubert
from GPT_SoVITS.features.phone_features import PhoneFeatures, TokenReader, load_tokenizer
from GPT_SoVITS.features.roberta_config import RobertaConfig
from GPT_SoVITS.features.speaker import SpeakerVerifier
from GPT_SoVITS.features.speaker_config import SpeakerConfig
from GPT_SoVITS.features.speaker_host import speaker_matrices
from GPT_SoVITS.features.stack import LayerStack, LayerTensors, StackedRoberta, hubert_layers, roberta_layers
from GPT_SoVITS.inference.frames import LONGEST_TEXT
from GPT_SoVITS.inference.idle_unload import IdleUnloadStack
from GPT_SoVITS.inference.progress import Step, nothing
from GPT_SoVITS.inference.sharing import LoadedParts
from GPT_SoVITS.layers.products import Layers
from GPT_SoVITS.layers.weights import NotFiniteResultsError
from GPT_SoVITS.native import library
from GPT_SoVITS.native.decoder import NativeError, Precision
from GPT_SoVITS.native.encoder import EncoderSizes, NativeEncoder
from GPT_SoVITS.native.products import NativeProducts
from GPT_SoVITS.resources.locate import locate, project_root
from GPT_SoVITS.resources.manifest import load_manifest
from GPT_SoVITS.resources.own import SUPER_SAMPLING
from GPT_SoVITS.sovits.config import ConfigError
from GPT_SoVITS.t2s.choose import WeightsError
from GPT_SoVITS.t2s.config import T2SConfigError
from GPT_SoVITS.text.pipeline import BERT_CHANNELS
from GPT_SoVITS.versions import version_of
from GPT_SoVITS.vocoders.choose import choose_bigvgan, choose_hifigan
from GPT_SoVITS.vocoders.config import BigVganConfig, HifiGanConfig
from GPT_SoVITS.vocoders.mel_vocoder import MelVocoder

logger = logging.getLogger(__name__)

Arrays = Mapping[str, np.ndarray[Any, np.dtype[Any]]]

REFERENCE_SECONDS = (3.0, 10.0)


@contextmanager
def loading(what: str, path: Path) -> Iterator[None]:
    """Turn what can go wrong while weights are read into errors of the engine that name the file."""
    try:
        yield
    except FileNotFoundError as error:
        raise WeightsMissingError(f"{what}: {path.name!r} is not there; check the path") from error
    except OSError as error:
        raise WeightsMissingError(f"{what}: {path.name!r} cannot be opened: {error.strerror or error}") from error
    except NotFiniteResultsError as error:
        raise WeightsInvalidError(f"{what}: {path.name!r} {error}") from error
    except (CheckpointError, WeightsError, FeatureError, T2SConfigError, ConfigError, CfmConfigError) as error:
        raise WeightsInvalidError(f"{what}: {_placeless(error, path)}") from error
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:  # a network that its own numbers contradict
        logger.exception("%s: %s cannot be used", what, path.name)
        raise WeightsInvalidError(f"{what}: {path.name!r} cannot be used ({type(error).__name__}: {error})") from error


def _placeless(error: Exception, path: Path) -> str:
    """What an error says, without where on this machine the file and the project lie: clients read it."""
    text = str(error)
    for place in dict.fromkeys((str(path), printable(path))):
        text = text.replace(place, path.name)
    return text.replace(f"{printable(project_root())}/", "")


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
        self._hubert: Hubert | None = None
        self._phone_features: PhoneFeatures | None = None
        self._speaker: SpeakerVerifier | None = None
        self._vocoders: dict[str, MelVocoder] = {}
        self._idle_layers: IdleUnloadStack | None = None
        self._extension: BandwidthExtension | None = None
        self._warm: set[str] = set()
        self.parts = LoadedParts()

    @property
    def execution(self) -> Execution:
        """What computes what in this engine; decided when it is first asked for, the device being known by then."""
        if self._execution is None:
            self._execution = plan_execution(self.settings)
        return self._execution

    def note_failure(self) -> None:
        """Remember that a native decoder failed its check."""
        self._execution = self.execution.after_failure()

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
    def unloaded_hubert(self) -> IdleUnloadStack | None:
        """HuBERT's layers where they are not in memory: any thread may load them before HuBERT is asked."""
        layers = self._idle_layers
        return layers if layers is not None and not layers.is_loaded else None

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
                path = self._folder("speaker-verifier", self.settings.speaker_verifier)
                with loading("speaker verifier", path):
                    weights = _open(path, "eres2netv2")
                    config, arrays = SpeakerConfig.from_official(weights.config), weights.arrays
                    products = self._products(lambda: speaker_matrices(config, arrays))
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
                    self._vocoders[known.vocoder] = self._build_vocoder(_open(path, known.vocoder))
            return self._vocoders[known.vocoder]

    def bandwidth_extension(self) -> BandwidthExtension:
        """Return what raises the audio of v3 to 48 kHz.

        Raises:
            WeightsMissingError: it is not there.
            WeightsInvalidError: its file cannot be used.
        """
        with self._lock:
            if self._extension is None:
                path = _extension_file(self.settings.ap_bwe)
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

    def cold(self, version: str) -> list[str]:
        """Names of the networks that a version needs and that are not warm."""
        names = ["HuBERT", "RoBERTa", *(["speaker verifier"] if version_of(version).uses_speaker_verifier else [])]
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
        precision = self.execution.hubert_precision
        stack = self._stack(sizes, hubert_layers(arrays), precision)
        products = self._products(lambda: frame_matrices(config, arrays))
        if stack is None or precision == "fp32":
            return Hubert(config, arrays, stack=stack, products=products)

        def load() -> LayerStack:
            path = self._folder("hubert", self.settings.hubert)
            with loading("HuBERT", path):
                again = self._stack(sizes, hubert_layers(_open(path, "hubert").arrays), precision)
            if again is None:
                raise WeightsInvalidError(f"HuBERT: {path.name!r} can no longer be loaded")
            return again

        self._idle_layers = IdleUnloadStack(load, first=stack)
        return Hubert(config, arrays, stack=self._idle_layers, products=products)

    def _build_roberta(self, config: RobertaConfig, arrays: Arrays) -> TokenReader:
        sizes = EncoderSizes(
            config.hidden_size, config.heads, config.feature_layers, config.intermediate_size, config.layer_norm_eps
        )
        stack = self._stack(sizes, roberta_layers(arrays), self.execution.roberta_precision)
        if stack is not None:
            return StackedRoberta(config, arrays, stack)
        from GPT_SoVITS.features.roberta_graph import Roberta

        return Roberta(config, arrays)

    def _products(self, layers: Callable[[], Layers], holding: Holding = "fp32") -> NativeProducts | None:
        """Matrices held natively, None where features are graphs."""
        handle = library.load().handle if self.execution.features == "native" else None
        if handle is None:
            return None
        try:
            return NativeProducts(handle, layers(), holding, threads=self.settings.threads)
        except NativeError as error:
            raise WeightsError(str(error)) from error
        except (AttributeError, MemoryError) as error:
            logger.warning("native products cannot be used (%s); compiling graphs instead", error)
            return None

    def _stack(self, sizes: EncoderSizes, layers: LayerTensors, precision: Precision) -> NativeEncoder | None:
        """The native layers, None where there are none; matrices whose file is float16 are never held wider."""
        handle = library.load().handle if self.execution.features == "native" else None
        if handle is None:
            return None
        is_half = layers(0)["query.weight"].dtype == np.float16
        held: Precision = "fp16" if precision == "fp32" and is_half else precision
        try:
            return NativeEncoder(handle, sizes, layers, held, threads=self.settings.threads)
        except NativeError as error:
            raise WeightsError(str(error)) from error
        except (AttributeError, MemoryError) as error:
            logger.warning("the native encoder cannot be used (%s); compiling graphs instead", error)
            return None

    def _folder(self, resource: str, given: str | None) -> Path:
        path = Path(given) if given is not None else resource_file(resource)
        return path.parent if path.name == "pytorch_model.bin" else path


def resource_file(resource: str) -> Path:
    """Return the weight file of an installed resource.

    Raises:
        WeightsMissingError: it is not installed; the message says how to fetch it.
    """
    folder = locate(resource)
    if folder is None:
        description = load_manifest().get(resource).description["en"]
        raise WeightsMissingError(
            f"{description}: not installed; fetch it with: "
            + _commands.module("GPT_SoVITS.resources", "fetch", resource)
        )
    files = load_manifest().get(resource).files
    return folder / next(file.name for file in files if file.name.endswith((".bin", ".ckpt", ".pth", ".pt")))


def _extension_file(given: str | None) -> Path:
    path = Path(given) if given is not None else SUPER_SAMPLING.located()
    if path is None:
        files = " and ".join((SUPER_SAMPLING.name, *SUPER_SAMPLING.beside))
        raise WeightsMissingError(
            f"super_sampling: AP-BWE is not installed; put {files} ({SUPER_SAMPLING.origin}) into "
            f"{SUPER_SAMPLING.folder}, or speak without it, or with v4, which makes 48 kHz"
        )
    return path


def _open(path: Path, kind: str) -> Weights:
    weights = open_weights(path)
    if weights.kind != kind:
        raise FeatureError(f"{path.name} holds a network of kind {weights.kind!r}, expected {kind!r}")
    return weights
