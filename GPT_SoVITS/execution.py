"""What computes what: decided once, from the settings and the machine, and read by everything that loads networks.

There are three forms of a network. ``native``: C++ kernels. ``host``: numpy over products with packed matrices, which
are native where there is native code. ``graph``: compiled graphs of MindSpore. User-visible settings say ``jit`` for
graphs (:func:`form_of`). Native code that fails its self-check while weights load is replaced by
graphs there and then; :attr:`Execution.native_has_failed` remembers it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np

from GPT_SoVITS import backend
from GPT_SoVITS.native import library
from GPT_SoVITS.native.decoder import Precision
from GPT_SoVITS.native.products import multiplies_bfloat16

Form = Literal["native", "host", "graph"]
Holding = Literal["fp32", "fp16"]
"""How products hold matrices; sums are float32 always."""
SamplerHolding = Literal["fp32", "fp16", "bf16"]
"""The same for the sampler of v3 and v4. With bfloat16 what matrices are multiplied with is rounded as well."""

_PRECISIONS: dict[str, Precision] = {"float32": "fp32", "float16": "fp16", "int8": "int8"}
_FORMS: dict[str, Form] = {"native": "native", "host": "host", "graph": "graph", "jit": "graph"}


class Preferences(Protocol):
    """What a user may ask for; :class:`GPT_SoVITS.engine.messages.EngineSettings` has it."""

    @property
    def decode_backend(self) -> str:
        """``auto``, ``native`` or ``jit``; ``jit`` also turns every other network but the vocoder into graphs."""

    @property
    def vocoder_backend(self) -> str:
        """``auto``, ``native`` or ``jit``."""

    @property
    def precision(self) -> str:
        """``float32``, ``float16`` or ``int8``."""

    @property
    def cfm_products(self) -> str:
        """What the sampler of v3 and v4 multiplies: ``auto``, ``float32`` or ``bfloat16``."""


@dataclass(frozen=True)
class Automatic:
    """Preferences of somebody who has none."""

    decode_backend: str = "auto"
    vocoder_backend: str = "auto"
    precision: str = "float32"
    cfm_products: str = "auto"


@dataclass(frozen=True)
class Machine:
    """What there is to compute with.

    Attributes:
        is_ascend: Whether graphs run on an NPU.
        why_not_native: Why there is no native code, in words; empty where there is.
        multiplies_bfloat16: Whether the processor has instructions for products of bfloat16, and native code uses them.
    """

    is_ascend: bool = False
    why_not_native: str = ""
    multiplies_bfloat16: bool = False

    @classmethod
    def here(cls) -> Machine:
        """This machine, whose device is configured by now; builds the native library where it is not built yet."""
        if backend.current().is_ascend:
            return cls(True, "the networks run on Ascend")
        return cls.with_library(library.load())

    @classmethod
    def with_library(cls, found: library.NativeLibrary) -> Machine:
        """A machine without an NPU and with this library, or with the reason why it has none."""
        if found.handle is None:
            return cls(False, found.reason)
        return cls(False, multiplies_bfloat16=multiplies_bfloat16(found.handle))


@dataclass(frozen=True)
class Execution:
    """The form of each network, and how its weights are held.

    Attributes:
        decoder: Text to semantic tokens: ``native`` or ``graph``.
        encoders: The synthesizer before its vocoder: ``host`` or ``graph``.
        vocoder: ``native`` or ``graph``.
        features: HuBERT, RoBERTa and the speaker verifier: ``native`` or ``graph``.
        insists_on_decoder: Whether ``native`` was asked for by name, so that another decoder deserves a warning.
        insists_on_vocoder: Whether ``native`` was asked for by name, so that another vocoder is an error.
        why_graph: Why what could be native is not, in words; empty when all is.
        decoder_precision: Of the native decoder's weights; graphs hold float32.
        encoders_holding: Of the host's matrices.
        sampler_holding: Of those that every step of the sampler of v3 and v4 multiplies.
        why_not_bfloat16: Why the sampler does not multiply bfloat16 although that was asked for by name; else empty.
        hubert_precision: Of HuBERT's native layers. Never int8: a prompt's tokens are nearest neighbours, which small
            errors move.
        roberta_precision: Of RoBERTa's native layers.
        native_has_failed: Whether a native decoder has failed its check, as it would for the next weights too.
    """

    decoder: Form
    encoders: Form
    vocoder: Form
    features: Form
    insists_on_decoder: bool = False
    insists_on_vocoder: bool = False
    why_graph: str = ""
    decoder_precision: Precision = "fp16"
    encoders_holding: Holding = "fp16"
    sampler_holding: SamplerHolding = "fp16"
    why_not_bfloat16: str = ""
    hubert_precision: Holding = "fp16"
    roberta_precision: Precision = "fp16"
    native_has_failed: bool = False

    @property
    def loads_graphs(self) -> bool:
        """Whether a pair of weights is loaded as graphs, at least in part: that needs MindSpore and its thread."""
        return self.native_has_failed or "graph" in (self.decoder, self.encoders, self.vocoder)

    @property
    def vocoder_choice(self) -> str:
        """What a synthesizer is asked for: ``native`` insists, ``auto`` takes a graph where native code fails."""
        return "auto" if self.vocoder == "native" and not self.insists_on_vocoder else self.vocoder

    @property
    def sampler_description(self) -> str:
        """What the sampler of v3 and v4 multiplies, in words."""
        return products_in_words(self.sampler_holding, is_graph=self.encoders == "graph")

    def after_failure(self) -> Execution:
        """The same after a native decoder failed its check."""
        return replace(self, native_has_failed=True)


def products_in_words(holding: SamplerHolding, *, is_graph: bool) -> str:
    """What a sampler multiplies whose matrices are held so, or that is a graph."""
    if is_graph:
        return "graphs"
    return "bfloat16 products, float32 sums" if holding == "bf16" else "float32 products"


def form_of(setting: str) -> Form | None:
    """Return the form that a setting names, None for ``auto``.

    Raises:
        ValueError: it names none.
    """
    if setting == "auto":
        return None
    try:
        return _FORMS[setting]
    except KeyError:
        raise ValueError(f"{setting!r} is none of auto, {', '.join(_FORMS)}") from None


def host_or_graph(choice: str, dtype: type = np.float32) -> Form:
    """Return the form of a network that is computed on the host or as graphs.

    Args:
        choice: A form, or ``auto`` for the one that suits this machine.
        dtype: numpy float type to compute in; the host computes in float32 only.
    """
    return form_of(choice) or ("graph" if dtype != np.float32 else plan_execution(Automatic()).encoders)


def plan_execution(settings: Preferences, machine: Machine | None = None) -> Execution:
    """Decide on the form of every network.

    Args:
        settings: What the user asked for.
        machine: What there is; None for this one.
    """
    machine = machine or Machine.here()
    decoder, vocoder = form_of(settings.decode_backend), form_of(settings.vocoder_backend)
    graphs_asked = decoder == "graph"
    native: Form = "graph" if machine.why_not_native else "native"
    is_exact = settings.precision == "float32"
    encoders: Form = "graph" if graphs_asked or machine.is_ascend else "host"
    rounds, why_not_bfloat16 = _rounds(settings, machine, encoders)
    return Execution(
        decoder="graph" if graphs_asked else native,
        encoders=encoders,
        vocoder="graph" if vocoder == "graph" else native,
        features="graph" if graphs_asked else native,
        insists_on_decoder=decoder == "native",
        insists_on_vocoder=vocoder == "native",
        why_graph="graphs were asked for" if graphs_asked else machine.why_not_native,
        decoder_precision=_PRECISIONS[settings.precision],
        encoders_holding="fp32" if is_exact else "fp16",
        sampler_holding="bf16" if rounds else "fp32" if is_exact else "fp16",
        why_not_bfloat16=why_not_bfloat16,
        hubert_precision="fp32" if is_exact else "fp16",
        roberta_precision=_PRECISIONS[settings.precision],
    )


def _rounds(settings: Preferences, machine: Machine, encoders: Form) -> tuple[bool, str]:
    """Whether the sampler multiplies bfloat16, and why it does not although it was told to.

    Nobody who asks for weights in float32 wants what they are multiplied with to be rounded.
    """
    asked = settings.cfm_products == "bfloat16"
    if not asked and (settings.cfm_products == "float32" or settings.precision == "float32"):
        return False, ""
    if encoders == "host" and machine.multiplies_bfloat16:
        return True, ""
    obstacle = "graphs compute" if encoders == "graph" else "this processor has no such instructions"
    return False, (machine.why_not_native or obstacle) if asked else ""
