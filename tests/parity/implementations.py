"""The ways in which this project computes a network, and which of them this machine has."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Literal, get_args

from GPT_SoVITS.native.decoder import Precision
from GPT_SoVITS.native.library import load

Kind = Literal["native", "host", "graph"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Implementation:
    """One way of computing a network.

    Attributes:
        kind: ``native`` for C++ kernels, ``host`` for numpy alone, ``graph`` for MindSpore.
        precision: How weights are held; sums are float32 always.
    """

    kind: Kind
    precision: Precision = "fp32"

    def __str__(self) -> str:
        return f"native {self.precision}" if self.kind == "native" else self.kind

    @property
    def missing(self) -> str:
        """Why this machine cannot run it; empty when it can."""
        if self.kind == "native":
            library = load()
            return library.reason if library.handle is None else ""
        if self.kind == "graph" and importlib.util.find_spec("mindspore") is None:
            return "MindSpore is not installed"
        return ""


NATIVE = Implementation("native")
NATIVE_FP16 = Implementation("native", "fp16")
NATIVE_INT8 = Implementation("native", "int8")
HOST = Implementation("host")
GRAPH = Implementation("graph")
