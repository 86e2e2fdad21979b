"""The ways in which this project computes a network, and which of them this machine has."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Literal, get_args

from GPT_SoVITS.native.decoder import Precision
from GPT_SoVITS.native.library import load
from GPT_SoVITS.native.products import multiplies_bfloat16

Kind = Literal["native", "host", "graph"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Implementation:
    """One way of computing a network.

    Attributes:
        kind: ``native`` for C++ kernels, ``host`` for numpy alone, ``graph`` for MindSpore.
        precision: How weights are held; sums are float32 always.
        rounds: Whether the sampler of v3 and v4 multiplies bfloat16; else its products are of float32.
    """

    kind: Kind
    precision: Precision = "fp32"
    rounds: bool = False

    def __str__(self) -> str:
        if self.kind != "native":
            return self.kind
        return f"native {self.precision}, bf16 sampler" if self.rounds else f"native {self.precision}"

    @property
    def missing(self) -> str:
        """Why this machine cannot run it; empty when it can."""
        if self.kind == "native":
            library = load()
            if library.handle is None:
                return library.reason
            if self.rounds and not multiplies_bfloat16(library.handle):
                return "this processor does not multiply bfloat16"
            return ""
        if self.kind == "graph" and importlib.util.find_spec("mindspore") is None:
            return "MindSpore is not installed"
        return ""


NATIVE = Implementation("native")
NATIVE_FP16 = Implementation("native", "fp16")
NATIVE_BF16 = Implementation("native", "fp16", rounds=True)
NATIVE_INT8 = Implementation("native", "int8")
HOST = Implementation("host")
GRAPH = Implementation("graph")
